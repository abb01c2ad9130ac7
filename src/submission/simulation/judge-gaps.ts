/**
 * Targets that a run leaves out: at the beginning, at the end and between others.
 */
import { lengthOf, type Span, spansOf } from './judge-places.js';
import { differ } from './judge-shares.js';
import type { Reading } from './judge-types.js';

/** Rows have at most this many tokens where the run did not show how many. */
const ROW_MAX = 2048;

/** What a run leaves out. */
interface Gaps {
  readonly head: Span | null;
  readonly tail: Span | null;
  readonly inner: readonly Span[];
}

/** Targets without a loss, in spans; the allowed last row is not among them. */
export function gapsOf(reading: Reading): Gaps {
  const { weights, last, trial } = reading;
  const missing: number[] = [];
  for (let position = 1; position <= last; position++) {
    if (!weights.has(position)) missing.push(position);
  }
  const spans = spansOf(missing);
  const head = spans[0]?.from === 1 ? spans[0] : null;
  const end = spans.at(-1)?.to === last ? spans.at(-1)! : null;
  const dropped = droppedOf(reading, end === null ? 0 : lengthOf(end));
  // The last document as a whole is no row.
  const document = end !== null && end.from - 1 === trial.set.starts.at(-1) && lengthOf(end) > 1;
  return {
    head,
    tail: end !== null && (document || lengthOf(end) > dropped) ? end : null,
    inner: spans.filter((span) => span !== head && span !== end),
  };
}

/**
 * Most targets that may be left out at the end: the last incomplete row. Windows that advance by a stride leave out less
 * than one, unless the stream is cut to whole rows first; what else they leave out are windows.
 */
function droppedOf({ last, trial }: Reading, left: number): number {
  const { seqLen, rows = [], stride, scale } = trial;
  if (seqLen === null) return ROW_MAX / (scale ?? 1) - 1;
  const row = last % seqLen;
  if ([seqLen, ...rows].some((length) => left === last % length)) return left;
  return stride !== null && stride < seqLen ? Math.min(row, stride - 1) : row;
}

/** At least this share of the gaps that come with a longer set, if they come as often. */
const AS_OFTEN = 0.7;
/** As many gaps with the same distances come with every row, also where no longer set was run. */
const REGULAR_MIN = 6;

/** Gaps that a longer stream has more of in proportion: a share of it, however few targets each of them loses. */
export function repeats(readings: readonly Reading[], period: number | null): boolean {
  const gaps = (reading: Reading) => gapsOf(reading).inner.length;
  if (!differ(readings))
    return period !== null && readings.every((one) => gaps(one) >= REGULAR_MIN);
  return readings.every((longer) =>
    readings.every((shorter) => {
      const [more, length] = [gaps(longer) / gaps(shorter), longer.last / shorter.last];
      return length <= 1 || more - 1 >= AS_OFTEN * (length - 1);
    }),
  );
}
