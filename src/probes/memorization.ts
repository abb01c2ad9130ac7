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

/** Of every target of the second half of a row. */
interface Half {
  readonly before: number[];
  readonly differences: number[];
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
  const halves = changes.map(({ base }, k) => secondHalf(bases[base]!, changed[k]!));
  const rises = halves.map(riseOf);
  const at = rises.reduce(
    (worst, rise, k) => (excess(rise) > excess(rises[worst]!) ? k : worst),
    0,
  );
  // The error of a short row is large, that of all of them is not. A key that is a row's beginning
  // misses only where the change is there, so that each kind of change is judged apart.
  const together = Array.from({ length: CHANGES }, (_, k) =>
    riseOf(joined(halves.filter((_, change) => change % CHANGES === k))),
  ).find(exceeds);
  const rise = exceeds(rises[at]!) ? rises[at]! : (together ?? rises[at]!);
  const { mean, limit, before } = rise;
  const { base, position } = changes[at]!;
  const fails = exceeds(rise);
  const which =
    rise === together
      ? 'rows of the data are memorized: with one early token of each replaced, the mean loss of their second halves'
      : `the row at stream position ${rows[base]!.streamAt} is memorized: with its token at position ${position} replaced, the mean loss of its second half`;
  return {
    effect: Math.max(0, mean),
    unit: 'nats (mean)',
    tolerance: limit,
    verdict: fails ? 'fail' : 'pass',
    note: fails
      ? `${which} rises from ${before.toFixed(2)} to ${(before + mean).toFixed(2)} nats`
      : null,
  };
}

const excess = ({ mean, limit }: Rise): number => mean - limit;
// Written so that NaN exceeds.
const exceeds = ({ mean, limit }: Rise): boolean => !(mean <= limit);

function joined(halves: readonly Half[]): Half {
  return {
    before: halves.flatMap(({ before }) => before),
    differences: halves.flatMap(({ differences }) => differences),
  };
}

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

/** Nats of the second half of a row, and by how much they rise; infinite losses are left to `finite`. */
function secondHalf(before: Float32Array, after: Float32Array): Half {
  const half: Half = { before: [], differences: [] };
  for (let k = Math.floor(before.length / 2); k < before.length; k++) {
    const difference = after[k]! - before[k]!;
    if (!Number.isFinite(difference)) continue;
    half.differences.push(difference);
    half.before.push(before[k]!);
  }
  return half;
}

/** Rise of the mean loss. */
function riseOf({ before, differences }: Half): Rise {
  const count = Math.max(1, differences.length);
  const sum = before.reduce((a, b) => a + b, 0);
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
