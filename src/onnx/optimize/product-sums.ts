/**
 * Residual sums and RMS norms (SumNorm) as parts of the products that give their terms or read their norm.
 */
import type { Node } from '../graph.js';
import { DOMAIN, isOwn } from './own-operators.js';
import { MAX_ADDED, putProduct, readProduct, type Scaled } from './product-node.js';
import { MAX_TERMS } from './sum-norm-emit.js';
import type { Workspace } from './workspace.js';

/** What a SumNorm computes; names are '' for what it does without. */
interface SumNorm {
  readonly terms: readonly Scaled[];
  /** How many of the first terms are summed by themselves. */
  readonly firstTerms: number;
  readonly carry: string;
  readonly gain: string;
  readonly epsilon: number;
  readonly first: string;
  readonly sum: string;
  readonly norm: string;
}

/** Norms that only products read are computed as they read: the sum is stored in the norm's place. */
export function foldNorms(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    if (!isOwn(node, 'SumNorm')) continue;
    const all = readSumNorm(ws, node);
    const { norm, gain, epsilon, terms } = all;
    if (norm === '' || ws.isOutput(norm)) continue;
    const users = ws.consumers(norm);
    if (users.length === 0 || !users.every((user) => isPlainProduct(user, norm))) continue;
    // A multiple of one value is as cheap to norm as it is to store.
    const bare = terms.length === 1 && terms[0]!.factor === '' && all.firstTerms === 0;
    const stored = bare ? terms[0]!.name : all.sum || ws.fresh('Sum');
    for (const user of users) {
      const [y] = user.outputs as [string];
      putProduct(ws, user, { ...readProduct(ws, user), x: stored, epsilon, gain }, y);
      ws.remove(user);
    }
    if (!bare || all.sum !== '') {
      putSumNorm(ws, node, { ...all, sum: bare ? all.sum : stored, norm: '', gain: '' });
    }
    ws.remove(node);
    count++;
  }
  return count;
}

/** A product that reads the value as it is, and nowhere else. */
function isPlainProduct(node: Node, x: string): boolean {
  const [, , gain] = node.inputs;
  return isOwn(node, 'Product') && !gain && node.inputs.lastIndexOf(x) === 0;
}

/** Sums of a product that nothing else reads and up to two other values are computed as it is written. */
export function foldSums(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    if (!isOwn(node, 'SumNorm')) continue;
    const all = readSumNorm(ws, node);
    const { terms, firstTerms, carry, first, sum, norm } = all;
    if (first !== '') {
      // The sum is made of the first one, which the product gives, and of others that may read it as well.
      const others = terms.slice(firstTerms);
      if (!giveSum(ws, node, terms.slice(0, firstTerms), first, others)) continue;
      const rest = [{ name: first, factor: carry }, ...others];
      const left = { ...all, terms: rest, firstTerms: 0, carry: '', first: '' };
      if (sum !== '' || norm !== '') putSumNorm(ws, node, left);
    } else if (norm !== '' || carry !== '' || !giveSum(ws, node, terms, sum)) continue;
    ws.remove(node);
    count++;
  }
  return count;
}

/** Has one of the products among the terms give their sum; false where none can. */
function giveSum(
  ws: Workspace,
  before: Node,
  terms: readonly Scaled[],
  y: string,
  others: readonly Scaled[] = [],
): boolean {
  if (terms.length > MAX_ADDED + 1) return false;
  const at = terms.findLastIndex(({ name }) => {
    const node = ws.producer(name);
    if (node === undefined || !isOwn(node, 'Product') || ws.seenOutside(name, new Set([before])))
      return false;
    const { factor, added } = readProduct(ws, node);
    const once = [...terms, ...others].filter((term) => term.name === name).length === 1;
    return once && factor === '' && added.length === 0;
  });
  if (at < 0) return false;
  const { name, factor } = terms[at]!;
  const node = ws.producer(name)!;
  const added = terms.filter((_, k) => k !== at);
  putProduct(ws, before, { ...readProduct(ws, node), factor, added }, y);
  ws.remove(node);
  return true;
}

function readSumNorm(ws: Workspace, node: Node): SumNorm {
  const input = (k: number) => node.inputs[k] ?? '';
  const terms: Scaled[] = [];
  for (let k = 0; k < MAX_TERMS && input(k) !== ''; k++) {
    terms.push({ name: input(k), factor: input(MAX_TERMS + k) });
  }
  const [first = '', sum = '', norm = ''] = node.outputs;
  return {
    terms,
    firstTerms: ws.number(node, 'first_terms') ?? 0,
    carry: input(2 * MAX_TERMS),
    gain: input(2 * MAX_TERMS + 1),
    epsilon: ws.number(node, 'epsilon') ?? 0,
    first,
    sum,
    norm,
  };
}

function putSumNorm(ws: Workspace, before: Node, it: SumNorm): void {
  const slots = (of: 'name' | 'factor') =>
    Array.from({ length: MAX_TERMS }, (_, k) => it.terms[k]?.[of] ?? '');
  const inputs = [...slots('name'), ...slots('factor'), it.carry, it.gain];
  const attributes = { first_terms: { int: it.firstTerms }, epsilon: { float: it.epsilon } };
  const { first, sum, norm } = it;
  ws.insert(before, 'SumNorm', inputs, attributes, DOMAIN, [first, sum, norm]);
}
