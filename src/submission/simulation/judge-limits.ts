/**
 * Judges limits that cut nothing of the small set, and would cut a full-size one.
 */
import { DOCUMENTS, TOKENS_MIN } from '../published-set.js';
import { SCORE_WHOLE } from '../source/remedies.js';
import { count, type Judged } from './judge-types.js';
import type { Limit, Trial } from './types.js';

/**
 * @param isElsewhere whether it is in a function that another evaluation than the final one uses
 * @param isExport the script writes data and learns from none of them
 */
export function judgeLimits(
  trials: readonly Trial[],
  isElsewhere: (limit: Limit) => boolean,
  isExport = false,
): Judged[] {
  const found = new Map<string, Judged>();
  for (const trial of trials) {
    if (trial.ranks > 1) continue;
    for (const limit of trial.limits) {
      const { at } = limit;
      const cut = cutOf(limit, trial);
      if (cut === null) continue;
      found.set([at.path, at.layer, at.line, limit.limit].join('\0'), {
        at,
        check: 'truncated-set',
        severity: (isExport || isGrave(limit, trial)) && !isElsewhere(limit) ? 'fail' : 'warn',
        explanation: `${limit.setting === undefined ? '' : `${limit.setting} is a limit. `}At most ${cut} are ${isExport ? 'written' : 'scored'}: the validation set has 50,000 documents (37 to 62 million tokens, by tokenizer) and must be ${isExport ? 'written' : 'scored'} whole.`,
        remedy: SCORE_WHOLE,
      });
    }
  }
  return [...found.values()];
}

/** Of runs that came to no score: what a limit cuts is known in the call alone that prints the figure. */
export function judgeLostLimits(trials: readonly Trial[]): Judged[] {
  const own = trials.map((trial) => {
    return { ...trial, limits: trial.limits.filter(({ ofLost }) => ofLost === true) };
  });
  return judgeLimits(own, () => true).map((one) => ({
    ...one,
    explanation: `The printed figure was not followed; before it stands a limit. ${one.explanation}`,
  }));
}

/** A number of documents may be that of those that are learned from before all are scored, unless it was tried out. */
const isGrave = (limit: Limit, trial: Trial): boolean =>
  limit.cuts === true || unitOf(limit, trial) !== 'documents';

/** What is left of a full-size set, or null where all of it is. */
function cutOf(limit: Limit, trial: Trial): string | null {
  const unit = unitOf(limit, trial);
  const stated = count(limit.limit);
  if (unit === 'documents') {
    return limit.limit < DOCUMENTS ? `${stated} documents` : null;
  }
  // Rows, windows and batches have their share of the small set, times the scale of lengths.
  const each =
    unit === 'tokens' ? 1 : Math.round((trial.set.ids.length / limit.actual) * (trial.scale ?? 1));
  if (limit.limit * each >= TOKENS_MIN) return null;
  return each === 1
    ? `${stated} tokens`
    : `${stated} rows or batches (of about ${count(each)} tokens each)`;
}

/** What a limit counts, by how many of them the small set has. */
function unitOf({ unit, actual }: Limit, { set }: Trial): Limit['unit'] {
  if (unit !== 'unknown') return unit;
  if (Math.abs(actual - set.starts.length) <= 1) return 'documents';
  return actual > set.ids.length / 2 ? 'tokens' : 'rows';
}
