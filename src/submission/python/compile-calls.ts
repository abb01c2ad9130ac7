/**
 * Calls.
 */
import type { PyNode } from '../source/nodes.js';
import { compileGenerator } from './compile-comprehensions.js';
import { isConstantNumber } from './compile-operators.js';
import { callSpread, Spread } from './compile-spread.js';
import { inSize, mark } from './compile-stated.js';
import { type Compiler, type Expression, type Frame, NO_KEYWORDS } from './machine.js';
import { PyClass, PyInstance } from './object-classes.js';
import { BoundMethod } from './object-descriptors.js';
import { PyFunction } from './object-functions.js';
import { PyDict } from './object-mappings.js';
import { PyTuple } from './object-sequences.js';
import { PySuper } from './object-super.js';
import { type Keywords, PyModule, Unknown, type Value } from './values.js';

interface Argument {
  readonly kind: 'plain' | '*' | '**' | 'keyword';
  readonly name: string;
  readonly value: Expression;
  readonly constant: boolean;
}

export function compileCall(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const [callee, list] = node.children;
  if (callee === undefined || list?.type !== 'ArgList') {
    return c.unfollowed(node, 'a call that is not complete');
  }
  if (callee.type === 'VariableName' && c.text(callee) === 'super' && list.children.length === 2) {
    return compileSuper(c);
  }
  const name = callee.type === 'MemberExpression' ? callee.children[2] : undefined;
  if (callee.children[1]?.type === '.' && name?.type === 'PropertyName') {
    const given = argumentsOf(c, list);
    const args = compilePositional(c, given);
    const keywords = compileKeywords(c, given);
    const constants = given.some(({ constant }) => constant) ? given : null;
    const [receiver, method] = [c.expression(callee.children[0]!), c.text(name)];
    return (frame) => {
      const object = receiver(frame);
      const values = args(frame);
      if (values instanceof Spread) {
        return callSpread(machine, machine.attribute(object, method), values, keywords(frame));
      }
      if (constants !== null && isSetting(object)) {
        return call(c, machine.attribute(object, method), values, keywords(frame), constants);
      }
      return machine.method(object, method, values, keywords(frame));
    };
  }
  return compileCallWith(c, c.expression(callee), list);
}

/** A call of what an expression gives. */
export function compileCallWith(c: Compiler, callee: Expression, list: PyNode): Expression {
  const given = argumentsOf(c, list);
  const args = compilePositional(c, given);
  const keywords = compileKeywords(c, given);
  const constants = given.some(({ constant }) => constant) ? given : null;
  return (frame) => {
    const object = callee(frame);
    const values = args(frame);
    if (values instanceof Spread) return callSpread(c.machine, object, values, keywords(frame));
    return call(c, object, values, keywords(frame), constants);
  };
}

/** Methods of these keep what they are given; those of arrays do not. */
const isSetting = (object: Value): boolean =>
  object instanceof PyInstance ||
  object instanceof PyModule ||
  object instanceof PyDict ||
  object instanceof PyClass;

function call(
  c: Compiler,
  callee: Value,
  args: Value[],
  keywords: Keywords,
  constants: readonly Argument[] | null,
): Value {
  if (constants === null) return c.machine.call(callee, args, keywords);
  const set = settings(c, callee, args, keywords, constants);
  return c.machine.call(callee, args, set);
}

/** Numbers that a call states for parameters, fields and keys are settings, too. */
function settings(
  c: Compiler,
  callee: Value,
  args: Value[],
  keywords: Keywords,
  constants: readonly Argument[],
): Keywords {
  let bound = 0;
  let target: Value | undefined = callee;
  if (target instanceof PyClass) {
    bound = 1;
    target = target.find('__init__');
  } else if (target instanceof BoundMethod) {
    bound = 1;
    target = target.callee;
  }
  const names =
    target instanceof PyFunction
      ? target.code.parameters.slice(bound).map(({ kind, name }) => (/^p/.test(kind) ? name : null))
      : callee instanceof PyClass
        ? fieldsOf(callee)
        : [];
  const result = new Map(keywords);
  for (const [i, { constant, kind, name }] of constants.entries()) {
    if (!constant) continue;
    if (kind === 'keyword') result.set(name, c.machine.setting(name, result.get(name) ?? null));
    else if (constants.slice(0, i).every((each) => each.kind === 'plain')) {
      // `env("SEQ_LEN", 1024)`, `setattr(args, "seq_len", 1024)`
      const key = args[i - 1];
      const own = [names[i], key].filter((each) => typeof each === 'string');
      args[i] = inSize(c.machine, own, args[i]!);
    }
  }
  return result;
}

