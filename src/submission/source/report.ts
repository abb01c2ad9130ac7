/**
 * The parts of an evaluation, the checks of a source audit, and their findings.
 */

/** The parts of an evaluation that are judged one by one, in the order in which they are listed. */
export const PARTS = ['table', 'aggregation', 'coverage', 'sidecar', 'constants'] as const;
export type PartName = (typeof PARTS)[number];

/** Every check, and the part of the evaluation that it is about; null: about none of them. */
export const CHECK_PARTS = {
  'lut-marker': 'table',
  'leading-space-twice': 'table',
  'kept-marker': 'table',
  'space-not-counted': 'table',
  'replacement-character': 'table',
  'lut-by-decode': 'table',
  'byte-pieces': 'table',
  'control-pieces': 'table',
  'wrong-bytes': 'table',
  'mean-of-means': 'aggregation',
  'narrow-sum': 'aggregation',
  'not-reduced': 'aggregation',
  'loss-not-nats': 'aggregation',
  'truncated-set': 'coverage',
  'head-not-scored': 'coverage',
  'tail-not-scored': 'coverage',
  'gap-not-scored': 'coverage',
  'scored-twice': 'coverage',
  'rank-remainder': 'coverage',
  'other-targets': 'coverage',
  'lut-for-caseops': 'sidecar',
  'sidecar-unused': 'sidecar',
  'sidecar-glob': 'sidecar',
  'sidecar-length': 'sidecar',
  'bytes-per-token': 'constants',
  empty: null,
  syntax: null,
  encoding: null,
  'lossy-text': null,
  obfuscated: null,
  wrapped: null,
  loader: null,
  network: null,
} as const satisfies Readonly<Record<string, PartName | null>>;

type SourceCheck = keyof typeof CHECK_PARTS;

export interface SourceFinding {
  readonly check: SourceCheck;
  /** `fail`: the score is wrong · `warn`: it may be, or depends on the run · `info`: worth knowing. */
  readonly severity: 'fail' | 'warn' | 'info';
  /** Name beside the given file or in the given folder; null for the given file itself. */
  readonly file: string | null;
  /** 1-based, in the layer's own text. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** 0: the file itself; 1 and more: the source that was unpacked from a wrapper in it. */
  readonly layer: number;
  /** One line of the source, control characters escaped, at most 120 characters. */
  readonly excerpt: string;
  readonly explanation: string;
  readonly remedy: string;
}

export type Place = Pick<SourceFinding, 'file' | 'line' | 'column' | 'layer' | 'excerpt'>;
export type Words = Pick<SourceFinding, 'check' | 'severity' | 'explanation' | 'remedy'>;
