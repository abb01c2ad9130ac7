/**
 * Judgement of claimed scores: a pair of figures, or the final scores of training logs.
 */
import { usageError } from '../errors.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import { type InputsJudged, judgeInputs } from './claim/input/judge.js';
import type { InputAnswer, LogMean } from './claim/input/types.js';
import { checkedFamily, checkedTokens, judgeClaim } from './claim/judge-pair.js';
import type { LogClaim } from './claim/log-types.js';
import type { SummaryClaim } from './claim/summary/types.js';
import { verdictOf } from './claim/table/judge.js';
import type { Judged, TableClaim } from './claim/table/types.js';
import type { Claim, ClaimInput } from './claim/types.js';
import { STDIN } from './log/read-bytes.js';

/** Either a pair of figures (`valLoss`, `valBpb`) or `logs`. */
export interface ClaimOptions extends Partial<ClaimInput> {
  /**
   * Files and folders: training logs of the challenge, of which every final score is judged, summaries
   * (submission.json) and tables of claims (CSV, JSON, Markdown). `-` is standard input. Of what does not
   * state them itself, `tokens` and `family` say the count of targets and the tokenizer.
   */
  readonly logs?: readonly string[] | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const CLAIM_CHECKS: OptionChecks<ClaimOptions> = {
  logs: option.texts,
  valLoss: option.numeric,
  valBpb: option.numeric,
  tokens: option.number,
  family: option.text,
  onProgress: option.callback,
};

/** The report of a pair of figures. */
interface PairReport {
  readonly schema: 'bpb-claim/1';
  readonly verdict: Judged;
  readonly claim: Claim;
  readonly inputs?: undefined;
  readonly logs?: undefined;
}

/** The report of inputs: an answer for each, and what was found in them by their kind. */
export interface InputsReport {
  readonly schema: 'bpb-claim/1';
  readonly verdict: Judged;
  readonly claim?: undefined;
  readonly inputs: readonly InputAnswer[];
  readonly logs: readonly LogClaim[];
  readonly summaries: readonly SummaryClaim[];
  readonly tables: readonly TableClaim[];
  readonly means: readonly LogMean[];
}

export type ClaimReport = PairReport | InputsReport;

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
 * @returns the report, also when the verdict is `fail` or `not_judged`
 * @throws BpbError: `usage` (BPB_USAGE_CLAIM, BPB_CLAIM_NUMBER, BPB_CLAIM_TOKENS,
 *   BPB_CLAIM_FAMILY); `input` where one input is given and it cannot be read
 */
export async function claim(options: ClaimOptions): Promise<ClaimReport> {
  checkOptionTypes('claim', CLAIM_CHECKS, options);
  const { logs = [], valLoss, valBpb, tokens, family, onProgress } = options;
  if (logs.length > 0) {
    if (valLoss !== undefined || valBpb !== undefined) throw misuse('both');
    if (logs.filter((path) => path === STDIN).length > 1) throw misuse('- twice');
    checkedTokens(tokens);
    checkedFamily(family);
    return inputsReport(await judgeInputs(logs, { tokens, family }, onProgress));
  }
  if (valLoss === undefined || valBpb === undefined) {
    const one = valLoss !== undefined ? '--val-loss alone' : '--val-bpb alone';
    throw misuse(valLoss === valBpb ? 'neither' : one);
  }
  const judged = judgeClaim({ valLoss, valBpb, tokens, family });
  return { schema: 'bpb-claim/1', verdict: verdictOf(judged), claim: judged };
}

/** `fail` of any input, else `not_judged` of any, or where all were skipped. */
function inputsReport({ onlyError, ...judged }: InputsJudged): InputsReport {
  if (onlyError !== null) throw onlyError;
  const verdicts = new Set(judged.inputs.map(({ verdict }) => verdict));
  const open = verdicts.has('not_judged') || !verdicts.has('pass');
  const verdict = verdicts.has('fail') ? 'fail' : open ? 'not_judged' : 'pass';
  return { schema: 'bpb-claim/1', verdict, ...judged };
}

function misuse(found: string) {
  return usageError('BPB_USAGE_CLAIM', {
    message: 'a claim is a pair of figures, or files that state them',
    path: '--val-loss, --val-bpb',
    expected: '--val-loss and --val-bpb, or the names of logs, folders and tables',
    actual: found,
  });
}
