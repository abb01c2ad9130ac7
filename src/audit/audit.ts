/**
 * Audits a tokenizer's byte accounting, alone or on documents, shards and a sidecar.
 */
import { interrupted } from '../score/run.js';
import type { AuditFacts } from './checks/check.js';
import { runChecks } from './checks/check.js';
import { CHECKS } from './checks/index.js';
import { composeReport, gatherFacts } from './compose.js';
import { openInputs, openTokenizer } from './inputs.js';
import { type AuditOptions, checkOptions } from './options.js';
import { findOverlap } from './overlap.js';
import { AuditOutput } from './table.js';
import { examineText } from './text-pass.js';
import type { AuditReport } from './types.js';

/**
 * Audits a tokenizer and what it is given of the data, without any model.
 *
 * @example
 * ```ts
 * import { audit } from 'bpb-harness';
 * const report = await audit({ tokenizer: 'tokenizer.model', docs: 'docs.jsonl' });
 * for (const { check, severity, detail } of report.findings) console.log(severity, check, detail);
 * ```
 * @returns the report, also when the verdict is `fail`
 * @throws BpbError: `usage`; `input` for what cannot be read at all (no model, invalid UTF-8, a
 * damaged shard); `interrupted`
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const started = performance.now();
  checkOptions(options);
  const opened = await openTokenizer(options);
  const { tokenizer } = opened;
  const output = options.out === undefined ? null : new AuditOutput(options.out);
  const data = await openInputs(options, tokenizer);
  // A model that does not load cannot encode: its own findings stand alone.
  const hasText = opened.unloadable === null && (data.source !== null || data.stream !== null);
  const pass = hasText
    ? await examineText(data, tokenizer, opened.table?.claimed ?? null, output, options)
    : null;
  const overlap =
    options.trainData === undefined || data.stream === null
      ? null
      : await findOverlap(data.stream, tokenizer.bosId, options.trainData, (tokens) => {
          if (options.signal?.aborted) throw interrupted();
          options.onProgress?.({
            phase: 'overlap',
            done: tokens,
            total: null,
            unit: 'training tokens',
            bpb: null,
          });
        });
  const facts: AuditFacts = gatherFacts(options, opened, data, pass, overlap);
  const { findings, outcomes } = runChecks(CHECKS, facts);
  const report = composeReport(options, { facts, data, pass, findings, outcomes, started });
  output?.finish(report);
  return report;
}
