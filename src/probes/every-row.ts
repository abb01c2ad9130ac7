/**
 * Verdict and report of scoring every row of a plan a second time with everything behind a place replaced.
 *
 * **The bound.** A target leaks where its nats move whenever everything behind its input is replaced. A
 * cut stands behind a scored input of its row, each of the row's `n_r` as likely, and sees every leak of
 * that very input's prediction; others it may see too, which only helps. If `l_r` targets of row `r` leak,
 * one cut misses them all with a chance of at most `1 - l_r / n_r <= exp(-l_r / n_r)`; cuts are drawn
 * independently, so `K` cuts in every row miss with at most
 *
 *     exp(-K * sum_r l_r / n_r) <= exp(-K * L / n_max) = exp(-f * N),   N = K * T / n_max
 *
 * where `L = f * T` of `T` targets leak and `n_max` is the most of one row. With 99 % certainty nothing
 * moved only if `f <= -ln(0.01) / N = 4.605 / N`: the bound of Clopper and Pearson for no event in N
 * trials (https://doi.org/10.1093/biomet/26.4.404), in its Poisson form. Rows of equal length have N cuts.
 */
import type { EngineInfo } from '../engine/types.js';
import { CONFIDENCE, leakAtMost } from '../run/every-row/bound.js';
import type { ReplacedBy } from '../run/every-row/draw.js';
import type { EveryRowTotals, WorstPlace } from '../run/every-row/sums.js';
import type { ProbeVerdict } from '../verdict.js';
import { figure, plural } from '../words.js';
import { notApplicable, type Outcome } from './context.js';
import { judge, sameShape } from './differences.js';

/** Field `every_row` of a result and of a probe report (docs/result.md). */
export interface EveryRow {
  /** Of the draws: `--seed`. */
  seed: number;
  cuts_per_row: number;
  rows: number;
  rows_without_later_input: number;
  cuts: number;
  /** N of the bound. */
  effective_cuts: number;
  targets_compared: number;
  moved_cuts: number;
  moved_targets: number;
  /** Null where a prediction was no distribution any more. */
  largest_nats: number | null;
  mean_nats: number | null;
  /** Largest difference between runs of unchanged batches. */
  noise_nats: number | null;
  /** Share of the targets that leak, at most; null where some were seen to. */
  leak_at_most: number | null;
  confidence: number;
  /** The prediction that moved most; null where none did. */
  worst: {
    row: number;
    cut: number;
    offset: number;
    position: number;
    replaced_by: ReplacedBy;
    nats: number | null;
  } | null;
  /** Inside the runtime's own Run, over all workers. */
  run_s: number;
}

export interface EveryRowJudged {
  readonly verdict: ProbeVerdict;
  readonly fields: EveryRow;
}

/** @param precision that the model was run in */
export function judgeEveryRow(
  totals: EveryRowTotals,
  { seed, cuts }: { readonly seed: number; readonly cuts: number },
  precision: EngineInfo['precision'],
): EveryRowJudged {
  const { found, noise, worst, places, mostPlaces } = totals;
  const effective = mostPlaces === 0 ? 0 : (cuts * places) / mostPlaces;
  const judged = judge(found, sameShape(precision, noise));
  const failed = judged.verdict === 'fail';
  const bound = failed || effective === 0 ? null : leakAtMost(effective);
  const outcome: Outcome =
    totals.cuts === 0
      ? notApplicable('no row has an input behind one that is scored')
      : { ...judged, note: failed ? failure(totals) : passed(totals, bound!) };
  return {
    verdict: {
      name: 'every-row',
      what: `replaced what follows ${cuts === 1 ? 'a drawn place' : `${cuts} drawn places`} of every row, and compared the nats before`,
      ...outcome,
    },
    fields: {
      seed,
      cuts_per_row: cuts,
      rows: totals.rows,
      rows_without_later_input: totals.uncut,
      cuts: totals.cuts,
      effective_cuts: effective,
      targets_compared: found.count,
      moved_cuts: totals.movedCuts,
      moved_targets: totals.movedTargets,
      largest_nats: finite(found.largest),
      mean_nats: finite(found.mean),
      noise_nats: noise.count === 0 ? null : finite(noise.largest),
      leak_at_most: bound,
      confidence: CONFIDENCE,
      worst: worst && reported(worst),
      run_s: totals.runSeconds,
    },
  };
}

/** `0.46 %`, of a share. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function reported({ row, cut, offset, position, by, nats }: WorstPlace): EveryRow['worst'] {
  return { row, cut, offset, position, replaced_by: by, nats: finite(nats) };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const WORDS: Readonly<Record<ReplacedBy, string>> = {
  text: 'text from elsewhere',
  ids: 'ids drawn at random',
  padding: 'padding',
};

function failure(totals: EveryRowTotals): string {
  const { movedCuts, cuts, refusal } = totals;
  const moved = `moved behind ${figure(movedCuts)} of ${plural(cuts, 'cut')}`;
  const refused = refusal === null ? '' : `; the engine refused some: ${refusal}`;
  return `${placeText(totals.worst!)}; ${moved}${refused}`;
}

function placeText({ row, cut, offset, position, by, nats }: WorstPlace): string {
  const size = Number.isFinite(nats) ? `by ${nats.toExponential(1)} nats` : 'beyond any number';
  return `row ${row} of the plan with ${WORDS[by]} in place of all inputs after offset ${cut}: the prediction at offset ${offset} (stream position ${position}) moved ${size}`;
}

/** A faint movement is named too: what is above 0 may be warned of. */
function passed({ cuts, found, worst }: EveryRowTotals, bound: number): string {
  const exact = found.largest === 0 || worst === null;
  const nothing = `nothing moved${exact ? '' : ' by more than the tolerance'} in ${plural(cuts, 'cut')}`;
  const said = `${nothing}: ${boundText(bound, `${percent(CONFIDENCE)} certain`, exact)}`;
  return exact ? said : `${said}; ${placeText(worst)}`;
}

/** What a bound says of the targets; one of all of them says nothing. @param exact whether none moved */
export function boundText(bound: number, certainty: string, exact: boolean): string {
  if (bound >= 1) return 'too few for a bound, --cuts draws more';
  const read = exact ? 'read what follows them' : 'move by more';
  return `at most ${percent(bound)} of the targets ${read} (${certainty})`;
}
