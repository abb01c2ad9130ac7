/**
 * Python source as a plain tree, which the checks walk over.
 *
 * The parser is error-tolerant and runs nothing. Nodes lie in one array in document order, so the
 * subtree of a node is a contiguous stretch of it and every scan has a known length.
 */
import type { SyntaxNode } from '@lezer/common';
import { tooLarge } from './errors.js';
import { isBareYield, parsed, walk } from './parse.js';
import { parserText, pythonType } from './parser-text.js';

export interface PyNode {
  /** Name in the grammar of @lezer/python, such as `CallExpression`. */
  readonly type: string;
  readonly from: number;
  readonly to: number;
  /** Place in `PySource.nodes`; descendants follow up to `end` (exclusive). */
  readonly index: number;
  end: number;
  readonly parent: PyNode | null;
  readonly children: PyNode[];
}

export interface PySource {
  /** File, or what the caller named the text. */
  readonly path: string;
  readonly text: string;
  readonly nodes: readonly PyNode[];
  readonly root: PyNode;
}

/** The longest published train_gpt.py has 158 kB; its folder's scripts have 195 kB in all. */
export const SOURCE_BYTES_MAX = 2 ** 20;
/** A script of 158 kB has about 60,000 nodes; a file of brackets can have millions. */
const NODES_MAX = 400_000;
/** Walks upwards end here, so that a file of nested brackets costs no square of its length. */
const NESTING_MAX = 1_000;
/** Expressions with more parts than this are looked at from their beginning only. */
const SUBTREE_MAX = 20_000;

/**
 * @throws BPB_SOURCE_TOO_LARGE (more parts than any script has), BPB_SOURCE_NOT_PYTHON
 */
export function parsePython(text: string, path: string): PySource {
  const nodes: PyNode[] = [];
  const tree = parsed(parserText(text, path), path);
  const growing = new Growing(nodes, { path, text, shift: 0, parent: null });
  walk(tree, path, { enter: (node) => growing.enter(node), leave: () => growing.leave() });
  return { path, text, nodes, root: nodes[0]! };
}

/** What is added to the nodes, below `parent`: a tree whose places are `shift` before those of the text. */
interface Graft {
  readonly path: string;
  readonly text: string;
  readonly shift: number;
  readonly parent: PyNode | null;
}

/** Adds a tree of the parser to the nodes. */
class Growing {
  private parent: PyNode | null;
  constructor(
    private readonly nodes: PyNode[],
    private readonly graft: Graft,
  ) {
    this.parent = graft.parent;
  }
  enter({ name, from, to }: { name: string; from: number; to: number }): boolean {
    const { nodes, parent } = this;
    const { path, text, shift } = this.graft;
    if (isBareYield(name, from, to, parent?.type)) return false;
    if (nodes.length >= NODES_MAX) {
      throw tooLarge(path, `a script with at most ${NODES_MAX} syntax nodes`, 'more');
    }
    const node: PyNode = {
      type: pythonType(name, text, from + shift, to + shift),
      from: from + shift,
      to: to + shift,
      index: nodes.length,
      end: nodes.length + 1,
      parent,
      children: [],
    };
    if (node.type === 'TargetExpression' && this.target(node)) return false;
    parent?.children.push(node);
    nodes.push(node);
    this.parent = node;
    return true;
  }
  leave(): void {
    const { parent } = this;
    if (parent === null) return;
    parent.end = this.nodes.length;
    this.parent = parent.parent;
  }
  /** `(a, b)` of `as (a, b)`, which the grammar knows as an expression alone: false where it is none. */
  private target({ from, to }: PyNode): boolean {
    const { path, text } = this.graft;
    const [statement] = childrenOf(parsed(text.slice(from, to), path).topNode);
    const [target, ...rest] =
      statement?.name === 'ExpressionStatement' ? childrenOf(statement) : [];
    if (target === undefined || rest.length > 0 || !TARGETS.has(target.name)) return false;
    const inner = new Growing(this.nodes, { path, text, shift: from, parent: this.parent });
    target.toTree().iterate({
      enter: (node) =>
        inner.enter({ name: node.name, from: node.from + target.from, to: node.to + target.from }),
      leave: () => inner.leave(),
    });
    return true;
  }
}

const TARGETS = new Set(['TupleExpression', 'ArrayExpression', 'MemberExpression']);

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** The node's text, at most `max` characters of it. */
export function textOf(source: PySource, node: PyNode, max = 400): string {
  return source.text.slice(node.from, Math.min(node.to, node.from + max));
}

/** The node and what lies below it, in document order. */
export function* subtree(source: PySource, node: PyNode): Generator<PyNode> {
  const end = Math.min(node.end, node.index + SUBTREE_MAX);
  for (let i = node.index; i < end; i++) yield source.nodes[i]!;
}

/** The nearest node above of one of these types, within what a person would nest. */
export function enclosing(node: PyNode, ...types: string[]): PyNode | null {
  let at = node.parent;
  for (let depth = 0; at !== null && depth < NESTING_MAX; depth++, at = at.parent) {
    if (types.includes(at.type)) return at;
  }
  return null;
}

/** A name as it is written: `sp`, `torch.float32`, `self.tok.decode`; null for anything else. */
export function dottedName(source: PySource, node: PyNode | undefined): string | null {
  if (node === undefined) return null;
  if (node.type === 'VariableName') return textOf(source, node);
  if (node.type !== 'MemberExpression' || node.children[1]?.type !== '.') return null;
  const text = textOf(source, node);
  // Nested names are short; calls and subscripts inside make it no plain name.
  return /^[\w.\s]+$/.test(text) ? text.replace(/\s+/g, '') : null;
}

/** `(a)` without its parentheses. */
export function unwrapped(node: PyNode): PyNode {
  let inner = node;
  for (let depth = 0; depth < NESTING_MAX; depth++) {
    if (inner.type !== 'ParenthesizedExpression' || inner.children.length !== 3) break;
    inner = inner.children[1]!;
  }
  return inner;
}

export interface Call {
  readonly node: PyNode;
  /** What is called, when it is a plain name: `exec`, `lzma.decompress`. */
  readonly name: string | null;
  /** Last part of what is called, also behind calls and subscripts: `x[i].startswith` → that. */
  readonly method: string;
  /** What the method is called on; null for a plain function. */
  readonly receiver: PyNode | null;
  readonly args: readonly PyNode[];
  readonly keywords: ReadonlyMap<string, PyNode>;
}

export function callOf(source: PySource, node: PyNode): Call | null {
  if (node.type !== 'CallExpression') return null;
  const [callee, list] = node.children;
  if (callee === undefined || list?.type !== 'ArgList') return null;
  const member = callee.type === 'MemberExpression' && callee.children.at(-1);
  const last = member && member.type === 'PropertyName' ? member : null;
  const args: PyNode[] = [];
  const keywords = new Map<string, PyNode>();
  const parts = list.children.slice(1, -1);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (parts[i + 1]?.type === 'AssignOp' && parts[i + 2] !== undefined) {
      keywords.set(textOf(source, part), parts[i + 2]!);
      i += 2;
    } else if (!/^(?:,|\*|\*\*|⚠)$/.test(part.type)) args.push(part);
  }
  return {
    node,
    name: dottedName(source, callee),
    method: textOf(source, last ?? callee),
    receiver: last === null ? null : callee.children[0]!,
    args,
    keywords,
  };
}
