/**
 * Sums of activations and the RMS norms of them → SumNorm, which reads each term once and computes in fp32.
 *
 * A residual stream is a chain of such sums: x + branch, a factor for each channel, a multiple of the embedding,
 * a skip connection, the norm that the next branch reads. A value that anything else needs is stored; what
 * stands between is computed inside the operator that needs it.
 */
import { plural } from '../../words.js';
import type { Node } from '../graph.js';
import { type FactorCache, linearTerms, type Term } from './linear.js';
import { isNorm, type Layout, layoutOf, MAX_TERMS, SumNormWriter } from './sum-norm-emit.js';
import type { Workspace } from './workspace.js';

/** Nodes that one operator may stand for: a long chain of products is no reason for a deep recursion. */
const MAX_NODES = 32;

interface Fused {
  /** SumNorm nodes that were made. */
  readonly count: number;
  /** What was found and left, with the reason. */
  readonly left: readonly string[];
}

export function fuseSumNorms(ws: Workspace): Fused {
  ws.refresh();
  const writer = new SumNormWriter(ws);
  new Sums(ws, writer).run();
  let other = 0;
  for (const node of ws.walk()) {
    if (node.op !== 'SimplifiedLayerNormalization' || node.domain !== '') continue;
    const [x, gain] = node.inputs;
    if (isNorm(ws, node, x!)) {
      const layout: Layout = { group: [], carry: 1, rest: [{ name: x!, factor: 1 }] };
      const outputs = { first: '', sum: '', norm: node.outputs[0]! };
      writer.put(node, layout, outputs, { gain: gain!, epsilon: ws.number(node, 'epsilon') });
      ws.remove(node);
    } else other++;
  }
  const why =
    'over more than the last axis, with a gain that is no constant of its width and type, or in float64';
  return {
    count: writer.count,
    left: other === 0 ? [] : [`sum-norm: ${plural(other, 'norm')} ${why}`],
  };
}

/** What a value comes to when the sums and products before it are computed with it. */
interface Size {
  /** Values that are read. */
  readonly places: number;
  readonly nodes: number;
}

const LEAF: Size = { places: 1, nodes: 0 };

class Sums {
  /** What each linear value is the sum of. */
  private readonly terms = new Map<string, readonly Term[]>();
  private readonly sizes = new Map<string, Size>();
  /** Sums that read the value, also by way of products. */
  private readonly uses = new Map<string, number>();
  /** Where the node that makes a value stands. */
  private readonly positions = new Map<string, number>();
  /** Linear values that are in memory. */
  private readonly stored = new Set<string>();
  /** Those of them that no operator gives yet: the next sum that reads one may give it too. */
  private readonly waiting = new Set<string>();

  constructor(
    private readonly ws: Workspace,
    private readonly writer: SumNormWriter,
  ) {}

  run(): void {
    const { ws } = this;
    const linear: string[] = [];
    const factors: FactorCache = new Map();
    [...ws.walk()].forEach((node, position) => {
      for (const name of node.outputs) this.positions.set(name, position);
      const terms = linearTerms(ws, node, factors);
      if (terms === null) return;
      const [value] = node.outputs as [string];
      this.terms.set(value, terms);
      linear.push(value);
    });
    for (const value of linear.toReversed()) this.uses.set(value, this.countUses(value));
    for (const value of linear) this.visit(value);
    for (const value of this.waiting) this.make(value, null, true);
  }

  /** A product that nothing but sums reads is computed in each of them. */
  private countUses(value: string): number {
    let uses = 0;
    for (const user of this.ws.consumers(value)) {
      const [output] = user.outputs;
      const terms = this.terms.get(output ?? '');
      if (terms === undefined) continue;
      const direct = terms.length > 1 || this.neededItself(output!);
      for (const { name } of terms) {
        if (name === value) uses += direct ? 1 : this.uses.get(output!)!;
      }
    }
    return uses;
  }

  private isLinear(node: Node): boolean {
    return this.terms.has(node.outputs[0] ?? '');
  }

  private neededItself(value: string): boolean {
    return this.ws.isOutput(value) || this.ws.consumers(value).some((user) => !this.isLinear(user));
  }

