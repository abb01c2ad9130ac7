/**
 * Judgement of claimed scores: a pair of figures, or the final scores of training logs.
 */
import { usageError } from '../errors.js';
import { claimLog } from './claim-log.js';
import type { Claim, ClaimInput } from './claim-types.js';
import { judgeClaim } from './judge-claim.js';
import type { LogClaim } from './log-types.js';

/** Either a pair of figures (`valLoss`, `valBpb`) or `logs`. */
export interface ClaimOptions extends Partial<ClaimInput> {
  /** Training logs of the challenge; every final score that they print is judged. */
  readonly logs?: readonly string[] | undefined;
}

/** `claim` where a pair was given, `logs` (one entry per log, in order) where logs were. */
export interface ClaimReport {
  readonly schema: 'bpb-claim/1';
  readonly claim?: Claim;
  readonly logs?: readonly LogClaim[];
}

/**
 * Says which bytes a claimed score implies, and which known sets and mistakes they fit.
 *
 * @example
 * ```ts
 * import { claim, claimFails } from 'bpb-harness';
 * const report = await claim({ valLoss: '2.07234577', valBpb: '1.22735990' });
 * console.log(report.claim?.verdict, report.claim?.explanation, claimFails(report));
 * ```
 * @returns the judgement, also where the verdict is `mistake` or `other-set`
 * @throws BpbError: BPB_USAGE_CLAIM, BPB_CLAIM_NUMBER, BPB_CLAIM_TOKENS, BPB_CLAIM_FAMILY (exit 2);
 * BPB_LOG_… where a file is not a log (exit 3)
 */
export async function claim(options: ClaimOptions): Promise<ClaimReport> {
  const { logs = [], valLoss, valBpb, tokens, family } = options;
  if (logs.length > 0) {
    if (valLoss !== undefined || valBpb !== undefined) throw misuse('both');
    const judged: LogClaim[] = [];
    for (const log of logs) judged.push(await claimLog(log));
    return { schema: 'bpb-claim/1', logs: judged };
  }
  if (valLoss === undefined || valBpb === undefined) throw misuse('neither');
  return { schema: 'bpb-claim/1', claim: judgeClaim({ valLoss, valBpb, tokens, family }) };
}

/**
 * Whether a judged claim is wrong (exit 1 of `bpb claim`): its accounting is a known mistake, its
 * data another set, or a log has a finding of severity `fail`. A claim that is merely unknown is not.
 *
 * @example
 * ```ts
 * import { claim, claimFails } from 'bpb-harness';
 * const report = await claim({ logs: ['train_seed42.log'] });
 * if (claimFails(report)) process.exitCode = 1;
 * ```
 */
export function claimFails({ claim: judged, logs = [] }: ClaimReport): boolean {
  if (judged?.verdict === 'mistake' || judged?.verdict === 'other-set') return true;
  return logs.some(({ findings }) => findings.some(({ severity }) => severity === 'fail'));
}

function misuse(found: string) {
  return usageError('BPB_USAGE_CLAIM', {
    message: 'a claim is a pair of figures, or logs that print them',
    path: '--val-loss, --val-bpb',
    expected: '--val-loss and --val-bpb, or the names of logs',
    actual: found,
  });
}
