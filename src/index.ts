/**
 * The public API. Each function does what the command of the same name does, and prints nothing.
 *
 * @module
 */
export { type Artifact, loadArtifact } from './artifact/load.js';
export { audit } from './audit/audit.js';
export type { AuditOptions } from './audit/options.js';
export type { AuditReport, Finding, Severity } from './audit/types.js';
export type { DocumentFacts, TokenStream } from './data/types.js';
export { BpbError, type ErrorCode, type ErrorKind, EXIT_CODES } from './errors.js';
export { type DataOptions, type OpenData, openData } from './evaluation/open-data.js';
export type { ScoreOptions } from './evaluation/options.js';
export { type ProbeOptions, type ProbeReport, probe } from './probes/probe.js';
export type { ProbeVerdict } from './probes/types.js';
export type { Progress } from './progress.js';
export { type ClaimedOptions, scoreClaimed } from './score/claimed.js';
export type { ClaimedResult, ScoreResult } from './score/result.js';
export { score } from './score/score.js';
export type { TokenizeOptions } from './tokenize/options.js';
export type { TokenizeResult } from './tokenize/result.js';
export { tokenize } from './tokenize/tokenize.js';
export { loadTokenizer } from './tokenizer/load.js';
export type { Piece, Tokenizer } from './tokenizer/types.js';
export type { WindowMode, WindowOptions } from './windows/options.js';
export { planWindows, type Row, type WindowPlan } from './windows/plan.js';