  private visit(value: string): void {
    const { ws } = this;
    const terms = this.terms.get(value)!;
    const size = this.fit(terms);
    this.sizes.set(value, size);
    const users = ws.consumers(value);
    const norm = users.find((user) => isNorm(ws, user, value)) ?? null;
    const summed = users.some((user) => this.isLinear(user));
    const other = ws.isOutput(value) || users.some((u) => u !== norm && !this.isLinear(u));
    // A multiple of one stored value is as cheap to compute again as to read.
    const costly = terms.length > 1 || size.places > 1;
    const shared = terms.length > 1 && this.uses.get(value)! > 1;
    const keep = other || shared || (norm !== null && summed && costly);
    if (norm === null && !keep) return;
    const chained = this.leaves(value).some((name) => this.waiting.has(name));
    if (norm === null && !chained) this.waiting.add(value);
    else this.make(value, norm, keep);
    if (keep) this.stored.add(value);
  }

  /** The size of a sum of these, after the widest were stored where it would be too large. */
  private fit(terms: readonly Term[]): Size {
    for (;;) {
      const sizes = terms.map(({ name }) => this.sizeOf(name));
      const places = sizes.reduce((sum, size) => sum + size.places, 0);
      const nodes = sizes.reduce((sum, size) => sum + size.nodes, 1);
      if (places <= MAX_TERMS && nodes <= MAX_NODES) return { places, nodes };
      const weights = sizes.map((size) => size.places * MAX_NODES + size.nodes);
      const { name } = terms[weights.indexOf(Math.max(...weights))]!;
      this.make(name, null, true);
      this.stored.add(name);
    }
  }

  private sizeOf(name: string): Size {
    return this.stored.has(name) ? LEAF : (this.sizes.get(name) ?? LEAF);
  }

  private expands(name: string): boolean {
    return this.terms.has(name) && !this.stored.has(name);
  }

  /** The stored values that a linear value is made of; one for each time that it is read. */
  private leaves(value: string, inside?: Set<string>): string[] {
    inside?.add(value);
    return this.terms
      .get(value)!
      .flatMap(({ name }) => (this.expands(name) ? this.leaves(name, inside) : [name]));
  }

  /** Gives the value, the norm of it, or both by one operator, where that saves anything. */
  private make(value: string, norm: Node | null, keep: boolean): void {
    const { ws } = this;
    this.waiting.delete(value);
    let first = this.chooseFirst(value);
    if (norm === null && first === null && this.sizes.get(value)!.nodes < 2) return;
    let layout = this.layout(value, first);
    if (layout === null && first !== null) {
      this.make(first, null, true);
      first = null;
      layout = this.layout(value, null);
    }
    if (layout === null) {
      // fp32 does not hold its factors, or they are too many: all stays as it stands.
      this.stored.add(value);
      return;
    }
    const outputs = { first: first ?? '', sum: keep ? value : '', norm: norm?.outputs[0] ?? '' };
    const old = [outputs.first, outputs.sum, outputs.norm].flatMap((n) => ws.producer(n) ?? []);
    const scaling = norm && { gain: norm.inputs[1]!, epsilon: ws.number(norm, 'epsilon') };
    this.writer.put(ws.producer(value)!, layout, outputs, scaling);
    for (const node of old) ws.remove(node);
    const position = this.positions.get(value)!;
    for (const name of Object.values(outputs)) this.positions.set(name, position);
  }

  private layout(value: string, first: string | null): Layout | null {
    if (this.writer.full) return null;
    return layoutOf(value, first, this.terms, (name) => this.expands(name));
  }

  /** A waiting value that this one may give on its way; others that it reads are made by themselves. */
  private chooseFirst(value: string): string | null {
    const inside = new Set<string>();
    const leaves = this.leaves(value, inside);
    const at = this.positions.get(value)!;
    const own = this.sizes.get(value)!;
    let first: string | null = null;
    for (const name of new Set(leaves)) {
      if (!this.waiting.delete(name)) continue;
      const { places, nodes } = this.sizes.get(name)!;
      const fits = own.places - 1 + places <= MAX_TERMS && own.nodes + nodes <= MAX_NODES;
      const once = leaves.filter((leaf) => leaf === name).length === 1;
      if (first === null && fits && once && !this.readBefore(name, at, inside)) first = name;
      else this.make(name, null, true);
    }
    return first;
  }

  /** Whether anything before a place reads the value, but for what is computed inside the operator there. */
  private readBefore(name: string, at: number, inside: ReadonlySet<string>): boolean {
    return this.ws.consumers(name).some((user) => {
      const output = user.outputs.find((each) => each !== '') ?? '';
      if ((this.positions.get(output) ?? -1) >= at) return false;
      return !inside.has(output) || this.readBefore(output, at, inside);
    });
  }
}