/** Fields of a class whose instances are made of them, as of a dataclass or a named tuple. */
function fieldsOf(cls: PyClass): Value[] {
  const fields = cls.find('_fields');
  if (fields instanceof PyTuple) return [...fields.items];
  const annotations = cls.namespace.get('__annotations__');
  return annotations instanceof PyDict ? [...annotations.keys()] : [];
}

function argumentsOf(c: Compiler, list: PyNode): Argument[] {
  const kids = list.children.filter(({ type }) => !/^(?:[()]|⚠)$/.test(type));
  // A generator that is the only argument has commas of its own.
  if (kids.some(({ type }) => type === 'for')) return [argument(c, kids, list)];
  const result: Argument[] = [];
  let group: PyNode[] = [];
  for (const kid of [...kids, null]) {
    if (kid !== null && kid.type !== ',') {
      group.push(kid);
      continue;
    }
    if (group.length > 0) result.push(argument(c, group, list));
    group = [];
  }
  return result;
}

function argument(c: Compiler, group: readonly PyNode[], list: PyNode): Argument {
  const [first, second, third] = group;
  const kind = first!.type === '*' || first!.type === '**' ? (first!.type as '*' | '**') : 'plain';
  if (kind !== 'plain') {
    const value =
      second === undefined
        ? c.unfollowed(list, 'a call that is not complete')
        : c.expression(second);
    return { kind, name: '', value, constant: false };
  }
  if (group.some(({ type }) => type === 'for')) {
    return { kind, name: '', value: compileGenerator(c, group, list), constant: false };
  }
  if (second?.type === 'AssignOp' && third !== undefined) {
    const name = c.text(first!);
    const binds = c.text(second) === ':=';
    if (binds) mark(c, third, [name]);
    const value = c.expression(third);
    if (binds) {
      const store = c.storeName(name);
      const bound: Expression = (frame) => {
        const result = value(frame);
        store(frame, result);
        return result;
      };
      return { kind: 'plain', name: '', value: bound, constant: false };
    }
    return { kind: 'keyword', name, value, constant: isConstantNumber(third) };
  }
  return { kind, name: '', value: c.expression(first!), constant: isConstantNumber(first) };
}

function compilePositional(
  c: Compiler,
  given: readonly Argument[],
): (frame: Frame) => Value[] | Spread {
  const { machine } = c;
  const plain = given.filter(({ kind }) => kind === 'plain' || kind === '*');
  const values = plain.map(({ value }) => value);
  const count = values.length;
  if (plain.every(({ kind }) => kind === 'plain')) {
    if (count === 1) return (frame) => [values[0]!(frame)];
    return (frame) => {
      const args: Value[] = new Array(count);
      for (let i = 0; i < count; i++) args[i] = values[i]!(frame);
      return args;
    };
  }
  return (frame) => {
    const args: Value[] = [];
    for (const { kind, value } of plain) {
      const item = value(frame);
      if (kind === 'plain') args.push(item);
      else if (item instanceof Unknown) return new Spread(args, item);
      else {
        for (const each of machine.iterate(item)) {
          machine.spend(1);
          machine.allocate(1);
          args.push(each);
        }
      }
    }
    return args;
  };
}

function compileKeywords(c: Compiler, given: readonly Argument[]): (frame: Frame) => Keywords {
  const named = given.filter(({ kind }) => kind === 'keyword' || kind === '**');
  if (named.length === 0) return () => NO_KEYWORDS;
  return (frame) => {
    const keywords = new Map<string, Value>();
    for (const { kind, name, value } of named) {
      const item = value(frame);
      if (kind === 'keyword') keywords.set(name, item);
      else if (item instanceof PyDict) {
        for (const [key, each] of item.entries.values()) keywords.set(String(key), each);
      }
    }
    c.machine.spend(keywords.size);
    return keywords;
  };
}

/** `super()` of the function around, whose first argument is the instance. */
function compileSuper(c: Compiler): Expression {
  const { machine } = c;
  return (frame) => {
    for (let at: Frame | null = frame; at !== null; at = at.parent) {
      const owner = at.running?.owner;
      if (owner == null) continue;
      return new PySuper(owner, at.slots[0] ?? null);
    }
    return machine.raise('RuntimeError', 'super(): no arguments');
  };
}
