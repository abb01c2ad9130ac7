/**
 * Judges how losses become one score: every target with the same weight, over all ranks.
 */

import { Ratio, Sum } from '../python/sums.js';
import { narrowWords } from '../source/check-aggregation.js';
import { DIVIDE_ONCE } from '../source/remedies.js';
import { LN2_TOLERANCE, lengthOf, near, spansOf } from './judge-places.js';
import { divisorOf } from './judge-reading.js';
import { isOneShare } from './judge-shares.js';
import { count, type Evaluation, type Judged, type Reading } from './judge-types.js';

/** A mean deviation of the weights below this is too small to be seen in a score. */
const DEVIATION_MIN = 1e-3;

export function judgeAggregation(evaluation: Evaluation): Judged[] {
  return [
    ...unequal(evaluation),
    ...severalScores(evaluation),
    ...notReduced(evaluation),
    ...narrow(evaluation),
    ...notNats(evaluation),
    ...numberAdded(evaluation),
    ...printedInNats(evaluation),
  ];
}

/** Means over batches, documents or ranks of unequal length, averaged with equal weight. */
function unequal({ at, grouped, readings }: Evaluation): Judged[] {
  if (!grouped) return [];
  const uneven = readings.filter(({ spread }) => spread !== 'equal');
  const single = uneven.filter(({ trial }) => trial.ranks === 1);
  const reading = single.at(-1) ?? uneven.at(-1)!;
  const { weights, last, trial, ofScores } = reading;
  const groups = groupsOf(weights);
  const sizes = groups.map(({ size }) => size);
  const most = groups.reduce((a, b) => (b.weight > a.weight ? b : a));
  const least = groups.reduce((a, b) => (b.weight < a.weight ? b : a));
  const unit = single.length === 0 ? 'ranks' : beginsAtDocuments(reading) ? 'documents' : 'batches';
  const own = single.length > 0 ? single : uneven;
  const deviations = own.map(deviationOf);
  // Where a longer set has more weights, all of it is weighted, not an end alone.
  const [shorter, longer] = [
    groupsOf(own[0]!.weights).length,
    groupsOf(own.at(-1)!.weights).length,
  ];
  const shrinks = longer < 1.2 * shorter && deviations.at(-1)! < 0.8 * deviations[0]!;
  const grave =
    ofScores ||
    (unit !== 'ranks' && !shrinks && deviations.at(-1)! > DEVIATION_MIN && sizes.length > 2);
  const times = (most.weight / least.weight).toFixed(2).replace(/\.?0+$/, '');
  return [
    {
      at,
      check: 'mean-of-means',
      severity: grave ? 'fail' : 'warn',
      explanation: `${ofScores ? 'Scores' : 'Means'} of ${unit} are averaged with equal weight${trial.ranks > 1 ? ` (${trial.ranks} ranks)` : ''}: of ${count(last)} targets, those of the smallest group (${count(most.size)}) count ${times} times as much as those of the largest (${count(least.size)}).`,
      remedy: DIVIDE_ONCE,
    },
  ];
}

/** Scores of the same targets, as of the model after several steps: their mean is that of no model. */
function severalScores({ at, grouped, readings }: Evaluation): Judged[] {
  const reading = readings.find(({ trial, scores }) => trial.ranks === 1 && scores > 1);
  if (grouped || reading === undefined) return [];
  return [
    {
      at,
      check: 'mean-of-means',
      severity: 'fail',
      explanation: `The figure is made of ${reading.scores} scores of the same ${count(reading.weights.size)} targets, as of several evaluations: it is the score of none of them.`,
      remedy: 'Print the score of one evaluation, by the model that is submitted.',
    },
  ];
}

/** Sums over 10⁷ and more targets in float32 or narrower (docs/challenge.md, sums in float32). */
function narrow({ at, readings }: Evaluation): Judged[] {
  const type = readings.find(({ running }) => running !== null)?.running;
  if (type == null) return [];
  return [
    {
      at,
      ...narrowWords('What makes the score', type),
      severity: type === 'float32' ? 'warn' : 'fail',
    },
  ];
}

/** Smoothed labels from this share on change a score in its first decimals. */
const SMOOTHING_MIN = 1e-3;

/** Something is added to the losses that is no loss of a target. */
function notNats({ readings }: Evaluation): Judged[] {
  const additions = readings.flatMap((reading) => reading.additions);
  return additions.map(({ at, smoothing }) => ({
    at,
    check: 'loss-not-nats',
    severity: smoothing !== null && smoothing >= SMOOTHING_MIN ? 'fail' : 'warn',
    explanation:
      smoothing === null
        ? 'In evaluation something of the model that is no loss of a target is added to the losses: what is printed as nats or bits is not theirs alone.'
        : `In evaluation the labels are smoothed: ${smoothing} of each loss is a mean over the vocabulary, not nats of the target.`,
    remedy:
      'In evaluation use the cross-entropy of the targets alone: add other terms only where the model is training.',
  }));
}

/** A number that is added to losses of less than this many nats a target is of the last decimals. */
const ADDED_MIN = 1e-6;

