/**
 * The verification of a result: read, checked on its own, held against its files, its data and its artifact.
 */
import { interrupted, usageError } from '../errors.js';
import { checkOptionTypes, flagOf } from '../option-check.js';
import type { Progress } from '../progress.js';
import type { ScoreResult } from '../score/result.js';
import { harnessCommit, harnessVersion } from '../version.js';
import { consistencyChecks } from './consistency.js';
import { ledgerChecks } from './ledger-check.js';
import { reopen } from './open.js';
import { VERIFY_CHECKS, type VerifyOptions } from './options.js';
import { type ReadResult, readResult } from './read.js';
import { rowsCheck } from './rows-check.js';
import { knownRules, rulesChecks } from './rules.js';
import { streamChecks } from './stream-check.js';
import { checkTables } from './tables.js';
import type { VerifyReport } from './types.js';
import { verdictOf } from './verdict.js';

/**
 * Verifies a result of `score`: its totals are computed again from its files, and with `artifact` rows
 * drawn at random are scored again.
 *
 * @example
 * ```ts
 * import { verify } from 'bpb-harness';
 *
 * const report = await verify({ result: 'results', artifact: 'models/sotu-8x256' });
 * console.log(report.verdict, report.checks, report.rows);
 * ```
 * @returns the report, also where a check fails: `verdict` is then `failed`
 * @throws BpbError: `input` for a result that was edited, or that is not of what was given; `usage`
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const started = performance.now();
  checkOptionTypes('verify', VERIFY_CHECKS, options);
  checkFlags(options);
  const read = readResult(options.result);
  const { result } = read;
  // Also ends the reading of large tables.
  const onProgress = (progress: Progress): void => {
    if (options.signal?.aborted) throw interrupted();
    options.onProgress?.(progress);
  };
  const rules = knownRules(result, options.rules);
  const checks = consistencyChecks(result, rules);
  const tables = await checkTables(read, onProgress);
  checks.push(...rulesChecks(result, options.rules), ...tables.checks);
  checks.push(...(await ledgerChecks(result)));
  let rows: VerifyReport['rows'] = null;
  if (options.artifact !== undefined) {
    const opened = await reopen(computed(result), options);
    const named = { rules, out: read.folder };
    checks.push(...(await streamChecks(computed(result), opened, tables, named)));
    const again = await rowsCheck(computed(result), opened, tables, options);
    checks.push(again.check);
    rows = again.rows;
  }
  const { evidence } = result.score;
  const verdict = verdictOf(checks, { partial: result.coverage.partial, evidence, rows });
  return {
    schema: 'bpb-verify/1',
    ...verdict,
    result: summaryOf(read),
    checks,
    rows,
    time: { total_s: (performance.now() - started) / 1000 },
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: options.command ?? '',
      date: new Date().toISOString(),
    },
  };
}

function summaryOf({ file, result }: ReadResult): VerifyReport['result'] {
  const { score, coverage, artifact, status, run } = result;
  return {
    file,
    sha256: run.sha256,
    status,
    evidence: score.evidence,
    val_bpb: score.val_bpb,
    val_loss: score.val_loss,
    partial: coverage.partial,
    part: coverage.part ?? null,
    artifact: artifact === null ? null : { name: artifact.name, sha256: artifact.sha256 },
    verification: result.engine === null ? null : result.verification.verdict,
    harness: run.harness,
  };
}

/** The result of an artifact: of a claim no artifact is known. */
function computed(result: ReadResult['result']): ScoreResult {
  if (result.engine !== null) return result;
  throw usageError('BPB_USAGE_VERIFY', {
    message: 'the nats of a claimed score were made elsewhere: there is no artifact to score again',
    path: '--artifact',
    expected: 'no --artifact',
    actual: 'a claimed score',
    hint: 'bpb score --ledger FILE --targets FILE.f32 with its data gives the same claim again',
  });
}

/** Flags that say what to score again, which nothing is without an artifact. */
const OF_ARTIFACT = [
  ...(['data', 'docs', 'textField', 'sidecar', 'tokenizer', 'allowOp'] as const),
  ...(['rows', 'seed', 'threads'] as const),
];

function checkFlags(options: VerifyOptions): void {
  if (options.artifact !== undefined) return;
  const stray = OF_ARTIFACT.find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  throw usageError('BPB_USAGE_VERIFY', {
    message: `${flagOf(stray)} has no meaning without an artifact: nothing is scored again`,
    path: flagOf(stray),
    expected: '--artifact ARTIFACT beside it',
    actual: 'no --artifact',
  });
}
