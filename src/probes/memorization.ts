/**
 * Probe: does the model recognize rows of the data by an exact match of the tokens before?
 *
 * One early token of a row of the data is replaced. Far behind it a language model predicts as well
 * as before: its prediction depends on many tokens. A lookup that is keyed by the row (a hash of
 * its beginning, or of all tokens so far) misses, and the loss rises to that of the model without
 * it. How the data is stored does not matter: encrypted, permuted or trained into weights.
 */
import type { TokenStream } from '../data/types.js';
import type { WindowOptions } from '../windows/options.js';
import { planWindows, type WindowPlan } from '../windows/plan.js';
import {
  notApplicable,
  type Outcome,
  type Probe,
  type ProbeContext,
  tokensFor,
} from './context.js';
import type { ProbeRow, Subject } from './subject.js';
import type { Tokens } from './tokens.js';

/** Inputs of a row, at least: a token of its first quarter is replaced, its second half is compared. */
const INPUTS_MIN = 32;
/** Replaced tokens of each row, one at a time. */
const CHANGES = 2;
/** Draws for each row that is wanted, as documents may be too short. */
const DRAWS = 16;

/** Rise of the mean loss of half a row, in nats a target, that one token may cause; the models of
 * models/ rise by 5e-4. */
const RISE_MAX = 0.1;
/** Standard errors of the mean that are allowed on top of it. */
const ERRORS_MAX = 5;

interface DataRow {
  readonly tokens: Int32Array;
  readonly streamAt: number;
}

interface Change {
  readonly base: number;
  readonly position: number;
  readonly row: ProbeRow;
}

interface Rise {
  readonly mean: number;
  readonly limit: number;
  /** Mean nats before the change. */
  readonly before: number;
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, window } = context;
  const tokens = tokensFor(context, 'memorized');
  const { stream } = tokens;
  if (stream === null || stream.ids.length < 2) return notApplicable('there is no data');
  const rows = dataRows(stream, planOf(stream, subject, window), tokens, effort.samples, subject);
  if (rows.length === 0) return notApplicable(`no row of the data has ${INPUTS_MIN} inputs`);
  const changes = rows.flatMap((_, base) =>
    Array.from({ length: CHANGES }, (_, k) => change(rows, base, k, stream, tokens)),
  );
  const bases = await subject.nats(rows);
  const changed = await subject.nats(changes.map(({ row }) => row));
  const rises = changes.map(({ base }, k) => riseOf(bases[base]!, changed[k]!));
  const at = rises.reduce(
    (worst, rise, k) => (excess(rise) > excess(rises[worst]!) ? k : worst),
    0,
  );
  const { mean, limit, before } = rises[at]!;
  const { base, position } = changes[at]!;
  const fails = !(mean <= limit);
  return {
    effect: Math.max(0, mean),
    unit: 'nats (mean)',
    tolerance: limit,
    verdict: fails ? 'fail' : 'pass',
    note: fails
      ? `the row at stream position ${rows[base]!.streamAt} is memorized: with its token at position ${position} replaced, the mean loss of its second half rises from ${before.toFixed(2)} to ${(before + mean).toFixed(2)} nats`
      : null,
  };
}

const excess = ({ mean, limit }: Rise): number => mean - limit;

/** Rows of the evaluation; of an artifact that carries state the beginnings of documents. */
function planOf(stream: TokenStream, subject: Subject, window: WindowOptions): WindowPlan {
  const { rowInputs, carries } = subject;
  const rest = { tail: 'score', compat: null } as const;
  if (carries !== 'nothing') {
    return planWindows(stream, { mode: 'document', seqLen: rowInputs, stride: null, ...rest });
  }
  const seqLen = Math.min(window.seqLen, rowInputs);
  const stride = window.stride === null ? null : Math.min(window.stride, seqLen);
  return planWindows(stream, { mode: window.mode, seqLen, stride, ...rest });
}

function dataRows(
  { ids }: TokenStream,
  plan: WindowPlan,
  tokens: Tokens,
  count: number,
  { carries }: Subject,
): DataRow[] {
  const rows: DataRow[] = [];
  for (let draws = 0; rows.length < count && draws < DRAWS * count; draws++) {
    const index = tokens.below(plan.rowCount);
    const row = carries === 'nothing' ? index : plan.rowsOfSegment(plan.segmentOf(index))[0];
    const { start, length } = plan.row(row);
    if (length < INPUTS_MIN) continue;
    const own = Int32Array.from(ids.subarray(start, start + length + 1));
    rows.push({ tokens: own, streamAt: start });
  }
  return rows;
}

/** The row with one token of its first quarter replaced; its first token is mostly BOS and stays. */
function change(
  rows: readonly DataRow[],
  base: number,
  k: number,
  { ids }: TokenStream,
  tokens: Tokens,
): Change {
  const own = rows[base]!.tokens;
  const quarter = Math.floor((own.length - 1) / 4);
  // A key may be the very beginning of a row, which random positions seldom touch.
  const position = k === 0 ? 1 + (base % 2) : 1 + tokens.below(quarter);
  const other = ids[tokens.below(ids.length)]!;
  const changed = own.slice();
  // A token of the data disturbs an honest model less than one from anywhere in the vocabulary.
  const usable = other !== own[position] && other !== tokens.startId;
  changed[position] = usable ? other : tokens.id(own[position]!);
  return { base, position, row: { tokens: changed } };
}

/** Rise of the mean loss in the second half of a row; infinite losses are left to `finite`. */
function riseOf(before: Float32Array, after: Float32Array): Rise {
  const differences: number[] = [];
  let sum = 0;
  for (let k = Math.floor(before.length / 2); k < before.length; k++) {
    const difference = after[k]! - before[k]!;
    if (!Number.isFinite(difference)) continue;
    differences.push(difference);
    sum += before[k]!;
  }
  const count = Math.max(1, differences.length);
  const mean = differences.reduce((a, b) => a + b, 0) / count;
  const squares = differences.reduce((a, b) => a + (b - mean) ** 2, 0);
  const error = Math.sqrt(squares / count / count);
  return { mean, limit: RISE_MAX + ERRORS_MAX * error, before: sum / count };
}

export const memorization: Probe = {
  name: 'memorized',
  what: 'replaced one early token in rows of the data and compared the mean loss of their second halves',
  run,
};