/** A number that does not depend on the losses is added to them, or taken off. */
function numberAdded({ at, readings }: Evaluation): Judged[] {
  const each = addedNumber(readings);
  if (each === null || each === 'varying') return [];
  return [
    {
      at,
      check: 'loss-not-nats',
      severity: Math.abs(each) >= 1e-3 ? 'fail' : 'warn',
      explanation: `A number that does not depend on the losses is added to them: ${each.toPrecision(3)} for each target of the small set.`,
      remedy:
        'Print the sum of the losses over the bytes as it is, with nothing added or taken off.',
    },
  ];
}

/**
 * In nats a target; null for none. One that is neither the same in all, nor for each target, nor in the figure is looked
 * up by tokens: it may be a part of their losses, such as a logarithm of a normalizer.
 */
export function addedNumber(readings: readonly Reading[]): number | 'varying' | null {
  const added = readings.flatMap(({ score }) => {
    const losses = score.value instanceof Ratio ? score.value.numerator : score.value;
    if (!(losses instanceof Sum)) return [];
    let weights = 0;
    for (const weight of losses.terms.values()) weights += weight;
    const all = losses.constant;
    return { each: all / weights, all, figure: all / divisorOf(score.value) };
  });
  const first = added.find(({ each }) => Math.abs(each) > ADDED_MIN);
  if (first === undefined) return null;
  const same = (of: 'each' | 'all' | 'figure') => added.every((one) => close(one[of], first[of]));
  return same('each') || same('all') || same('figure') ? first.each : 'varying';
}

/** Sums of many numbers are not exact. */
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.abs(a);

/** What is printed as bits per byte was not divided by ln 2. */
function printedInNats({ at, kind, grouped, readings }: Evaluation): Judged[] {
  const printed = readings.filter(({ score }) => score.printed === true);
  const inNats = ({ bytes, factor }: Reading) =>
    bytes !== null && factor !== null && Math.abs(factor / Math.LN2 - 1) < LN2_TOLERANCE;
  if (kind !== 'bpb' || grouped || printed.length === 0 || !printed.every(inNats)) return [];
  return [
    {
      at,
      check: 'loss-not-nats',
      severity: 'fail',
      explanation:
        'What is printed as bits per byte is in nats per byte: it was not divided by ln 2, and is 0.693 times the score.',
      remedy: 'Divide the losses by ln 2 (math.log(2)) once.',
    },
  ];
}

/** Stretches of targets with one weight. */
function groupsOf(weights: ReadonlyMap<number, number>) {
  const sorted = [...weights].sort(([a], [b]) => a - b);
  const groups: { from: number; size: number; weight: number }[] = [];
  for (const [position, weight] of sorted) {
    const group = groups.at(-1);
    if (group !== undefined && near(group.weight, weight)) group.size++;
    else groups.push({ from: position, size: 1, weight });
  }
  return groups;
}

function beginsAtDocuments({ weights, trial }: Reading): boolean {
  const starts = new Set(trial.set.starts);
  const groups = groupsOf(weights).slice(1);
  return groups.length > 0 && groups.every(({ from }) => starts.has(from) || starts.has(from - 1));
}

/** Mean absolute deviation of the weights from their mean, as a share of it. */
function deviationOf({ weights }: Reading): number {
  const values = [...weights.values()];
  const mean = values.reduce((sum, weight) => sum + weight, 0) / values.length;
  return values.reduce((sum, weight) => sum + Math.abs(weight - mean), 0) / values.length / mean;
}

/** With several ranks the score has the losses, or the bytes, of one of them alone. */
function notReduced({ at, readings }: Evaluation): Judged[] {
  for (const reading of readings) {
    const { trial, last, weights, bytes, factor } = reading;
    if (trial.ranks === 1) continue;
    const alone = readings.find((one) => one.trial.ranks === 1 && one.last === last);
    if (alone === undefined) continue;
    const words = {
      at,
      check: 'not-reduced' as const,
      severity: 'fail' as const,
      remedy: 'Add up losses, targets and bytes over all ranks (all_reduce) before dividing.',
    };
    if (isOneShare(reading, alone)) {
      const part = `${count(weights.size)} of ${count(alone.weights.size)} targets`;
      const spans = spansOf([...weights.keys()].sort((a, b) => a - b));
      const whose = spans.length === 1 ? ` (${count(lengthOf(spans[0]!))} in a row)` : '';
      return [
        {
          ...words,
          explanation: `With ${trial.ranks} ranks the score has the losses of ${part}${whose}: sums are not added up over the ranks.`,
        },
      ];
    }
    if (
      bytes !== null &&
      alone.bytes !== null &&
      bytes.size <= (1.5 / trial.ranks) * alone.bytes.size
    ) {
      return [
        {
          ...words,
          explanation: `With ${trial.ranks} ranks the losses of all are divided by the bytes of one.`,
        },
      ];
    }
    if (factor !== null && alone.factor !== null && !near(factor / alone.factor, 1)) {
      const times = factor / alone.factor;
      if (times < 1.5 && times > 1 / 1.5) continue;
      return [
        {
          ...words,
          explanation: `With ${trial.ranks} ranks the score is ${times.toPrecision(3)} times that of one rank: not all of its sums are added up over the ranks.`,
        },
      ];
    }
  }
  return [];
}
