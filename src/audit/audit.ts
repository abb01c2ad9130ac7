/**
 * `bpb audit`: a tokenizer's byte accounting, alone or on documents, shards and a sidecar.
 */
import { type BpbError, interrupted, usageError } from '../errors.js';
import { AUDIT_CHECKS, type AuditOptions } from '../evaluation/audit-options.js';
import { checkAuditFlags } from '../evaluation/checks/audit.js';
import { openEvaluation } from '../evaluation/open.js';
import { checkOptionTypes } from '../option-check.js';
import { withOutDirectory } from '../out-directory.js';
import type { SourceAudit } from '../submission/source/types.js';
import { runChecks } from './checks/check.js';
import { CHECKS } from './checks/index.js';
import { type Audited, composeReport } from './compose.js';
import { AUDIT_FILES, AuditOutput } from './documents-output.js';
import { gatherFacts } from './gather.js';
import { examineData, examineTokenizer, type OpenedData } from './inputs.js';
import { findOverlap, type OverlapFacts } from './overlap.js';
import { examineText } from './text-pass.js';
import type { AuditReport } from './types.js';

/**
 * Audits a tokenizer's byte accounting, alone and on data, or a script (`source`); runs no model.
 *
 * @example
 * ```ts
 * import { audit } from 'bpb-harness';
 *
 * const report = await audit({ tokenizer: 'tokenizer.model', docs: 'docs.jsonl' });
 * for (const { check, severity, detail } of report.findings) console.log(severity, check, detail);
 *
 * const script = await audit({ source: 'train_gpt.py' });
 * console.log(script.verdict, script.source?.could_not_judge);
 * ```
 * @returns the report, also when the verdict is `fail`
 * @throws BpbError: `usage`; `input` for what cannot be read at all (no model, invalid UTF-8, a
 * damaged shard); `interrupted`
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  checkOptionTypes('audit', AUDIT_CHECKS, options);
  checkAuditFlags(options);
  const { out, signal } = options;
  if (out === undefined) return auditInputs(options, null);
  // An audit has always written over an earlier one of its own.
  return withOutDirectory({ path: out, files: AUDIT_FILES, force: true, signal }, async () => {
    const output = new AuditOutput(out);
    try {
      return await auditInputs(options, output);
    } catch (error) {
      output.discard();
      throw error;
    }
  });
}

async function auditInputs(
  options: AuditOptions,
  output: AuditOutput | null,
): Promise<AuditReport> {
  const started = performance.now();
  const { tokenizer, source } = options;
  const script = source === undefined ? null : await readScript(source);
  const audited = tokenizer === undefined ? null : await auditData(options, output);
  const report = composeReport(options, audited, script, started);
  output?.finish(report);
  return report;
}

/** The parser of Python and its interpreter are loaded only where a script is audited. */
async function readScript(path: string): Promise<SourceAudit> {
  const [{ auditSource }, { simulate }] = await Promise.all([
    import('../submission/source/audit.js'),
    import('../submission/simulation/index.js'),
  ]);
  return auditSource(path, simulate);
}

async function auditData(options: AuditOptions, output: AuditOutput | null): Promise<Audited> {
  const inputs = await openEvaluation(options, 'audit');
  const opened = await examineTokenizer(inputs, options);
  const { tokenizer } = opened;
  const data = await examineData(inputs, options);
  // A model that does not load cannot encode: its own findings stand alone.
  const hasText = opened.unloadable === null && (data.source !== null || data.stream !== null);
  const pass = hasText
    ? await examineText(data, tokenizer, opened.table?.claimed ?? null, output, options)
    : null;
  const overlap = await searchTraining(data, options);
  const facts = gatherFacts(options, opened, data, pass, overlap);
  return { facts, data, pass, ...runChecks(CHECKS, facts) };
}

async function searchTraining(
  { stream }: OpenedData,
  { trainData, signal, onProgress }: AuditOptions,
): Promise<OverlapFacts | null> {
  if (trainData === undefined || stream === null) return null;
  if (stream.startId === null) throw noTrainingDocuments();
  return findOverlap(stream, stream.startId, trainData, (tokens) => {
    if (signal?.aborted) throw interrupted();
    onProgress?.({
      phase: 'overlap',
      done: tokens,
      total: null,
      unit: 'training tokens',
      bpb: null,
    });
  });
}

function noTrainingDocuments(): BpbError {
  return usageError('BPB_USAGE_AUDIT', {
    message: 'training shards are searched document by document, and no id begins a document',
    path: '--train-data',
    expected: '--document-start ID beside it',
    actual: 'a tokenizer without BOS, or --document-start none',
    hint: 'add --document-start ID where an id stands before each document; else leave --train-data out',
  });
}
