/**
 * What statements that are not run would have changed is not known after them.
 */
import type { PyNode } from '../source/nodes.js';
import { Raised } from './failures.js';
import type { Compiler, Forget } from './machine.js';
import { boundNames } from './scope.js';

/** Methods that change what they are called on. */
const CHANGING =
  /^(?:append|appendleft|extend|insert|add|update|pop|popleft|popitem|remove|discard|clear|setdefault|sort|reverse|[a-z]\w*[a-z\d]_)$/;

export function compileForget(c: Compiler, node: PyNode): Forget {
  const { source } = c.module;
  const { machine } = c;
  const forgets: Forget[] = [];
  let returns = false;
  for (const name of boundNames(source, node).names) {
    const store = c.storeName(name);
    forgets.push((frame, unknown) => store(frame, unknown));
  }
  for (let i = node.index; i < node.end; i++) {
    const at = source.nodes[i]!;
    if (/^(?:FunctionDefinition|ClassDefinition|LambdaExpression)$/.test(at.type)) {
      i = at.end - 1;
      continue;
    }
    returns ||= at.type === 'ReturnStatement';
    if (at.type !== 'MemberExpression' || !isChanged(c, at)) continue;
    const forget = forgetMember(c, at);
    if (forget !== null) forgets.push(forget);
  }
  return (frame, unknown) => {
    if (returns) machine.skippedReturn = true;
    for (const forget of forgets) forget(frame, unknown);
  };
}

/** It is assigned to, or a method of it changes it. */
function isChanged(c: Compiler, node: PyNode): boolean {
  const { parent } = node;
  if (parent === null) return false;
  if (parent.type === 'CallExpression' && parent.children[0] === node) {
    const name = node.children[2];
    return name?.type === 'PropertyName' && CHANGING.test(c.text(name));
  }
  let top = node;
  while (top.parent !== null && /^(?:Tuple|Array)Expression$/.test(top.parent.type))
    top = top.parent;
  const owner = top.parent;
  if (owner === null) return false;
  const at = owner.children.indexOf(top);
  if (owner.type === 'UpdateStatement') return at === 0;
  if (owner.type === 'DeleteStatement') return true;
  if (owner.type === 'ForStatement') {
    return at < owner.children.findIndex(({ type }) => type === 'in');
  }
  const last = owner.children.findLastIndex(({ type }) => type === 'AssignOp');
  return owner.type === 'AssignStatement' && at < last;
}

function forgetMember(c: Compiler, node: PyNode): Forget | null {
  const object = node.children[0]!;
  const calls = node.parent?.type === 'CallExpression' && node.parent.children[0] === node;
  if (calls || node.children[1]?.type !== '.') return forgetObject(c, object);
  return forgetAttribute(c, node);
}

/** A name or attribute whose value is changed. */
function forgetObject(c: Compiler, node: PyNode): Forget | null {
  if (node.type === 'VariableName') {
    const store = c.storeName(c.text(node));
    return (frame, unknown) => store(frame, unknown);
  }
  if (node.type !== 'MemberExpression') return null;
  return node.children[1]?.type === '.'
    ? forgetAttribute(c, node)
    : forgetObject(c, node.children[0]!);
}

function forgetAttribute(c: Compiler, node: PyNode): Forget | null {
  const { machine } = c;
  const [object, , name] = node.children;
  if (name?.type !== 'PropertyName' || !isDotted(object!)) return null;
  const [owner, attribute] = [c.expression(object!), c.text(name)];
  return (frame, unknown) => {
    try {
      machine.setAttribute(owner(frame), attribute, unknown);
    } catch (failure) {
      // An object that is not there has nothing to forget.
      if (!(failure instanceof Raised)) throw failure;
    }
  };
}

function isDotted(node: PyNode): boolean {
  if (node.type === 'VariableName') return true;
  return (
    node.type === 'MemberExpression' &&
    node.children[1]?.type === '.' &&
    isDotted(node.children[0]!)
  );
}
