/**
 * How a script uses a name: as a limit, as what is cut, as what is read.
 */
import type { SourceFacts } from './facts.js';
import { callOf, enclosing, type PyNode, textOf } from './nodes.js';

/** Uses of one name that are looked at. */
const USES_MAX = 200;
const ABOVE_MAX = 12;

/** What is looked up by many checks, made once for each script. */
interface Index {
  readonly reads: ReadonlyMap<string, readonly PyNode[]>;
  /** `name[first:` as written, white space included. */
  readonly rests: ReadonlySet<string>;
}

const INDEXES = new WeakMap<SourceFacts, Index>();

function indexOf(facts: SourceFacts): Index {
  const known = INDEXES.get(facts);
  if (known !== undefined) return known;
  const reads = new Map<string, PyNode[]>();
  const rests = new Set<string>();
  for (const node of facts.source.nodes) {
    if (node.type === 'VariableName' || node.type === 'PropertyName') {
      const name = textOf(facts.source, node, 100);
      const list = reads.get(name) ?? [];
      reads.set(name, list);
      if (list.length < USES_MAX && !isWritten(node)) list.push(node);
    } else if (node.type === 'MemberExpression' && node.children[1]?.type === '[') {
      const [target, , first, colon] = node.children;
      if (first !== undefined && colon?.type === ':') rests.add(restKey(facts, target!, first));
    }
  }
  const index = { reads, rests };
  INDEXES.set(facts, index);
  return index;
}

function restKey({ source }: SourceFacts, target: PyNode, bound: PyNode): string {
  return `${textOf(source, target, 100)}[${textOf(source, bound, 100)}`;
}

/** Where a name, or an attribute of that name, is read; not where it is assigned or a keyword. */
export function readsOf(facts: SourceFacts, name: string): readonly PyNode[] {
  return indexOf(facts).reads.get(name) ?? [];
}

function isWritten(node: PyNode): boolean {
  const { parent } = node;
  if (parent === null) return false;
  const target = node.type === 'PropertyName' ? parent : node;
  const above = target.parent;
  if (above === null) return false;
  const { type, children } = above;
  const at = children.findIndex(({ index }) => index === target.index);
  const next = children[at + 1]?.type;
  if (/^(?:AssignStatement|NamedExpression)$/.test(type)) {
    const last = children.findLastIndex(({ type: each }) => each === 'AssignOp');
    return at < last;
  }
  // A parameter, and the name of a keyword argument.
  return type === 'ParamList' || (type === 'ArgList' && next === 'AssignOp');
}

/**
 * Whether the value cuts something off: it ends a slice or a range, is the smaller of two, or is
 * compared with what is counted.
 */
export function limits(facts: SourceFacts, use: PyNode): boolean {
  let at = use;
  for (let depth = 0; depth < ABOVE_MAX && at.parent !== null; depth++, at = at.parent) {
    const { type, children } = at.parent;
    if (type === 'MemberExpression' && children[0] !== at && children[1]?.type === '[') {
      const colon = children.findIndex((child) => child.type === ':');
      const place = children.findIndex(({ index }) => index === at.index);
      return colon !== -1 && colon < place;
    }
    if (type === 'BinaryExpression') {
      if (children[1]?.type === 'CompareOp') return true;
      // A multiple of a limit limits as well; a share of something does not.
      if (!/^[+\-*]$/.test(textOf(facts.source, children[1]!))) return false;
    } else if (type === 'ArgList') {
      const call = callOf(facts.source, at.parent.parent!);
      const name = call?.method ?? '';
      if (/^(?:int|float|abs|str)$/.test(name)) continue;
      return /^(?:min|range|islice|take|select|head|narrow|arange)$/.test(name);
    } else if (/Statement$|Definition$|^Body$|^Script$/.test(type)) return false;
  }
  return false;
}

/** Whether what a slice `name[:end]` leaves out, `name[end:]`, is used somewhere. */
export function restIsUsed(facts: SourceFacts, target: PyNode, end: PyNode): boolean {
  return indexOf(facts).rests.has(restKey(facts, target, end));
}

/** Whether the place is reached whatever the values are: under no `if`, `try` or `while`. */
export function isUnconditional(node: PyNode): boolean {
  return (
    enclosing(node, 'IfStatement', 'TryStatement', 'WhileStatement', 'ConditionalExpression') ===
    null
  );
}
