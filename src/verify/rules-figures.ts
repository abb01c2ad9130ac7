/**
 * The figures of a result that its rules have a say in: size, cap, and what they grant a tokenizer.
 */
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { Rules } from '../rules/schema.js';
import { grantsOf } from '../rules/tokenizers.js';
import type { ScoreResult } from '../score/result.js';
import type { sizeFacts } from '../score/size-findings.js';
import { harnessVersion } from '../version.js';
import type { Figure } from './check.js';

/** What rules say for the tokenizer: of rules that nobody here has it is the run's own word. */
export function grantsForResult(
  result: ScoreResult,
  tokenizer: PlannedEvaluation['tokenizer'],
  rules: Rules | null,
): ReturnType<typeof grantsOf> {
  if (rules !== null) return grantsOf(rules, tokenizer);
  const verdicts = result.rules?.verdicts ?? [];
  return {
    namedByRules: result.totals.denominator?.confirmed_by === 'rules',
    normalizerAllowed: verdicts.some(
      (each) => each.rule === 'normalizer' && each.verdict === 'pass',
    ),
  };
}

/**
 * Size and cap of the artifact; a cap of rules that nobody here has is the run's own word.
 *
 * @param own counted again, by those rules that are known
 * @param cap in bytes; null where nobody here has it
 */
export function sizeFigures(
  { artifact, run }: ScoreResult,
  own: ReturnType<typeof sizeFacts>['fields'],
  cap: number | null,
): Figure[] {
  const { bytes_limit: limit, within_limit: within } = artifact;
  const fits = own.bytes_counted <= limit;
  const figures: Figure[] = [
    { field: 'bytes_counted', expected: own.bytes_counted, found: artifact.bytes_counted },
    cap === null
      ? { field: 'within_limit', expected: fits, found: within, holds: within !== !fits }
      : { field: 'within_limit', expected: own.within_limit, found: within },
    { field: 'bytes_limit', expected: cap ?? limit, found: limit },
  ];
  // Results of before do not have these.
  for (const field of ['counted', 'not_counted'] as const) {
    const found = artifact[field];
    if (found === undefined) continue;
    figures.push({ field, expected: JSON.stringify(own[field]), found: JSON.stringify(found) });
  }
  // Another version may word it in another way.
  if (cap !== null && run.harness === harnessVersion()) {
    figures.push({ field: 'size_note', expected: own.size_note, found: artifact.size_note });
  }
  return figures;
}
