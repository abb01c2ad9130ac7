/**
 * Statements without a body.
 */
import type { PyNode } from '../source/nodes.js';
import { afterDoubt } from './compile-branches.js';
import { targetOf } from './compile-comprehensions.js';
import { markAssigned } from './compile-stated.js';
import { compileIndex } from './compile-values.js';
import { Raised } from './failures.js';
import {
  BREAK,
  CONTINUE,
  type Compiler,
  type Execution,
  type Expression,
  NORMAL,
  RETURN,
  type Store,
} from './machine.js';
import { PyClass, PyInstance } from './object-classes.js';
import { PyDict } from './object-mappings.js';
import { integerOf, PyList, PySlice, spanOf } from './object-sequences.js';
import { importedNames } from './scope.js';
import { PyObject, type Value } from './values.js';

/** The parts of `a = b = c`: groups between the signs, the annotation left out. */
function assignmentOf(node: PyNode): PyNode[][] {
  const groups: PyNode[][] = [[]];
  for (const kid of node.children) {
    if (kid.type === 'AssignOp') groups.push([]);
    else if (kid.type !== 'TypeDef' && kid.type !== '⚠') groups.at(-1)!.push(kid);
  }
  return groups;
}

/** The stores of all targets of an assignment. */
export function compileTargets(c: Compiler, node: PyNode): Store {
  const groups = assignmentOf(node);
  const stores = groups.slice(0, -1).map((group) => targetOf(c, group));
  if (stores.length === 1) return stores[0]!;
  return (frame, value) => {
    for (const store of stores) store(frame, value);
  };
}

function compileAssign(c: Compiler, node: PyNode): Execution {
  const groups = assignmentOf(node);
  // `x: int` binds nothing.
  if (groups.length < 2) return () => NORMAL;
  markAssigned(c, groups);
  const value = c.parts(groups.at(-1)!);
  const store = compileTargets(c, node);
  return (frame) => {
    store(frame, value(frame));
    return NORMAL;
  };
}

function compileUpdate(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const [target, sign, ...rest] = node.children;
  if (target === undefined || sign?.type !== 'UpdateOp') {
    return failing(c, node, 'an assignment that is not complete');
  }
  const operator = c.text(sign).slice(0, -1);
  const value = c.parts(rest);
  if (target.type !== 'MemberExpression') {
    const [load, store] = [c.expression(target), c.target(target)];
    return (frame) => {
      store(frame, machine.update(operator, load(frame), value(frame)));
      return NORMAL;
    };
  }
  const object = c.expression(target.children[0]!);
  if (target.children[1]?.type === '.') {
    const name = c.text(target.children[2]!);
    return (frame) => {
      const owner = object(frame);
      const result = machine.update(operator, machine.attribute(owner, name), value(frame));
      machine.setAttribute(owner, name, result);
      return NORMAL;
    };
  }
  const index = compileIndex(c, target);
  return (frame) => {
    const owner = object(frame);
    const at = index(frame);
    machine.setItem(owner, at, machine.update(operator, machine.item(owner, at), value(frame)));
    return NORMAL;
  };
}

export function failing(c: Compiler, node: PyNode, reason: string): Execution {
  const unfollowed = c.unfollowed(node, reason);
  return (frame) => {
    unfollowed(frame);
    return NORMAL;
  };
}

function compileExpressionStatement(c: Compiler, node: PyNode): Execution {
  const value = c.parts(node.children);
  return (frame) => {
    value(frame);
    return NORMAL;
  };
}

function compileReturn(c: Compiler, node: PyNode): Execution {
  const parts = node.children.slice(1);
  const value: Expression = parts.length === 0 ? () => null : c.parts(parts);
  return (frame) => {
    frame.result = value(frame);
    return RETURN;
  };
}

function compileRaise(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const raised = node.children[1];
  const value = raised === undefined ? null : c.expression(raised);
  return (frame) => {
    if (value === null) {
      const current = machine.handled;
      if (current instanceof PyObject) throw new Raised(current, machine.here());
      return machine.raise('RuntimeError', 'No active exception to reraise');
    }
    const given = value(frame);
    const exception = given instanceof PyClass ? machine.call(given, []) : given;
    if (exception instanceof PyInstance) throw new Raised(exception, machine.here());
    // An exception of a library that is not modelled.
    return machine.raise('Exception', 'an exception that is not known');
  };
}

