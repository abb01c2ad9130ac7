/**
 * The documents of one side of a comparison with a control set, as its figures and its test have them.
 */
import type { ByteTotals } from '../bytes/accounting.js';
import { firstOfEach } from '../generalisation/overlap.js';
import { ratioOf, total } from '../generalisation/permutation.js';
import type { Texts } from '../generalisation/texts.js';
import {
  type Generalisation,
  type Group,
  type SharedAccounting,
  ZERO_BITS,
} from '../generalisation/types.js';
import { marginOf } from '../generalisation/verdict.js';
import { differenceInterval, ratioUncertainty } from './statistics.js';

/** The headline's accounting where both sets have it, else what both have: published bytes, decoded ones. */
export function sharedAccounting(own: ByteTotals, other: ByteTotals | null): SharedAccounting {
  if (other === null || other[own.headline] !== null) return own.headline;
  return own.original !== null && other.original !== null ? 'original' : 'decoded';
}

interface Chosen {
  readonly accounting: SharedAccounting;
  /** Ids of the tokenizer. */
  readonly vocabulary: number;
  readonly texts: Texts;
  /** Documents that are left out. */
  readonly left: ReadonlySet<number>;
}

interface Compared {
  /** What the figures are of. */
  readonly group: Group;
  /** What the test is of: each text once, and none costs more than a uniform guess. */
  readonly tested: Group;
  readonly figures: Generalisation['validation'];
}

/**
 * The documents with scored targets, without those that are left out.
 *
 * A model that is told by a few bytes which documents it does not know could lose on some of them on purpose, so
 * that the spread of documents hides what it knows of others. In the test a document therefore costs at most what a
 * uniform guess over the vocabulary costs: documents stay exchangeable, however they are bounded. Copies of a text are
 * no observations of their own, and enter the test once.
 */
export function comparedSet(
  bits: Float64Array,
  { byDocument }: ByteTotals,
  { accounting, vocabulary, texts, left }: Chosen,
): Compared {
  const own = byDocument[accounting]!;
  const kept = (d: number) => byDocument.targets[d]! > 0 && !left.has(d);
  const chosen = (values: Float64Array) => values.filter((_, d) => kept(d));
  const group = { bits: chosen(bits), bytes: chosen(own) };
  const first = firstOfEach(texts, (d) => kept(d) && own[d]! > 0);
  const different = (values: Float64Array) => values.filter((_, d) => first[d] === 1);
  const most = Math.log2(vocabulary);
  const bounded = bits.map((each, d) => Math.min(each, byDocument.targets[d]! * most));
  const tested = { bits: different(bounded), bytes: different(own) };
  const bytes = total(group.bytes);
  const targets = byDocument.targets.reduce((sum, count, d) => (kept(d) ? sum + count : sum), 0);
  return {
    group,
    tested,
    figures: {
      documents: group.bytes.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
      different: tested.bytes.length,
      targets,
      bytes,
      bpb: bytes === 0 ? null : ratioOf(group),
    },
  };
}

export function nothing(): Compared {
  const none = new Float64Array(0);
  const figures = { documents: 0, different: 0, targets: 0, bytes: 0, bpb: null };
  const group = { bits: none, bytes: none };
  return { group, tested: group, figures };
}

/** A control set must not be spared the documents that the model gives no probability at all. */
export function withZeros(bits: Float64Array, zeros: Uint32Array): Float64Array {
  return bits.map((own, d) => own + ZERO_BITS * zeros[d]!);
}

export function differenceOf(validation: Group, control: Group) {
  const estimate = (group: Group) => ({
    ratio: ratioOf(group),
    stderr: ratioUncertainty(group.bits, group.bytes).stderr,
    documents: group.bits.length,
  });
  const [own, other] = [estimate(validation), estimate(control)];
  if (!Number.isFinite(own.ratio) || !Number.isFinite(other.ratio)) {
    return { difference_bpb: null, ci95_bpb: null, margin_bpb: null };
  }
  return {
    difference_bpb: own.ratio - other.ratio,
    ci95_bpb: differenceInterval(own, other),
    margin_bpb: marginOf(other.ratio),
  };
}
