/**
 * Which names are local to a function, comprehension or class body, and where others are found.
 */
import type { PyNode, PySource } from '../source/nodes.js';

type Place =
  | { readonly kind: 'local'; readonly slot: number }
  /** In a frame around, so many steps up. */
  | { readonly kind: 'outer'; readonly depth: number; readonly slot: number }
  /** A name of the class body, else one of the module. */
  | { readonly kind: 'class' }
  | { readonly kind: 'module' };

export class Scope {
  readonly slots = new Map<string, number>();
  readonly #module = new Set<string>();
  readonly #outer = new Set<string>();

  constructor(
    readonly kind: 'module' | 'class' | 'function' | 'comprehension',
    readonly parent: Scope | null,
  ) {}
  declare(name: string): void {
    if (!this.slots.has(name)) this.slots.set(name, this.slots.size);
  }
  /** A number for a value that has no name in the text. */
  hidden(): number {
    const slot = this.slots.size;
    this.slots.set(` ${slot}`, slot);
    return slot;
  }
  /** Takes the names that a function body binds. */
  bindAll(source: PySource, node: PyNode): void {
    const bound = boundNames(source, node);
    for (const name of bound.module) this.#module.add(name);
    for (const name of bound.outer) this.#outer.add(name);
    for (const name of bound.names) {
      if (!this.#module.has(name) && !this.#outer.has(name)) this.declare(name);
    }
  }
  /** Takes the names of a class body or module that are said to be those of the module. */
  declareModule(names: Iterable<string>): void {
    for (const name of names) this.#module.add(name);
  }
  place(name: string): Place {
    if (this.#module.has(name)) return { kind: 'module' };
    const own = this.slots.get(name);
    if (own !== undefined && !this.#outer.has(name)) return { kind: 'local', slot: own };
    if (this.kind === 'class') {
      const around = this.#around(name);
      return around?.kind === 'outer' ? around : { kind: 'class' };
    }
    return this.#around(name) ?? { kind: 'module' };
  }
  #around(name: string): Place | null {
    let depth = 1;
    for (let scope = this.parent; scope !== null; scope = scope.parent, depth++) {
      if (scope.kind === 'class') continue;
      if (scope.#module.has(name)) return { kind: 'module' };
      const slot = scope.slots.get(name);
      if (slot !== undefined) return { kind: 'outer', depth, slot };
    }
    return null;
  }
}

interface Bound {
  readonly names: Set<string>;
  readonly module: Set<string>;
  readonly outer: Set<string>;
}

/** Names that the statements of a body bind, those of nested functions and classes left out. */
export function boundNames(source: PySource, body: PyNode): Bound {
  const bound: Bound = { names: new Set(), module: new Set(), outer: new Set() };
  const name = (node: PyNode) => bound.names.add(source.text.slice(node.from, node.to));
  const last = body.end;
  for (let i = body.index; i < last; i++) {
    const node = source.nodes[i]!;
    const kids = node.children;
    switch (node.type) {
      case 'FunctionDefinition':
      case 'ClassDefinition': {
        const named = kids.find(({ type }) => type === 'VariableName');
        if (named !== undefined) name(named);
        i = node.end - 1;
        break;
      }
      case 'LambdaExpression':
        i = node.end - 1;
        break;
      case 'NamedExpression':
        targetNames(kids[0], name);
        break;
      case 'AssignOp':
        if (source.text.startsWith(':=', node.from)) {
          const siblings = node.parent?.children ?? [];
          targetNames(siblings[siblings.indexOf(node) - 1], name);
        }
        break;
      case 'AssignStatement': {
        const end = kids.findLastIndex(({ type }) => type === 'AssignOp');
        for (const kid of kids.slice(0, end < 0 ? 1 : end)) targetNames(kid, name);
        break;
      }
      case 'UpdateStatement':
        targetNames(kids[0], name);
        break;
      case 'ForStatement':
        for (const kid of loopTargets(kids, 0)) targetNames(kid, name);
        break;
      case 'DeleteStatement':
        for (const kid of kids) targetNames(kid, name);
        break;
      case 'WithStatement':
      case 'TryStatement':
        for (const [at, kid] of kids.entries()) {
          if (kid.type === 'as') targetNames(kids[at + 1], name);
        }
        break;
      case 'ImportStatement':
        importedNames(source, node).forEach((each) => void bound.names.add(each.as));
        break;
      case 'ScopeStatement': {
        const set = kids[0]?.type === 'global' ? bound.module : bound.outer;
        for (const kid of kids.slice(1)) {
          if (kid.type === 'VariableName') set.add(source.text.slice(kid.from, kid.to));
        }
        break;
      }
      case 'CapturePattern':
        targetNames(kids[0], name);
        break;
      case 'AsPattern':
        targetNames(kids.at(-1), name);
        break;
    }
  }
  return bound;
}

/** Targets between `for` and `in`. */
export function loopTargets(kids: readonly PyNode[], from: number): PyNode[] {
  const start = kids.findIndex(({ type }, i) => i >= from && type === 'for');
  const end = kids.findIndex(({ type }, i) => i > start && type === 'in');
  return kids.slice(start + 1, end < 0 ? start + 1 : end).filter(({ type }) => type !== ',');
}

function targetNames(node: PyNode | undefined, found: (node: PyNode) => void): void {
  const queue = node === undefined ? [] : [node];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next.type === 'VariableName') found(next);
    else if (/^(?:Tuple|Array|Parenthesized)Expression$/.test(next.type)) {
      queue.push(...next.children);
    }
  }
}

interface Imported {
  /** Dotted name of the module, without leading dots. */
  readonly module: string;
  /** Leading dots. */
  readonly level: number;
  /** What is taken from the module; null: the module itself; `*`: all of it. */
  readonly member: string | null;
  /** The name that it is bound to. */
  readonly as: string;
}

/** What an import statement binds. */
export function importedNames(source: PySource, node: PyNode): Imported[] {
  const text = (kid: PyNode) => source.text.slice(kid.from, kid.to);
  const kids = node.children.filter(({ type }) => !/^[()]|⚠/.test(type));
  const at = kids.findIndex(({ type }) => type === 'import');
  const from = kids[0]?.type === 'from';
  const origin = from ? kids.slice(1, at) : [];
  const named = origin.findIndex(({ type }) => type === 'VariableName');
  const dots = origin.slice(0, named < 0 ? origin.length : named).map(text);
  const module = named < 0 ? '' : origin.slice(named).map(text).join('');
  const level = dots.join('').length;
  const result: Imported[] = [];
  let part: PyNode[] = [];
  for (const kid of [...kids.slice(at + 1), null]) {
    if (kid !== null && kid.type !== ',') {
      part.push(kid);
      continue;
    }
    const as = part.findIndex(({ type }) => type === 'as');
    const plain = part.slice(0, as < 0 ? part.length : as);
    const name = plain.map(text).join('');
    const alias = as < 0 || part[as + 1] === undefined ? null : text(part[as + 1]!);
    part = [];
    if (name === '') continue;
    if (from) result.push({ module, level, member: name, as: alias ?? name });
    else result.push({ module: name, level, member: null, as: alias ?? text(plain[0]!) });
  }
  return result;
}