function compileAssert(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const [, test, , message] = node.children;
  if (test === undefined) return () => NORMAL;
  const condition = c.condition(test);
  const text: Expression = message === undefined ? () => null : c.expression(message);
  const doubtful = afterDoubt(c, node);
  return (frame) => {
    const truth = condition(frame);
    if (truth === null) doubtful(frame);
    if (truth === false) {
      machine.raise('AssertionError', machine.text(text(frame)) ?? '');
    }
    return NORMAL;
  };
}

function compileDelete(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const removals = node.children.slice(1).flatMap((kid): Execution[] => {
    if (kid.type === 'VariableName') {
      const place = c.scope.place(c.text(kid));
      const name = c.text(kid);
      return [
        (frame) => {
          if (place.kind === 'local') frame.slots[place.slot] = undefined;
          else if (place.kind === 'class') frame.names?.delete(name);
          else if (place.kind === 'module') frame.module.names.delete(name);
          return NORMAL;
        },
      ];
    }
    if (kid.type !== 'MemberExpression') return [];
    const object = c.expression(kid.children[0]!);
    if (kid.children[1]?.type === '.') {
      const name = c.text(kid.children[2]!);
      return [
        (frame) => {
          const owner = object(frame);
          if (owner instanceof PyInstance) owner.attributes.delete(name);
          return NORMAL;
        },
      ];
    }
    const index = compileIndex(c, kid);
    return [
      (frame) => {
        removeItem(machine, object(frame), index(frame));
        return NORMAL;
      },
    ];
  });
  return (frame) => {
    for (const remove of removals) remove(frame);
    return NORMAL;
  };
}

function removeItem(machine: Compiler['machine'], owner: Value, index: Value): void {
  if (owner instanceof PyDict) {
    if (owner.delete(index, machine) === undefined && owner.blurred === null) {
      machine.raise('KeyError', machine.text(index, true) ?? '', index);
    }
  } else if (owner instanceof PyList) {
    machine.spend(owner.items.length);
    if (index instanceof PySlice) {
      const span = spanOf(index, owner.items.length, machine);
      if (span === null) machine.raise('TypeError', 'a slice that is not known');
      else if (span.step === 1) owner.items.splice(span.start, span.count);
      else {
        const gone = new Set(
          Array.from({ length: span.count }, (_, i) => span.start + i * span.step),
        );
        const kept = owner.items.filter((_, i) => !gone.has(i));
        owner.items.splice(0, owner.items.length, ...kept);
      }
      return;
    }
    const place = integerOf(index, machine) ?? 0;
    const at = place < 0 ? place + owner.items.length : place;
    if (at < 0 || at >= owner.items.length) machine.raise('IndexError', 'list index out of range');
    owner.items.splice(at, 1);
  } else if (owner instanceof PyInstance) {
    const method = owner.cls.find('__delitem__');
    if (method !== undefined) machine.call(method, [owner, index]);
  }
}

function compileImport(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const bindings = importedNames(c.module.source, node).map((each) => ({
    ...each,
    store: each.member === '*' ? null : c.storeName(each.as),
  }));
  return (frame) => {
    for (const { module, level, member, as, store } of bindings) {
      const found = machine.importModule(module, level);
      if (member === null) {
        // `import a.b` binds `a`.
        const top = module.split('.')[0]!;
        store!(frame, as === top && top !== module ? machine.importModule(top, level) : found);
      } else if (store !== null) {
        store(frame, memberOf(c, found, module, level, member));
      } else {
        for (const [name, value] of machine.exportsOf(found)) frame.module.names.set(name, value);
      }
    }
    return NORMAL;
  };
}

/** `from module import member`, which may be a module of its own. */
function memberOf(c: Compiler, found: Value, module: string, level: number, member: string): Value {
  const { machine } = c;
  const value = machine.find(found, member);
  if (value !== undefined) return value;
  const name = module === '' ? member : `${module}.${member}`;
  return machine.importModule(name, level);
}

export const SIMPLE_STATEMENTS: ReadonlyMap<string, (c: Compiler, node: PyNode) => Execution> =
  new Map<string, (c: Compiler, node: PyNode) => Execution>([
    ['AssignStatement', compileAssign],
    ['UpdateStatement', compileUpdate],
    ['ExpressionStatement', compileExpressionStatement],
    ['ReturnStatement', compileReturn],
    ['RaiseStatement', compileRaise],
    ['AssertStatement', compileAssert],
    ['DeleteStatement', compileDelete],
    ['ImportStatement', compileImport],
    ['PassStatement', () => () => NORMAL],
    ['BreakStatement', () => () => BREAK],
    ['ContinueStatement', () => () => CONTINUE],
    ['ScopeStatement', () => () => NORMAL],
    ['TypeDefinition', () => () => NORMAL],
  ]);
