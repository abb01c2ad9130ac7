/**
 * Judges limits that cut nothing of the small set, and would cut a full-size one.
 */
import { count, type Judged } from './judge-types.js';
import type { Limit, Trial } from './types.js';

/** The published validation set; its tokenizers make 37 to 62 million tokens of it. */
const DOCUMENTS = 50_000;
const TOKENS_MIN = 37_000_000;
/** Lengths of rows are divided by this on the small set. */
const ROW_SCALE = 32;
/** The longest rows of public scripts; a limit of unknown unit counts at least tokens, at most such rows. */
const ROW_MAX = 2048;

/**
 * @param isElsewhere whether the limit is in a function that another evaluation than the final one uses
 */
export function judgeLimits(
  trials: readonly Trial[],
  isElsewhere: (limit: Limit) => boolean,
): Judged[] {
  const found = new Map<string, Judged>();
  for (const trial of trials) {
    for (const limit of trial.limits) {
      const { at } = limit;
      const cut = cutOf(limit, trial.seqLen);
      if (cut === null) continue;
      const sure = limit.unit !== 'unknown' && !isElsewhere(limit);
      found.set([at.path, at.layer, at.line, limit.limit].join('\0'), {
        at,
        check: 'truncated-set',
        severity: sure ? 'fail' : 'warn',
        explanation: `At most ${cut}: the validation set has 50,000 documents (37 to 62 million tokens, by tokenizer) and must be scored whole.`,
        remedy: 'Score the whole validation set, or label the score as partial.',
      });
    }
  }
  return [...found.values()];
}

/** What is left of a full-size set, or null where all of it is. */
function cutOf({ limit, unit }: Limit, seqLen: number | null): string | null {
  const row = seqLen === null ? ROW_MAX : seqLen * ROW_SCALE;
  switch (unit) {
    case 'documents':
      return limit < DOCUMENTS ? `${count(limit)} documents are scored` : null;
    case 'tokens':
      return limit < TOKENS_MIN ? `${count(limit)} tokens are scored` : null;
    case 'rows':
      return limit * row < TOKENS_MIN
        ? `${count(limit)} rows of ${count(row)} tokens are scored (${count(limit * row)} tokens)`
        : null;
    default:
      return limit * row < TOKENS_MIN ? `${count(limit)} of what is looped over are scored` : null;
  }
}
