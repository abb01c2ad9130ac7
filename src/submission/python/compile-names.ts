/**
 * Names: where they are found, and where they are bound.
 */
import type { Compiler, Expression, Frame, Store } from './machine.js';

export function loadName(c: Compiler, name: string): Expression {
  const { machine } = c;
  const place = c.scope.place(name);
  switch (place.kind) {
    case 'local': {
      const { slot } = place;
      return (frame) => {
        const value = frame.slots[slot];
        return value === undefined ? machine.unbound(name, true, frame.module) : value;
      };
    }
    case 'outer': {
      const { slot, depth } = place;
      const inClass = c.scope.kind === 'class';
      return (frame) => {
        const own = inClass ? frame.names?.get(name) : undefined;
        if (own !== undefined) return own;
        const value = above(frame, depth).slots[slot];
        return value === undefined ? machine.unbound(name, true, frame.module) : value;
      };
    }
    case 'class':
      return (frame) => {
        const value = frame.names?.get(name);
        return value === undefined ? machine.lookUp(frame.module, name) : value;
      };
    case 'module':
      return (frame) => {
        const value = frame.module.names.get(name);
        return value === undefined ? machine.lookUp(frame.module, name) : value;
      };
  }
}

export function storeName(c: Compiler, name: string): Store {
  // A walrus inside a comprehension binds a name of the code around it.
  let depth = 0;
  let scope = c.scope;
  if (scope.place(name).kind !== 'local') {
    while (scope.kind === 'comprehension' && scope.parent !== null) {
      scope = scope.parent;
      depth++;
    }
  }
  const place = scope.place(name);
  switch (place.kind) {
    case 'local': {
      const { slot } = place;
      if (depth === 0) {
        return (frame, value) => {
          frame.slots[slot] = value;
        };
      }
      return (frame, value) => {
        above(frame, depth).slots[slot] = value;
      };
    }
    case 'outer': {
      if (scope.kind === 'class') {
        return (frame, value) => void above(frame, depth).names?.set(name, value);
      }
      const { slot } = place;
      const up = depth + place.depth;
      return (frame, value) => {
        above(frame, up).slots[slot] = value;
      };
    }
    case 'class':
      return (frame, value) => void above(frame, depth).names?.set(name, value);
    case 'module':
      return (frame, value) => void frame.module.names.set(name, value);
  }
}

function above(frame: Frame, depth: number): Frame {
  let at = frame;
  for (let i = 0; i < depth; i++) at = at.parent!;
  return at;
}
