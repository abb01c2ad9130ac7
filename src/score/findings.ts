/**
 * The findings of a score: every reason to withhold its headline, and what must be said beside it.
 */
import { type Finding, fail } from '../finding.js';
import type { ProbeVerdict } from '../verdict.js';
import type { Optimization } from './optimize-run.js';
import type { ScoreResult } from './result.js';
import type { Verification } from './verify.js';

/** What a run found out about itself. */
interface Checks {
  readonly verification: Verification;
  readonly optimization: Optimization | null;
  /** Of `--strict`. */
  readonly probes: readonly ProbeVerdict[] | null;
}

type Figures = Pick<ScoreResult, 'score' | 'totals'>;

/** Reasons why the totals alone give no bits per byte. */
export function figureFindings({ score, totals }: Figures): Finding[] {
  const { infinite_targets, first_infinite } = score;
  if (infinite_targets > 0) {
    const times = infinite_targets.toLocaleString('en-US');
    return [
      fail(
        'infinite-targets',
        `probability zero for ${times} targets, the first at stream position ${first_infinite}`,
        'a model must give every token of its vocabulary a finite logit',
      ),
    ];
  }
  if (totals.targets === 0) {
    const hint = 'ask for more of the stream: fewer parts in --part, a longer text';
    return [fail('no-targets', 'no target was scored', hint)];
  }
  const bytes = totals.bytes[totals.headline];
  if (bytes === 0) return [fail('no-bytes', 'the scored targets stand for no bytes')];
  return [];
}

/**
 * Failed checks of the run: each withholds the headline.
 *
 * @param explained whether a finding about the graph says why they fail
 */
export function checkFindings(
  { verification, optimization, probes }: Checks,
  explained: boolean,
): Finding[] {
  const findings: Finding[] = [];
  const failed = probes?.flatMap((each) => (each.verdict === 'fail' ? [each.name] : [])) ?? [];
  if (failed.length > 0) {
    const message = `the probes found something wrong: ${failed.join(', ')}`;
    const hint = explained ? null : 'bpb probe ARTIFACT says what each of them saw';
    findings.push(fail('probes-failed', message, hint));
  }
  if (verification.verdict === 'fail') {
    findings.push(
      fail(
        'verification-failed',
        'the run disagrees with its own verification',
        explained ? null : 'score with --engine onnx-js --batch-tokens 1: each row alone',
      ),
    );
  }
  if (optimization?.verdict === 'fail') {
    const message = 'the optimized model is not proved to be the original one';
    findings.push(fail('optimization-failed', message, 'score without --optimize'));
  }
  return findings;
}
