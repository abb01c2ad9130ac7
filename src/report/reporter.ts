/**
 * The reporter interface: each kind of result document in, one text out.
 */
import type { AuditReport } from '../audit/types.js';
import type { DoctorReport } from '../doctor/types.js';
import type { BpbError } from '../errors.js';
import type { InitResult } from '../init/types.js';
import type { LedgerReport } from '../ledger/verify.js';
import type { ProbeReport } from '../probes/probe.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import type { ClaimReport } from '../submission/claim.js';
import type { TokenizeResult } from '../tokenize/result.js';
import type { VerifyReport } from '../verify/types.js';

/** The kinds of documents, and the type of each. */
export interface ReportDocuments {
  score: ScoreResult;
  'claimed-score': ClaimedResult;
  verify: VerifyReport;
  audit: AuditReport;
  claim: ClaimReport;
  probe: ProbeReport;
  ledger: LedgerReport;
  tokenize: TokenizeResult;
  doctor: DoctorReport;
  init: InitResult;
  /** What a command that failed reports in place of a result. */
  error: BpbError;
}

type ReportKind = keyof ReportDocuments;

/** A document with its kind. */
export type Report = { [Kind in ReportKind]: ReportOf<Kind> }[ReportKind];

interface ReportOf<Kind extends ReportKind> {
  readonly kind: Kind;
  readonly document: ReportDocuments[Kind];
}

/** Where a report is written: stdout or stderr, which may be a terminal, or a file. */
export interface Medium {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** A file that was named for the report: no colours, whatever the environment says. */
  readonly plain?: boolean | undefined;
}

type Format<Kind extends ReportKind> = (document: ReportDocuments[Kind], medium: Medium) => string;

export interface Reporter {
  /** The name that `--report` takes. */
  readonly name: string;
  /**
   * Where a command on stdout reports an error: `stdout` in place of the result, for programs that
   * read documents there; `stderr` as text, for people; `both`.
   */
  readonly errors: 'stdout' | 'stderr' | 'both';
  /** The function for each kind; the text has no line break at its end. */
  readonly formats: { readonly [Kind in ReportKind]: Format<Kind> };
}

/** `report` in the format of `reporter`, without a line break at its end. */
export function render<Kind extends ReportKind>(
  reporter: Reporter,
  { kind, document }: ReportOf<Kind>,
  medium: Medium,
): string {
  return reporter.formats[kind](document, medium);
}
