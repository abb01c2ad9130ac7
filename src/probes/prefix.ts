/**
 * Probes: do the first targets of a row score the same when the row ends after them?
 */
import { lengths, type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { Differences, judge, otherShape, seen } from './differences.js';

/** A row, and how many of its inputs are given alone. */
interface Cut {
  readonly row: Int32Array;
  readonly inputs: number;
}

async function compare({ subject, noise }: ProbeContext, cuts: readonly Cut[]): Promise<Outcome> {
  const rows = [...new Set(cuts.map(({ row }) => row))];
  const whole = await subject.nats(rows.map((tokens) => ({ tokens })));
  const alone = await subject.nats(
    cuts.map(({ row, inputs }) => ({ tokens: row.subarray(0, inputs + 1) })),
  );
  const found = new Differences();
  let largest = { size: 0, note: null as string | null };
  cuts.forEach(({ row, inputs }, k) => {
    const { size, at } = found.add(alone[k]!, whole[rows.indexOf(row)]!);
    if (size <= largest.size) return;
    const note = `${inputs} inputs alone and as the beginning of ${row.length - 1}: the prediction at position ${at} differs`;
    largest = { size, note };
  });
  const judged = judge(found, otherShape(subject.info.precision, noise));
  return { ...judged, note: seen(judged, largest.note) };
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort } = context;
  const tokens = tokensFor(context, 'prefix');
  const cuts: Cut[] = [];
  for (let r = 0; r < effort.samples; r++) {
    const row = tokens.row(subject.rowInputs);
    for (let k = 0; k < 4; k++) cuts.push({ row, inputs: 1 + tokens.below(subject.rowInputs) });
  }
  return compare(context, cuts);
}

async function runLengths(context: ProbeContext): Promise<Outcome> {
  const { subject } = context;
  const row = tokensFor(context, 'length').row(subject.rowInputs);
  return compare(
    context,
    lengths(subject.rowInputs).map((inputs) => ({ row, inputs })),
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
