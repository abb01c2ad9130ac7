/**
 * The comparison of a score with that of a control set: documents of the same kind that nobody could train on.
 */

/** Bits and bytes of the documents of one set; both arrays by document. */
export interface Group {
  readonly bits: Float64Array;
  readonly bytes: Float64Array;
}

/** Bytes that both sets are counted by. */
export type SharedAccounting = 'lut' | 'sidecar' | 'decoded' | 'original';

/** One side of the comparison. */
interface ComparedSet {
  /** Documents that are compared: those with a scored target, without those that stand in both sets. */
  readonly documents: number;
  /** Different texts among them, white space aside. */
  readonly different: number;
  /** Scored targets of these documents. */
  readonly targets: number;
  readonly bytes: number;
  /** Their bits over their bytes; null where there are none. */
  readonly bpb: number | null;
}

interface ControlSet extends ComparedSet {
  readonly source: string;
  /** Of the texts where they are documents, else of the token stream. */
  readonly sha256: string;
  /** Of the whole stream. */
  readonly tokens: number;
  /** Its documents that stand in the validation set too, and are left out. */
  readonly left_out: number;
  /** Targets of probability zero, each taken as `ZERO_BITS`. */
  readonly infinite_targets: number;
}

export interface Generalisation {
  readonly verdict: 'pass' | 'fail' | 'not_judged';
  /** Why it is not judged, or what the reader must know beside the verdict. */
  readonly note: string | null;
  readonly accounting: SharedAccounting;
  readonly validation: ComparedSet;
  readonly control: ControlSet;
  /** Bits per byte of the validation set minus those of the control set. */
  readonly difference_bpb: number | null;
  readonly ci95_bpb: readonly [number, number] | null;
  /** A difference of up to this much in favour of the validation set is no failure. */
  readonly margin_bpb: number | null;
  /** Of the permutation test, one-sided for "validation is better"; null where it is not judged. */
  readonly p: number | null;
  readonly permutations: number | null;
  readonly seed: number;
  /** Seconds for all of it: reading, scoring and testing. */
  readonly time_s: number;
}

/** Labels that are drawn. */
export const PERMUTATIONS = 9_999;
/** Documents that each side needs. */
export const MIN_DOCUMENTS = 50;
/** Above this chance is not ruled out. */
export const P_MAX = 0.001;
/** Share of the control's bits per byte by which honest samples of one kind may differ (docs/generalisation.md). */
export const MARGIN = 0.02;
/** Bits of a target of probability zero: a lower bound, those of the least positive fp32 (2^-149). */
export const ZERO_BITS = 149;
