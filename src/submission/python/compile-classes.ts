/**
 * Classes and decorators.
 */
import type { PyNode } from '../source/nodes.js';
import { compileDefinition } from './compile-functions.js';
import { type Compiler, type Execution, type Expression, Frame, NORMAL } from './machine.js';
import { PyClass } from './object-classes.js';
import { Descriptor, NativeMethod } from './object-descriptors.js';
import { PyFunction } from './object-functions.js';
import { PyDict } from './object-mappings.js';
import { boundNames, Scope } from './scope.js';
import { Unknown, type Value } from './values.js';

function compileClass(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const kids = node.children;
  const named = kids.find(({ type }) => type === 'VariableName');
  const body = kids.find(({ type }) => type === 'Body');
  if (named === undefined || body === undefined) {
    return c.unfollowed(node, 'a class that is not complete');
  }
  const name = c.text(named);
  const bases = basesOf(
    c,
    kids.find(({ type }) => type === 'ArgList'),
  );
  const scope = new Scope('class', c.scope);
  scope.declareModule(boundNames(c.module.source, body).module);
  const inner = c.inside(scope);
  const run = inner.block(body);
  const annotated = annotatedNames(c, body);
  return (frame) => {
    const parents = bases.map((base) => base(frame));
    const names = new Map<string, Value>();
    machine.allocate(64);
    const inside = new Frame(new Array(scope.slots.size), frame, frame.module, null, names);
    machine.entered(name);
    try {
      run(inside);
    } finally {
      machine.leftFunction();
    }
    const annotations = new PyDict();
    for (const each of annotated) annotations.set(each, null, machine);
    if (annotated.length > 0) names.set('__annotations__', annotations);
    const made = new PyClass(name, parents, names);
    for (const value of names.values()) own(value, made);
    for (const [attribute, value] of names) {
      if (value instanceof Descriptor || !hasSetName(value)) continue;
      machine.method(value, '__set_name__', [made, attribute], new Map());
    }
    for (const ancestor of made.order.slice(1)) {
      const hook = ancestor.namespace.get('__init_subclass__');
      if (hook === undefined) continue;
      const callee = hook instanceof Descriptor ? hook.callee : hook;
      machine.call(callee, [made]);
      break;
    }
    return made;
  };
}

function hasSetName(value: Value): boolean {
  return value instanceof NativeMethod && value.name === '__set_name__';
}

/** Functions of the body know their class, for `super()`. */
function own(value: Value, owner: PyClass): void {
  if (value instanceof PyFunction) value.owner ??= owner;
  else if (value instanceof Descriptor) {
    own(value.callee, owner);
    own(value.setter, owner);
  }
}

function basesOf(c: Compiler, list: PyNode | undefined): Expression[] {
  const groups: PyNode[][] = [[]];
  for (const kid of list?.children ?? []) {
    if (kid.type === ',') groups.push([]);
    else if (!/^(?:[()]|⚠)$/.test(kid.type)) groups.at(-1)!.push(kid);
  }
  return groups.flatMap((group) => {
    const plain = group.length === 1 && group[0]!.type !== '*';
    return plain ? [c.expression(group[0]!)] : [];
  });
}

/** Names with an annotation, in order: the fields of a dataclass. */
function annotatedNames(c: Compiler, body: PyNode): string[] {
  return body.children.flatMap((statement): string[] => {
    const [target, annotation] = statement.children;
    const field =
      statement.type === 'AssignStatement' &&
      target?.type === 'VariableName' &&
      annotation?.type === 'TypeDef' &&
      !/^:\s*(?:typing\.)?ClassVar\b/.test(c.text(annotation));
    return field ? [c.text(target)] : [];
  });
}

/** `def` and `class`, with their decorators. */
export function compileNamed(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const decorated = node.type === 'DecoratedStatement';
  const definition = decorated
    ? node.children.find(({ type }) => /^(?:Function|Class)Definition$/.test(type))
    : node;
  const named = definition?.children.find(({ type }) => type === 'VariableName');
  if (definition === undefined || named === undefined) {
    const unfollowed = c.unfollowed(node, 'a definition that is not complete');
    return (frame) => {
      unfollowed(frame);
      return NORMAL;
    };
  }
  const make =
    definition.type === 'ClassDefinition'
      ? compileClass(c, definition)
      : compileDefinition(c, definition);
  const store = c.storeName(c.text(named));
  const decorators = decorated
    ? node.children
        .filter(({ type }) => type === 'Decorator')
        .map((each) => compileDecorator(c, each))
    : [];
  return (frame) => {
    const chosen = decorators.map((decorator) => decorator(frame));
    let value = make(frame);
    for (const decorator of chosen.reverse()) {
      // What is not known is taken to leave what it decorates as it is.
      const result = decorator instanceof Unknown ? decorator : machine.call(decorator, [value]);
      if (!(result instanceof Unknown)) value = result;
      else if (value instanceof PyFunction) value.decorator ??= result;
    }
    store(frame, value);
    return NORMAL;
  };
}

function compileDecorator(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const kids = node.children.filter(({ type }) => type !== 'At' && type !== '⚠');
  const list = kids.find(({ type }) => type === 'ArgList');
  const names = kids.filter(({ type }) => /^(?:VariableName|PropertyName)$/.test(type));
  if (names.length === 0) return kids.length > 0 ? c.parts(kids) : () => null;
  const load = c.name(c.text(names[0]!));
  const attributes = names.slice(1).map((each) => c.text(each));
  const value: Expression = (frame) =>
    attributes.reduce((owner, name) => machine.attribute(owner, name), load(frame));
  return list === undefined ? value : c.callWith(value, list);
}
