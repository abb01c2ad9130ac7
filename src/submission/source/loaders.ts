/**
 * The files that a script runs or imports, as far as it names them by constants.
 */
import { bindingOf, type SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import { type Call, callOf, enclosing, type PyNode, textOf, unwrapped } from './nodes.js';

const DEPTH_MAX = 16;
/** Stands for the folder of the script, which is also taken for the working directory. */
const FOLDER = '\0';

/**
 * The path that an expression means; null where it depends on more than constants and the
 * script's own place. A path below the script's folder begins with `\0/`.
 */
function pathOf(
  facts: SourceFacts,
  node: PyNode | undefined,
  own: string,
  depth = 0,
): string | null {
  if (node === undefined || depth > DEPTH_MAX) return null;
  const inner = unwrapped(node);
  const literal = stringValue(facts.source, inner);
  if (literal !== null) return literal;
  const go = (next: PyNode | undefined) => pathOf(facts, next, own, depth + 1);
  switch (inner.type) {
    case 'VariableName': {
      const name = textOf(facts.source, inner);
      if (name === '__file__') return `${FOLDER}/${own}`;
      return go(bindingOf(facts, name, inner) ?? undefined);
    }
    case 'MemberExpression': {
      const text = textOf(facts.source, inner).replace(/\s+/g, '');
      if (text === 'sys.argv[0]') return `${FOLDER}/${own}`;
      if (text === 'sys.path[0]') return FOLDER;
      const last = inner.children.at(-1)!;
      if (inner.children[1]?.type !== '.' || last.type !== 'PropertyName') return null;
      const bound = bindingOf(facts, text, inner);
      if (bound !== null) return go(bound);
      const of = go(inner.children[0]);
      if (of === null) return null;
      const property = textOf(facts.source, last);
      if (property === 'parent') return parentOf(of);
      return property === 'name' ? of.split('/').at(-1)! : null;
    }
    case 'BinaryExpression': {
      const [left, operator, right] = inner.children;
      const sign = operator === undefined ? '' : textOf(facts.source, operator);
      if (sign !== '/' && sign !== '+') return null;
      const [a, b] = [go(left), go(right)];
      if (a === null || b === null) return null;
      return sign === '+' ? a + b : joined(a, b);
    }
    case 'CallExpression': {
      const call = callOf(facts.source, inner);
      return call === null ? null : pathOfCall(facts, call, go);
    }
    default:
      return null;
  }
}

function pathOfCall(
  facts: SourceFacts,
  call: Call,
  go: (node: PyNode | undefined) => string | null,
): string | null {
  const name = call.name === null ? '' : fullName(facts, call.name);
  const [first, second] = call.args;
  if (/^os\.getcwd$|(?:^|\.)Path\.cwd$/.test(name)) return FOLDER;
  if (/^(?:str|os\.fspath|os\.path\.(?:abspath|realpath|normpath|expanduser))$/.test(name)) {
    return go(first);
  }
  if (name === 'os.path.dirname') return parentOf(go(first));
  if (name === 'os.path.basename') return go(first)?.split('/').at(-1) ?? null;
  if (name === 'os.path.join' || /(?:^|\.)Path$/.test(name)) {
    const parts = call.args.map(go);
    if (parts.includes(null) || parts.length === 0) return parts.length === 0 ? FOLDER : null;
    return parts.reduce((a, b) => joined(a!, b!));
  }
  const of = call.receiver === null ? null : go(call.receiver);
  if (of === null) return null;
  switch (call.method) {
    case 'resolve':
    case 'absolute':
    case 'as_posix':
      return of;
    case 'with_name':
    case 'joinpath': {
      const to = go(first);
      if (to === null) return null;
      return joined(call.method === 'joinpath' ? of : (parentOf(of) ?? ''), to);
    }
    case 'with_suffix': {
      const suffix = go(first);
      return suffix === null ? null : of.replace(/\.[^./]*$/, '') + suffix;
    }
    case 'replace': {
      const [from, to] = [go(first), go(second)];
      return from === null || to === null ? null : of.replaceAll(from, () => to);
    }
    default:
      return null;
  }
}

/** A name with its first part as it was imported: `P` → `pathlib.Path`. */
function fullName(facts: SourceFacts, name: string): string {
  const [root = '', ...rest] = name.split('.');
  return [facts.aliases.get(root) ?? root, ...rest].join('.');
}

function joined(a: string, b: string): string {
  return b.startsWith('/') || b.startsWith(FOLDER) || a === '' ? b : `${a}/${b}`;
}

function parentOf(path: string | null): string | null {
  if (path === null) return null;
  if (path === FOLDER) return `${FOLDER}/..`;
  const at = path.lastIndexOf('/');
  return at === -1 ? '.' : path.slice(0, at);
}

/** The name of a file in the script's own folder; null for any other path. */
export function nameInFolder(path: string): string | null {
  const parts: string[] = [];
  const absolute = path.startsWith('/');
  for (const part of path.split('/')) {
    if (part === FOLDER || part === '.' || part === '') continue;
    if (part === '..' && parts.length === 0) return null;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return absolute || parts.length !== 1 ? null : parts[0]!;
}

/** What a call reads or runs: `open(p).read()`, `Path(p).read_text()`, and a handle of `with open(p) as f`. */
export function fileRead(facts: SourceFacts, node: PyNode, own: string, depth = 0): string | null {
  if (depth > DEPTH_MAX) return null;
  const inner = unwrapped(node);
  if (inner.type === 'VariableName') {
    const name = textOf(facts.source, inner);
    const bound = bindingOf(facts, name, inner) ?? withOpened(facts, name, inner);
    return bound === null ? null : fileRead(facts, bound, own, depth + 1);
  }
  const call = callOf(facts.source, inner);
  if (call === null) return null;
  const name = call.name === null ? '' : fullName(facts, call.name);
  if (/^(?:open|io\.open|builtins\.open|codecs\.open|tokenize\.open)$/.test(name)) {
    return pathOf(facts, call.args[0] ?? call.keywords.get('file'), own);
  }
  if (name === 'compile' && call.args[0] !== undefined) {
    return fileRead(facts, call.args[0], own, depth + 1);
  }
  if (call.receiver === null) return null;
  if (/^(?:read_text|read_bytes)$/.test(call.method)) {
    return pathOf(facts, call.receiver, own);
  }
  if (call.method === 'open' && call.args.length <= 1) return pathOf(facts, call.receiver, own);
  return /^(?:read|decode|encode|strip)$/.test(call.method)
    ? fileRead(facts, call.receiver, own, depth + 1)
    : null;
}

/** The value of `with VALUE as NAME` around `at`. */
function withOpened(facts: SourceFacts, name: string, at: PyNode): PyNode | null {
  for (
    let outer = enclosing(at, 'WithStatement');
    outer !== null;
    outer = enclosing(outer, 'WithStatement')
  ) {
    const { children } = outer;
    for (let i = 1; i + 2 < children.length; i++) {
      if (children[i + 1]?.type !== 'as') continue;
      if (textOf(facts.source, children[i + 2]!) === name) return children[i]!;
    }
  }
  return null;
}

/**
 * A path that a call runs as a script, null where it is computed; or a module that it imports. Null
 * for a call that does neither.
 */
export function loadedBy(
  facts: SourceFacts,
  call: Call,
  own: string,
): { readonly path: string | null } | { readonly module: string } | null {
  const name = call.name === null ? '' : fullName(facts, call.name);
  const path = (node: PyNode | undefined) => ({ path: pathOf(facts, node, own) });
  const module = (node: PyNode | undefined) => {
    const value = node === undefined ? null : stringValue(facts.source, node);
    return value === null ? null : { module: value };
  };
  switch (name) {
    case 'runpy.run_path':
      return path(call.args[0] ?? call.keywords.get('path_name'));
    case 'importlib.util.spec_from_file_location':
      return path(call.args[1] ?? call.keywords.get('location'));
    case 'importlib.machinery.SourceFileLoader':
      return path(call.args[1] ?? call.keywords.get('path'));
    case 'runpy.run_module':
      return module(call.args[0] ?? call.keywords.get('mod_name')) ?? { path: null };
    case 'importlib.import_module':
    case '__import__':
      return module(call.args[0] ?? call.keywords.get('name'));
    default:
      return null;
  }
}
