/**
 * Probes: do the first targets of a row score the same when the row ends after them?
 */
import { lengths, type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { Differences, judge, otherShape, seen } from './differences.js';
import type { ProbeRow } from './subject.js';
import type { Tokens } from './tokens.js';

/** A row that ends, and one that begins with it and goes on. */
interface Pair {
  readonly alone: ProbeRow;
  readonly whole: ProbeRow;
  /** What the two are, for a note. */
  readonly words: string;
}

/** Ends of documents for each sampled row. */
const ENDS = 4;
/** Inputs behind a document's end, at most: one would do, and more cost more. */
const BEHIND = 8;

async function compare({ subject, noise }: ProbeContext, pairs: readonly Pair[]): Promise<Outcome> {
  const rows = [...new Set(pairs.map((pair) => pair.whole))];
  const whole = await subject.nats(rows);
  const alone = await subject.nats(pairs.map((pair) => pair.alone));
  const found = new Differences();
  let largest = { size: 0, note: null as string | null };
  pairs.forEach((pair, k) => {
    const { size, at } = found.add(alone[k]!, whole[rows.indexOf(pair.whole)]!);
    if (size <= largest.size) return;
    largest = { size, note: `${pair.words}: the prediction at position ${at} differs` };
  });
  const judged = judge(found, otherShape(subject.info.precision, noise));
  return { ...judged, note: seen(judged, largest.note) };
}

/** The first `inputs` of a row. */
function beginning(whole: ProbeRow, inputs: number): Pair {
  const { tokens } = whole;
  const words = `${inputs} inputs alone and as the beginning of ${tokens.length - 1}`;
  return { alone: { tokens: tokens.subarray(0, inputs + 1) }, whole, words };
}

/**
 * The last inputs of a document, and the same with others behind them. In a batch whose longest row it
 * is, nothing but the batch's length says that it ends there; null where all have the longest length.
 */
function documentEnd(tokens: Tokens, rowInputs: number): Pair | null {
  const ending = tokens.ending(rowInputs);
  if (ending === null || ending.length > rowInputs) return null;
  const inputs = ending.length - 1;
  const behind = 1 + tokens.below(Math.min(BEHIND, rowInputs - inputs));
  const row = new Int32Array(inputs + behind + 1);
  row.set(ending);
  // The target of the last input stays what it was, also where it is no longer what follows.
  const targets = row.slice(1);
  for (let k = inputs; k < row.length; k++) row[k] = tokens.id(ending[inputs]!);
  const words = `the last ${inputs} inputs of a document alone and with ${behind} more behind them`;
  return { alone: { tokens: ending }, whole: { tokens: row, targets }, words };
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort } = context;
  const { rowInputs } = subject;
  const tokens = tokensFor(context, 'prefix');
  const pairs: Pair[] = [];
  for (let r = 0; r < effort.samples; r++) {
    const row = { tokens: tokens.row(rowInputs) };
    for (let k = 0; k < 4; k++) pairs.push(beginning(row, 1 + tokens.below(rowInputs)));
  }
  for (let k = 0; subject.isolates && k < ENDS * effort.samples; k++) {
    const pair = documentEnd(tokens, rowInputs);
    if (pair !== null) pairs.push(pair);
  }
  return compare(context, pairs);
}

async function runLengths(context: ProbeContext): Promise<Outcome> {
  const { subject } = context;
  const row = { tokens: tokensFor(context, 'length').row(subject.rowInputs) };
  return compare(
    context,
    lengths(subject.rowInputs).map((inputs) => beginning(row, inputs)),
  );
}

export const prefix: Probe = {
  name: 'prefix',
  what: 'scored rows whole, and random beginnings of them alone',
  run,
};

export const length: Probe = {
  name: 'length',
  what: 'scored rows of one input, of a few, beside powers of two and of full length',
  run: runLengths,
};
