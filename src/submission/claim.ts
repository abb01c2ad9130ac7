/**
 * Judgement of claimed scores: a pair of figures, or the final scores of training logs.
 */
import { usageError } from '../errors.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import { claimLog } from './claim/judge-log.js';
import { judgeClaim } from './claim/judge-pair.js';
import type { LogClaim, LogFinding } from './claim/log-types.js';
import type { Claim, ClaimInput } from './claim/types.js';

/** Either a pair of figures (`valLoss`, `valBpb`) or `logs`. */
export interface ClaimOptions extends Partial<ClaimInput> {
  /** Training logs of the challenge; every final score that they print is judged. */
  readonly logs?: readonly string[] | undefined;
}

const CLAIM_CHECKS: OptionChecks<ClaimOptions> = {
  logs: option.texts,
  valLoss: option.numeric,
  valBpb: option.numeric,
  tokens: option.number,
  family: option.text,
};

/**
 * `fail` where the accounting is a known mistake, the data another set, or a log has a finding of
 * severity `fail`. A claim that is merely unknown or ambiguous passes.
 */
type Verdict = 'pass' | 'fail';

/** The report of a pair of figures. */
interface PairReport {
  readonly schema: 'bpb-claim/1';
  readonly verdict: Verdict;
  readonly claim: Claim;
  readonly logs?: undefined;
}

/** The report of training logs: one entry per log, in the order given. */
interface LogsReport {
  readonly schema: 'bpb-claim/1';
  readonly verdict: Verdict;
  readonly claim?: undefined;
  readonly logs: readonly LogClaim[];
}

export type ClaimReport = PairReport | LogsReport;

/**
 * Says which bytes a claimed score implies, and which known sets and mistakes they fit.
 *
 * @example
 * ```ts
 * import { claim } from 'bpb-harness';
 *
 * const report = await claim({ valLoss: '2.07234577', valBpb: '1.22735990' });
 * console.log(report.verdict, report.claim?.explanation);
 * ```
 * @returns the report, also when the verdict is `fail`
 * @throws BpbError: `usage` (BPB_USAGE_CLAIM, BPB_CLAIM_NUMBER, BPB_CLAIM_TOKENS,
 *   BPB_CLAIM_FAMILY); `input` where a file is not a log
 */
export async function claim(options: ClaimOptions): Promise<ClaimReport> {
  checkOptionTypes('claim', CLAIM_CHECKS, options);
  const { logs = [], valLoss, valBpb, tokens, family } = options;
  if (logs.length > 0) {
    if (valLoss !== undefined || valBpb !== undefined) throw misuse('both');
    const judged: LogClaim[] = [];
    for (const log of logs) judged.push(await claimLog(log));
    const failed = judged.some(({ findings }) => findings.some(isFailure));
    return { schema: 'bpb-claim/1', verdict: failed ? 'fail' : 'pass', logs: judged };
  }
  if (valLoss === undefined || valBpb === undefined) {
    const one = valLoss !== undefined ? '--val-loss alone' : '--val-bpb alone';
    throw misuse(valLoss === valBpb ? 'neither' : one);
  }
  const judged = judgeClaim({ valLoss, valBpb, tokens, family });
  const failed = judged.verdict === 'mistake' || judged.verdict === 'other-set';
  return { schema: 'bpb-claim/1', verdict: failed ? 'fail' : 'pass', claim: judged };
}

function isFailure({ severity }: LogFinding): boolean {
  return severity === 'fail';
}

function misuse(found: string) {
  return usageError('BPB_USAGE_CLAIM', {
    message: 'a claim is a pair of figures, or logs that print them',
    path: '--val-loss, --val-bpb',
    expected: '--val-loss and --val-bpb, or the names of logs',
    actual: found,
  });
}
