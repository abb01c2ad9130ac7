/**
 * The parser's own tree of a text, and a walk over it (@lezer/python 1.1.19 on @lezer/lr 1.4.12).
 */
import type { PartialParse, SyntaxNodeRef, Tree } from '@lezer/common';
import { parser } from '@lezer/python';
import { notPython, tooDeep } from './errors.js';

/** Syntax errors after which a text is no Python; a damaged script has some tens. */
const RECOVERIES_MAX = 1_000;
/** Nodes in nodes: deeper trees come flattened, or broken. */
const DEPTH_MAX = 1_000;

/** What the parser keeps of its state beside its interface. */
interface ParserState extends PartialParse {
  bigReductionCount?: number;
  recovering?: number;
}

/**
 * The tree with the fewest errors. To keep trees from becoming too deep, the parser closes all that
 * is open after some 300 reductions of a long stretch, which in a long file may be in the middle of a
 * statement: a text with errors is read a second time without that.
 *
 * @throws BPB_SOURCE_NOT_PYTHON
 */
export function parsed(text: string, path: string): Tree {
  const tree = parsedOnce(text, path, false);
  const errors = errorsOf(tree, path);
  if (errors === 0) return tree;
  try {
    const other = parsedOnce(text, path, true);
    return errorsOf(other, path) < errors ? other : tree;
  } catch {
    // Too deep for the parser, or with more errors than the first.
    return tree;
  }
}

/** A recovery from an error costs a hundred times what a token does: they are counted. */
function parsedOnce(text: string, path: string, uncut: boolean): Tree {
  const parse = parser.startParse(text) as ParserState;
  let recoveries = 0;
  for (let before = 0; ; ) {
    const tree = parse.advance();
    if (tree !== null) return tree;
    if (uncut) parse.bigReductionCount = 0;
    const now = parse.recovering ?? 0;
    if (now > before && ++recoveries > RECOVERIES_MAX) throw notPython(path, RECOVERIES_MAX);
    before = now;
  }
}

/** Errors of a tree; infinitely many where it is too deep to be whole. */
function errorsOf(tree: Tree, path: string): number {
  const above: string[] = [];
  let errors = 0;
  let deepest = 0;
  try {
    walk(tree, path, {
      enter({ name, from, to, type }) {
        if (type.isError && !isBareYield(name, from, to, above.at(-1))) errors++;
        above.push(name);
        deepest = Math.max(deepest, above.length);
        return true;
      },
      leave: () => above.pop(),
    });
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  return deepest > DEPTH_MAX ? Number.POSITIVE_INFINITY : errors;
}

/** A `yield` without a value, which the grammar does not know, is complete all the same. */
export function isBareYield(
  name: string,
  from: number,
  to: number,
  parent: string | undefined,
): boolean {
  return name === '⚠' && from === to && /^Yield/.test(parent ?? '');
}

/**
 * `Tree.iterate`, which fails on some of the trees that are some thousands of nodes deep.
 *
 * @throws BPB_SOURCE_TOO_LARGE
 */
export function walk(
  tree: Tree,
  path: string,
  visitor: { enter(node: SyntaxNodeRef): boolean; leave(): void },
): void {
  try {
    tree.iterate(visitor);
  } catch (error) {
    throw error instanceof TypeError ? tooDeep(path) : error;
  }
}
