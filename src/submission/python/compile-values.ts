/**
 * Literals, names, containers, attributes and items.
 */
import type { PyNode } from '../source/nodes.js';
import { lengthOf, pointsOf } from './code-points.js';
import { mark } from './compile-stated.js';
import type { Compiler, Expression } from './machine.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList, PySlice, PyTuple, spanOf, taken } from './object-sequences.js';
import { Unknown, type Value } from './values.js';

function numberOf(text: string): number | null {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain.endsWith('j')) return null;
  return Number(plain);
}

export function compileNumber(c: Compiler, node: PyNode): Expression {
  const value = numberOf(c.text(node));
  if (value === null || Number.isNaN(value)) return c.unfollowed(node, 'a complex number');
  // An integer that no double has, such as the multipliers of hash functions.
  const digits = c.text(node).replaceAll('_', '');
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^(?:\d+|0[xob][\da-f]+)$/i.test(digits)) {
    if (digits.length > 400 || BigInt(digits) !== BigInt(value)) {
      return c.unfollowed(node, 'an integer that is too large');
    }
  }
  return () => value;
}

/** A container's parts: `*x` spreads. */
interface Part {
  readonly spread: boolean;
  readonly value: Expression;
}

function partsOf(c: Compiler, nodes: readonly PyNode[]): Part[] {
  const parts: Part[] = [];
  let spread = false;
  for (const node of nodes) {
    if (node.type === '*') spread = true;
    else if (!/^(?:,|[()[\]{}]|⚠)$/.test(node.type)) {
      parts.push({ spread, value: c.expression(node) });
      spread = false;
    }
  }
  return parts;
}

/** Values of parts; the unknown one where what is spread is not known. */
function filled(
  c: Compiler,
  parts: readonly Part[],
): (frame: Parameters<Expression>[0]) => Value[] | Unknown {
  const { machine } = c;
  const values = parts.map(({ value }) => value);
  const count = values.length;
  if (parts.every(({ spread }) => !spread)) {
    return (frame) => {
      machine.allocate(count + 16);
      const items: Value[] = new Array(count);
      for (let i = 0; i < count; i++) items[i] = values[i]!(frame);
      return items;
    };
  }
  return (frame) => {
    const items: Value[] = [];
    for (const { spread, value } of parts) {
      const item = value(frame);
      if (!spread) items.push(item);
      else if (item instanceof Unknown) return new Unknown(item.stop);
      else {
        for (const each of machine.iterate(item)) {
          machine.spend(1);
          machine.allocate(1);
          items.push(each);
        }
      }
    }
    return items;
  };
}

export function compileTuple(c: Compiler, nodes: readonly PyNode[]): Expression {
  const fill = filled(c, partsOf(c, nodes));
  return (frame) => {
    const items = fill(frame);
    return items instanceof Unknown ? items : new PyTuple(items);
  };
}

export function compileList(c: Compiler, node: PyNode): Expression {
  const fill = filled(c, partsOf(c, node.children));
  return (frame) => {
    const items = fill(frame);
    return items instanceof Unknown ? items : new PyList(items);
  };
}

export function compileSet(c: Compiler, node: PyNode): Expression {
  const fill = filled(c, partsOf(c, node.children));
  return (frame) => {
    const items = fill(frame);
    return items instanceof Unknown ? items : new PySet().addAll(items, c.machine);
  };
}

export function compileDict(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const kids = node.children.filter(({ type }) => !/^(?:,|[{}]|⚠)$/.test(type));
  const entries: { key: Expression | null; value: Expression }[] = [];
  for (let i = 0; i < kids.length; i++) {
    if (kids[i]!.type === '**' && kids[i + 1] !== undefined) {
      entries.push({ key: null, value: c.expression(kids[++i]!) });
    } else if (kids[i + 1]?.type === ':' && kids[i + 2] !== undefined) {
      const value = kids[i + 2]!;
      if (kids[i]!.type === 'String') mark(c, value, [c.text(kids[i]!).slice(1, -1)]);
      entries.push({ key: c.expression(kids[i]!), value: c.expression(value) });
      i += 2;
    } else if (kids[i]!.type !== ':')
      return c.unfollowed(node, 'a dictionary that is not complete');
  }
  return (frame) => {
    machine.allocate(40);
    const dict = new PyDict();
    for (const { key, value } of entries) {
      if (key === null) {
        const other = value(frame);
        if (other instanceof PyDict) dict.absorb(other, machine);
        else if (other instanceof Unknown) dict.blurred = other;
        continue;
      }
      const name = key(frame);
      dict.set(name, value(frame), machine);
    }
    return dict;
  };
}

export function compileMember(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const [object, mark, name] = node.children;
  if (object === undefined || mark === undefined) {
    return c.unfollowed(node, 'an expression that is not complete');
  }
  const value = c.expression(object);
  if (mark.type === '.') {
    if (name?.type !== 'PropertyName') return c.unfollowed(node, 'an attribute without a name');
    const attribute = c.text(name);
    return (frame) => machine.attribute(value(frame), attribute);
  }
  const index = compileIndex(c, node);
  return (frame) => machine.item(value(frame), index(frame));
}

/** What stands between brackets: an index, a slice, or a tuple of them. */
export function compileIndex(c: Compiler, node: PyNode): Expression {
  const inner = node.children.slice(2, node.children.at(-1)?.type === ']' ? -1 : undefined);
  const groups: PyNode[][] = [[]];
  for (const kid of inner) {
    if (kid.type === ',') groups.push([]);
    else if (kid.type !== '⚠') groups.at(-1)!.push(kid);
  }
  const tuple = groups.length > 1;
  if (groups.at(-1)!.length === 0) groups.pop();
  const parts = groups.map((group) => compileSlice(c, group));
  if (!tuple) return parts[0] ?? c.unfollowed(node, 'an index that is missing');
  return (frame) => new PyTuple(parts.map((part) => part(frame)));
}

function compileSlice(c: Compiler, group: readonly PyNode[]): Expression {
  if (!group.some(({ type }) => type === ':')) {
    return group[0]?.type === '*' ? c.parts(group) : c.expression(group[0]!);
  }
  const bounds: (Expression | null)[] = [null, null, null];
  let at = 0;
  for (const kid of group) {
    if (kid.type === ':') at++;
    else bounds[Math.min(at, 2)] = c.expression(kid);
  }
  const [start, stop, step] = bounds as [Expression | null, Expression | null, Expression | null];
  return (frame) =>
    new PySlice(
      start === null ? null : start(frame),
      stop === null ? null : stop(frame),
      step === null ? null : step(frame),
    );
}

/** `text[index]`, by code points. */
export function textItem(text: string, index: Value, c: Compiler['machine']): Value {
  if (index instanceof Unknown) return new Unknown(index.stop);
  c.spend(text.length / 256);
  const points = pointsOf(text);
  if (index instanceof PySlice) {
    const span = spanOf(index, points.length, c);
    if (span === null) return c.unknown('bounds of a slice that are not known');
    if (span.step === 1) {
      const part = points.slice(span.start, span.start + span.count);
      return typeof part === 'string' ? part : part.join('');
    }
    return taken(points, span).join('');
  }
  if (typeof index !== 'number' && typeof index !== 'boolean') {
    return c.raise('TypeError', 'string indices must be integers');
  }
  const place = Number(index);
  const point = points[place < 0 ? place + lengthOf(text) : place];
  return point ?? c.raise('IndexError', 'string index out of range');
}
