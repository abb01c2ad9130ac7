/**
 * Checks of what a run says of its own seed and of the rows that it scored a second time.
 */
import type { ScoreResult } from '../score/result.js';
import { equalFigures, type Figure } from './check.js';
import type { VerifyCheck } from './types.js';

const SEED = { name: 'seed', what: 'all that was drawn was drawn with the seed of the run' };
const VERIFICATION = {
  name: 'verification',
  what: 'the verdict of its own verification follows from its differences',
};

/** Sums of doubles, divided: a mean of equal sizes may exceed the largest by its last digits. */
const ROUNDING = 1e-9;

/** Empty for a result of before runs had a seed. */
export function seedChecks(result: ScoreResult): VerifyCheck[] {
  const { seed } = result as Partial<ScoreResult>;
  if (seed === undefined) return [];
  const figures: Figure[] = [];
  for (const name of ['verification', 'optimization', 'every_row', 'generalisation'] as const) {
    const own = result[name]?.seed;
    if (own !== undefined) figures.push({ field: `${name}.seed`, expected: seed, found: own });
  }
  return [equalFigures(SEED, figures)];
}

/** The differences themselves are the run's own word; rows that are scored again are compared elsewhere. */
export function verificationCheck({ verification, coverage }: ScoreResult): VerifyCheck {
  const { rows, verdict, mean_nats: mean, mean_abs_nats: size, max_abs_nats: most } = verification;
  const { tolerance_nats: tolerance } = verification;
  const limit = (verification as Partial<ScoreResult['verification']>).mean_tolerance_nats ?? null;
  const figures: Figure[] = [
    {
      field: 'rows',
      expected: verdict === 'pass' ? 'at least one' : 'at most one a target',
      found: rows,
      holds: rows <= coverage.scored + coverage.repeated && (verdict !== 'pass' || rows > 0),
    },
  ];
  if (rows === 0) {
    const holds = verdict !== 'pass' && size === null;
    figures.push({ field: 'differences of no rows', expected: 'none', found: size, holds });
  } else {
    const holds = verdict === 'pass' || verdict === 'fail';
    figures.push({ field: 'verdict', expected: 'pass or fail', found: verdict, holds });
  }
  if (mean !== null && size !== null && most !== null) {
    const agree = size <= tolerance && (limit === null || Math.abs(mean) <= limit);
    figures.push({ field: 'verdict', expected: agree ? 'pass' : 'fail', found: verdict });
    figures.push({
      field: 'mean_nats, mean_abs_nats, max_abs_nats',
      expected: 'each at least as large as the one before',
      found: [mean, size, most],
      holds: Math.abs(mean) <= size * (1 + ROUNDING) && size <= most * (1 + ROUNDING),
    });
  } else if (verdict === 'pass') {
    figures.push({ field: 'differences', expected: 'a number', found: 'none', holds: false });
  }
  return equalFigures(VERIFICATION, figures, 'the differences are its own word');
}
