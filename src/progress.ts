/**
 * How far a long run has come: what every command reports and only `report/` prints.
 */
export interface Progress {
  readonly phase:
    | 'data'
    | 'tokenize'
    | 'load'
    | 'score'
    | 'prove'
    | 'verify'
    | 'probe'
    | 'measure'
    | 'examine'
    | 'overlap';
  readonly done: number;
  /** Null where it cannot be known yet. */
  readonly total: number | null;
  readonly unit: string;
  /** Bits per byte so far, in the headline accounting. */
  readonly bpb: number | null;
}
