/**
 * The figures of a result that its rules have a say in: size, cap, and what they grant a tokenizer.
 */
import { notCountedOf } from '../artifact/size.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { Rules } from '../rules/schema.js';
import { allowsNormalizer, nameOfTokenizer } from '../rules/tokenizers.js';
import type { ScoreResult } from '../score/result.js';
import { sizeByRules } from '../score/size-findings.js';
import type { Figure } from './check.js';
import { capOf } from './rules.js';

/** What rules say for the tokenizer: of rules that nobody here has it is the run's own word. */
export function grantedByRules(
  result: ScoreResult,
  tokenizer: PlannedEvaluation['tokenizer'],
  rules: Rules | null,
): { namedByRules: boolean; normalizerAllowed: boolean } {
  if (rules !== null) {
    return {
      namedByRules: nameOfTokenizer(rules, tokenizer.sha256) !== null,
      normalizerAllowed: allowsNormalizer(rules, tokenizer),
    };
  }
  const verdicts = result.rules?.verdicts ?? [];
  return {
    namedByRules: result.totals.denominator?.confirmed_by === 'rules',
    normalizerAllowed: verdicts.some(
      (each) => each.rule === 'normalizer' && each.verdict === 'pass',
    ),
  };
}

/** Size and cap of the artifact; a cap of rules that nobody here has is the run's own word. */
export function sizeFigures(
  result: ScoreResult,
  { artifact, tokenizer }: Pick<PlannedEvaluation, 'artifact' | 'tokenizer'>,
  rules: Rules | null,
): Figure[] {
  const notCounted = notCountedOf(artifact.size, tokenizer);
  const size = sizeByRules(artifact.size, notCounted, rules?.size);
  const { bytes_counted, bytes_limit: limit, within_limit: within } = result.artifact;
  const cap = capOf(result, rules);
  const fits = size.bytesCounted <= limit;
  return [
    { field: 'bytes_counted', expected: size.bytesCounted, found: bytes_counted },
    cap === null
      ? { field: 'within_limit', expected: fits, found: within, holds: within !== !fits }
      : { field: 'within_limit', expected: size.withinLimit, found: within },
    { field: 'bytes_limit', expected: cap ?? limit, found: limit },
    {
      field: 'not_counted',
      expected: notCounted.join(', '),
      // Results of before did not say it.
      found: (result.artifact.not_counted ?? notCounted).join(', '),
    },
  ];
}
