/**
 * Checks of `--every-row` and `--cuts` against the flags beside them.
 */
import { usageError } from '../../errors.js';
import { requires } from '../../rules/allowed.js';
import type { Rules } from '../../rules/schema.js';
import type { ScoreOptions } from '../options.js';

/** Cuts a row where nobody says how many. */
const DEFAULT_CUTS = 1;
/** Requirements of rules for which a score is probed, as with `--strict`. */
const ASKING = ['probes', 'every-row'] as const;

type EveryRowOptions = Pick<ScoreOptions, 'everyRow' | 'cuts'>;

/**
 * Cuts a row of this run; null where rows are scored once.
 *
 * @param rules that may ask for it, as `--every-row` does
 * @throws BPB_USAGE_EVERY_ROW for cuts of rows that are scored once
 */
export function cutsOf({ everyRow, cuts }: EveryRowOptions, rules: Rules | null): number | null {
  if (everyRow || (rules !== null && requires(rules, 'every-row'))) return cuts ?? DEFAULT_CUTS;
  if (cuts === undefined) return null;
  throw usageError('BPB_USAGE_EVERY_ROW', {
    message: '--cuts says how often every row is scored again',
    path: '--cuts',
    expected: '--every-row beside it',
    actual: 'no --every-row',
  });
}

/**
 * @returns as `cutsOf`
 * @throws BPB_USAGE_EVERY_ROW for a score that would not say what was found, or only of a part
 */
export function scoreCutsOf(
  options: EveryRowOptions & Pick<ScoreOptions, 'strict' | 'part'>,
  rules: Rules | null,
): number | null {
  const { everyRow, strict, part } = options;
  const probed = strict || ASKING.some((what) => rules !== null && requires(rules, what));
  if (everyRow && !probed) {
    throw usageError('BPB_USAGE_EVERY_ROW', {
      message: '--every-row is one of the checks of --strict',
      path: '--every-row',
      expected: '--strict beside it',
      actual: 'no --strict',
      hint: 'bpb score --strict --every-row, or bpb probe --every-row for the check without a score',
    });
  }
  const cuts = cutsOf(options, rules);
  if (cuts !== null && part !== undefined) {
    throw usageError('BPB_USAGE_EVERY_ROW', {
      message:
        'the bound of --every-row is on all rows of the plan, and --part scores some of them',
      path: '--part',
      expected: everyRow
        ? 'one of --every-row and --part'
        : 'no --part: the rules require every-row',
      actual: `--part ${part[0]}/${part[1]}`,
      hint: everyRow
        ? 'score the parts without it, and run bpb probe --every-row once'
        : 'score the whole plan in one run, with as many --workers or GPUs as there are',
    });
  }
  return cuts;
}
