/**
 * Progress of a long run, as every command reports it.
 */
export interface Progress {
  readonly phase:
    | 'data'
    | 'tokenize'
    | 'rewrite'
    | 'load'
    | 'score'
    | 'prove'
    | 'verify'
    | 'control'
    | 'probe'
    | 'every-row'
    | 'measure'
    | 'examine'
    | 'overlap'
    | 'claim';
  readonly done: number;
  /** Null where it cannot be known yet. */
  readonly total: number | null;
  readonly unit: string;
  /** Bits per byte so far, in the headline accounting. */
  readonly bpb: number | null;
}
