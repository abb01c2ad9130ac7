/**
 * Scored spans of a batch, with what is derived from them once: infinite targets and ledger events.
 */
import type { ScoreEvent } from '../ledger/events.js';

/** Consecutive scored targets, each span inside one row and one document. */
export interface ScoredSpans {
  readonly document: Uint32Array;
  /** Stream index of the span's first target. */
  readonly first: Uint32Array;
  readonly count: Uint32Array;
}

/** Targets to which the model gave probability zero. */
export interface InfiniteTargets {
  readonly count: number;
  /** Lowest stream index among them; -1 when there is none. */
  readonly first: number;
}

/** Of the nats of a batch: the least and the most, and its infinite targets, in all and by span. */
export interface InfiniteCounts {
  readonly least: number;
  readonly most: number;
  readonly infinite: InfiniteTargets;
  /** How many targets of each span are infinite; null where none is. */
  readonly infiniteSpans: Uint32Array | null;
}

/** @param nats of every scored target, in the order of the spans */
export function infiniteTargets(nats: Float32Array, spans: ScoredSpans): InfiniteCounts {
  const [least, most] = extremes(nats);
  if (most < Number.POSITIVE_INFINITY) {
    return { least, most, infinite: { count: 0, first: -1 }, infiniteSpans: null };
  }
  let count = 0;
  let first = -1;
  let infiniteSpans: Uint32Array | null = null;
  let k = 0;
  for (let r = 0; r < spans.count.length; r++) {
    for (let j = 0; j < spans.count[r]!; j++, k++) {
      if (nats[k] !== Number.POSITIVE_INFINITY) continue;
      count++;
      infiniteSpans ??= new Uint32Array(spans.count.length);
      infiniteSpans[r]!++;
      const index = spans.first[r]! + j;
      if (first < 0 || index < first) first = index;
    }
  }
  return { least, most, infinite: { count, first }, infiniteSpans };
}

/** One pass: a nanosecond a target, where a model needs microseconds. */
function extremes(nats: Float32Array): [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let k = 0; k < nats.length; k++) {
    const value = nats[k]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/**
 * One ledger event a span.
 *
 * @param q30 Q30 sum of each span
 * @param infiniteSpans infinite targets of each span; null where none is
 */
export function scoreEvents(
  { document, first, count }: ScoredSpans,
  q30: BigInt64Array,
  infiniteSpans: Uint32Array | null,
): ScoreEvent[] {
  return Array.from(count, (targets, r) => ({
    kind: 'score',
    first: first[r]!,
    count: targets,
    document: document[r]!,
    q30: q30[r]!,
    infinite: infiniteSpans?.[r] ?? 0,
  }));
}
