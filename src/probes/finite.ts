/**
 * Probe: are the logits a distribution after every input, and is no token of the data ruled out?
 *
 * A model may rule out what cannot follow, so probability zero only counts on targets of the data, in
 * their own context: an id that was ruled out anywhere is looked up there.
 */
import type { TokenStream } from '../data/types.js';
import { type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { coveringRows, ruledOut } from './coverage.js';
import type { ProbeRow } from './subject.js';
import type { Tokens } from './tokens.js';

const COVERINGS = 2;
/** Places of an id in the stream that are scored, and number of such ids. */
const PLACES = 4;
const IDS = 64;
const CONTEXT = 32;

/** A row of the stream begins at `start`; other rows are random. */
interface Tried {
  readonly row: ProbeRow;
  readonly what: string;
  readonly start: number | null;
}

interface Problem {
  readonly count: number;
  readonly first: string | null;
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort } = context;
  const tokens = tokensFor(context, 'finite');
  const tried: Tried[] = [];
  for (let k = 0; k < COVERINGS; k++) {
    for (const row of coveringRows(tokens, subject, effort.ids)) {
      tried.push({ row, what: 'random tokens', start: null });
    }
  }
  tried.push(...repeatedTokens(tokens, subject.rowInputs));
  for (let k = 0; k < effort.samples; k++) {
    tried.push({
      row: { tokens: tokens.noise(subject.rowInputs + 1) },
      what: 'random tokens',
      start: null,
    });
  }
  const made = await subject.nats(tried.map(({ row }) => row));
  const { stream } = tokens;
  if (stream !== null) {
    const suspects = ruledOut(
      tried.map(({ row }) => row),
      made,
    ).slice(0, IDS);
    const rare = rarest(stream, tokens.written, IDS / 2);
    const real = [...new Set([...suspects, ...rare])].flatMap((id) =>
      places(stream, id, subject.rowInputs),
    );
    tried.push(...real);
    made.push(...(await subject.nats(real.map(({ row }) => row))));
  }
  const notNumbers = problem(tried, made, notANumber);
  const infinite = problem(tried, made, zeroProbability);
  const bad = notNumbers.count + infinite.count;
  const doubt = stream === null ? 'without data, no real target was looked at' : null;
  return {
    effect: bad,
    unit: 'rows',
    tolerance: 0,
    verdict: bad === 0 ? 'pass' : 'fail',
    note: notNumbers.first ?? infinite.first ?? doubt,
  };
}

/** BOS, the first, the last and some written id, each over a whole row. */
function repeatedTokens(tokens: Tokens, inputs: number): Tried[] {
  const ids = [
    tokens.startId,
    tokens.written[0]!,
    tokens.written.at(-1)!,
    tokens.id(),
    tokens.id(),
  ];
  return ids.map((id) => ({
    row: { tokens: new Int32Array(inputs + 1).fill(id) },
    what: `token ${id} over and over`,
    start: null,
  }));
}

/** The rarest ids that occur in the stream. */
function rarest({ ids }: TokenStream, written: Int32Array, count: number): number[] {
  const counts = new Float64Array(written.at(-1)! + 1);
  for (const id of ids) if (id < counts.length) counts[id]!++;
  const known = Array.from(written).filter((id) => counts[id]! > 0);
  return known.sort((a, b) => counts[a]! - counts[b]! || a - b).slice(0, count);
}

/** Places of the stream where the id is a target, each with the tokens around it. */
function places({ ids }: TokenStream, id: number, inputs: number): Tried[] {
  const found: Tried[] = [];
  for (let at = ids.indexOf(id, 1); at > 0 && found.length < PLACES; at = ids.indexOf(id, at + 1)) {
    // Of a row of one input, the one before it.
    const start = Math.max(0, at - Math.max(1, Math.min(inputs - 1, CONTEXT)));
    const end = Math.min(ids.length, at + 2, start + inputs + 1);
    const row = { tokens: Int32Array.from(ids.subarray(start, end)) };
    found.push({ row, what: 'the data', start });
  }
  return found;
}

function problem(
  tried: readonly Tried[],
  nats: readonly Float32Array[],
  find: (tried: Tried, nats: Float32Array) => string | null,
): Problem {
  const found = tried.flatMap((each, k) => find(each, nats[k]!) ?? []);
  return { count: found.length, first: found[0] ?? null };
}

function notANumber({ row, what, start }: Tried, nats: Float32Array): string | null {
  const at = nats.findIndex(Number.isNaN);
  if (at < 0) return null;
  const place = start === null ? `position ${at} of ${what}` : `stream position ${start + at}`;
  return `the logits are no distribution at ${place}, after token ${row.tokens[at]}`;
}

function zeroProbability({ row, start }: Tried, nats: Float32Array): string | null {
  const at = nats.indexOf(Number.POSITIVE_INFINITY);
  if (at < 0 || start === null) return null;
  return `probability zero for the target at stream position ${start + at + 1}, token ${row.tokens[at + 1]}`;
}

export const finite: Probe = {
  name: 'finite',
  what: 'read every token in random order, single tokens over and over, random rows, and the rarest tokens of the data in their places',
  run,
};
