/**
 * Public API: a function for each command of `bpb`, and the loaders that they build on.
 *
 * | command | function |
 * | --- | --- |
 * | `bpb score` | `score` |
 * | `bpb score --ledger FILE --targets FILE` | `scoreClaimed` |
 * | `bpb probe` | `probe` |
 * | `bpb probe --ledger FILE` | `probeLedger` |
 * | `bpb verify` | `verify` |
 * | `bpb audit`, `bpb audit --source` | `audit` |
 * | `bpb claim` | `claim` |
 * | `bpb tokenize` | `tokenize` |
 * | `bpb doctor` | `doctor` |
 * | `bpb init` | `init` |
 *
 * A function takes the flags of its command as options, returns the document that the command prints
 * with `--json`, and prints nothing. It throws a `BpbError`, whose `exitCode` is that of the command;
 * options of a wrong name or type are refused (`BPB_USAGE_OPTION`).
 * The loaders are `loadArtifact`, `loadTokenizer`, `openData` and `planWindows`.
 *
 * @module
 */
export { type Artifact, loadArtifact } from './artifact/load.js';
export type { PortOptions } from './artifact/load-model.js';
export { audit } from './audit/audit.js';
export type { AuditReport, Finding, Severity } from './audit/types.js';
export type { DocumentFacts, TokenStream } from './data/types.js';
export { type DoctorOptions, doctor } from './doctor/doctor.js';
export type { DoctorReport } from './doctor/types.js';
export { BpbError, type ErrorCode, type ErrorKind, EXIT_CODES } from './errors.js';
export type { AuditOptions } from './evaluation/audit-options.js';
export { type DataOptions, type OpenData, openData } from './evaluation/open-data.js';
export type { ClaimedOptions, ScoreOptions } from './evaluation/options.js';
export { init } from './init/init.js';
export type { InitOptions, InitResult } from './init/types.js';
export { type LedgerProbeOptions, type LedgerReport, probeLedger } from './ledger/verify.js';
export { type ProbeOptions, type ProbeReport, probe } from './probes/probe.js';
export type { Progress } from './progress.js';
export { scoreClaimed } from './score/claimed.js';
export type { ClaimedResult, ScoreResult } from './score/result.js';
export { score } from './score/score.js';
export type { InputAnswer, LogMean } from './submission/claim/input/types.js';
export type { LogClaim } from './submission/claim/log-types.js';
export type { SummaryClaim } from './submission/claim/summary/types.js';
export type { TableClaim } from './submission/claim/table/types.js';
export type { Claim } from './submission/claim/types.js';
export { type ClaimOptions, type ClaimReport, claim } from './submission/claim.js';
export type { TokenizeOptions } from './tokenize/options.js';
export type { TokenizeResult } from './tokenize/result.js';
export { tokenize } from './tokenize/tokenize.js';
export { loadTokenizer } from './tokenizer/load.js';
export type { ReportProblem } from './tokenizer/problems.js';
export type { Piece, Tokenizer } from './tokenizer/types.js';
export type { ProbeVerdict } from './verdict.js';
export type { VerifyOptions } from './verify/options.js';
export type { VerifyReport } from './verify/types.js';
export { verify } from './verify/verify.js';
export type { WindowMode, WindowOptions } from './windows/options.js';
export { planWindows, type Row, type WindowPlan } from './windows/plan.js';
