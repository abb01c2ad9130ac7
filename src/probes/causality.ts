/**
 * Probe: does a target's score depend on later tokens?
 *
 * One token is changed, or all from one on; the nats before it must stay. Of every two changes one
 * scores the row's own targets, from which a score could gain, and one scores the changed token itself
 * at every place: a model that copies from the future with a tiny weight moves that token's logit by
 * the whole weight, and other targets by almost nothing.
 *
 * Both runs have the same shape and place, so that the tolerance need only exceed the engine's own
 * noise from run to run.
 */
import { type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { Differences, judge, sameShape, seen } from './differences.js';
import type { ProbeRow } from './subject.js';
import type { Tokens } from './tokens.js';

/** The token alone, or with all after it; those become noise, or what a batch pads a row with. */
type Extent = 'one' | 'noise' | 'padding';
const EXTENTS = ['one', 'noise', 'padding'] as const;

interface Change {
  readonly row: ProbeRow;
  /** Index among the unchanged rows of the one that it is compared with. */
  readonly base: number;
  /** Of the first changed token. */
  readonly position: number;
  readonly extent: Extent;
}

interface Plan {
  readonly bases: ProbeRow[];
  readonly changes: Change[];
}

/** Every single token of one row, in turn. */
function sweep(plan: Plan, tokens: Tokens, inputs: number): void {
  const row = tokens.row(inputs);
  const other = tokens.id();
  const base = addBases(plan, row, other);
  for (let position = 1; position < inputs; position++) {
    change(plan, tokens, row, base, { position, other, extent: 'one', own: position % 2 === 0 });
  }
}

/** Some places of a row: random ones, and one next to a power of two, where blocks end. */
function sample(plan: Plan, tokens: Tokens, row: Int32Array, count: number): void {
  const inputs = row.length - 1;
  const other = tokens.id();
  const base = addBases(plan, row, other);
  for (let k = 0; k < count; k++) {
    const power = 2 ** tokens.below(Math.floor(Math.log2(inputs)) + 1);
    const block = k === 0 && power < inputs;
    const position = block ? power : 1 + tokens.below(inputs - 1);
    const extent = EXTENTS[k % 3]!;
    change(plan, tokens, row, base, { position, other, extent, own: k % 2 === 0 });
  }
}

/** The row with its own targets, and with `other` as every target. */
function addBases({ bases }: Plan, row: Int32Array, other: number): number {
  bases.push({ tokens: row }, { tokens: row, targets: everywhere(row, other) });
  return bases.length - 2;
}

function everywhere(row: Int32Array, id: number): Int32Array {
  return new Int32Array(row.length - 1).fill(id);
}

function change(
  { bases, changes }: Plan,
  tokens: Tokens,
  row: Int32Array,
  base: number,
  how: { position: number; other: number; extent: Extent; own: boolean },
): void {
  const { position, other, extent, own } = how;
  const changed = row.slice();
  // Where the row has this token already, another one replaces it.
  changed[position] = row[position] === other ? tokens.id(other) : other;
  if (extent === 'noise') changed.set(tokens.noise(row.length - position - 1), position + 1);
  else if (extent === 'padding') changed.fill(0, position);
  const which = own ? base : base + 1;
  const targets = own ? row.subarray(1) : bases[which]!.targets!;
  changes.push({ row: { tokens: changed, targets }, base: which, position, extent });
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, noise } = context;
  const tokens = tokensFor(context, 'causality');
  const most = subject.rowInputs;
  if (most < 2) {
    return {
      ...judge(new Differences(), sameShape(subject.info.precision, noise)),
      note: 'rows of one input have no later token',
    };
  }
  const plan: Plan = { bases: [], changes: [] };
  sweep(plan, tokens, Math.min(most, effort.sweep));
  const rows = Math.floor(effort.tokens / (most * (effort.changes + 2)));
  for (let r = 0; r < Math.max(2, Math.min(effort.rows, rows)); r++) {
    const inputs = r % 2 === 0 ? most : 2 + tokens.below(most - 1);
    sample(plan, tokens, tokens.row(inputs), effort.changes);
  }
  if (subject.longInputs > most) {
    for (let r = 0; r < effort.longRows; r++) {
      const length = subject.longInputs + 1;
      const row = subject.carries === 'always' ? tokens.row(length - 1) : tokens.beginning(length);
      sample(plan, tokens, row, effort.changes);
    }
  }
  const bases = await subject.nats(plan.bases);
  const changed = await subject.nats(plan.changes.map(({ row }) => row));

  const found = new Differences();
  let largest = { size: 0, note: null as string | null };
  plan.changes.forEach(({ base, position, extent, row }, k) => {
    const { size, at } = found.add(bases[base]!, changed[k]!, 0, position);
    if (size <= largest.size) return;
    const what = extent === 'one' ? 'the token at' : 'all tokens from';
    const gap = position - at - 1;
    const where = gap === 0 ? 'the very token it predicts' : `${gap} tokens beyond its target`;
    largest = {
      size,
      note: `${what} position ${position} of a row of ${row.tokens.length - 1} changed: the prediction at position ${at} moved, ${where}`,
    };
  });
  const judged = judge(found, sameShape(subject.info.precision, noise));
  return { ...judged, note: seen(judged, largest.note) };
}

export const causality: Probe = {
  name: 'causality',
  what: 'changed one later token or all of them, at every place of a short row and at random places of long ones, and compared the nats before',
  run,
};
