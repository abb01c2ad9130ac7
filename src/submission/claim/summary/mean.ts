/**
 * Means over seeds, computed again from the figures of the seeds, and what they contradict.
 */
import { type Interval, overlaps } from '../decimals.js';
import type { SeedMean, StatedScore, Summary, SummaryFinding } from './types.js';

type Figure = SeedMean['figure'];

/** Arithmetic mean, and sample standard deviation over n − 1 (null for one value). */
export function meanOf(values: readonly number[]): { mean: number; deviation: number | null } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, deviation: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** The means of those figures that every seed states. */
export function seedMeans({ headline, seeds, statedDeviation }: Summary): SeedMean[] {
  return (['val_loss', 'val_bpb'] as const).flatMap((figure): SeedMean[] => {
    const texts = seeds.map((seed) => figureOf(seed, figure));
    const values = texts.map(Number);
    if (texts.length === 0 || !values.every((value) => Number.isFinite(value) && value > 0)) {
      return [];
    }
    const stated = headline === null ? '' : figureOf(headline, figure);
    const spread = figure === 'val_loss' ? statedDeviation.valLoss : statedDeviation.valBpb;
    return [
      {
        figure,
        seeds: values.length,
        ...meanOf(values),
        statedMean: stated === '' ? null : stated,
        statedDeviation: spread === '' ? null : spread,
      },
    ];
  });
}

/** A stated mean or deviation that the seeds do not give, whatever their figures were rounded from. */
export function meanFindings(
  means: readonly SeedMean[],
  seeds: readonly StatedScore[],
): SummaryFinding[] {
  return means.flatMap((mean) => [...statedMean(mean, seeds), ...statedDeviation(mean, seeds)]);
}

function statedMean(each: SeedMean, seeds: readonly StatedScore[]): SummaryFinding[] {
  const { figure, statedMean: stated, mean, seeds: count } = each;
  if (stated === null) return [];
  const printed = intervalOf(stated);
  const texts = seeds.map((seed) => figureOf(seed, figure));
  const widths = texts.map(halfUnitOf);
  const half = widths.reduce((sum, width) => sum + width, 0) / count;
  if (overlaps(meanInterval(stated), { low: mean - half, high: mean + half })) return [];
  const one = seeds.find((seed) => overlaps(printed, intervalOf(figureOf(seed, figure))));
  if (one !== undefined) {
    return [
      {
        check: 'best-seed',
        severity: 'warn',
        explanation: `The ${figure} ${stated} is that of ${one.name}; the mean of the ${count} seeds is ${mean.toFixed(8)}.`,
        remedy: 'State the mean over the seeds, and its deviation.',
      },
    ];
  }
  return [
    {
      check: 'mean',
      severity: 'fail',
      explanation: `The ${figure} ${stated} is not the mean of its ${count} seeds, ${mean.toFixed(8)}: ${signed(Number(stated) - mean)}.`,
      remedy: 'Compute the mean again from the figures of the seeds.',
    },
  ];
}

/** Over n − 1 or over n: both are in use. */
function statedDeviation(each: SeedMean, seeds: readonly StatedScore[]): SummaryFinding[] {
  const { figure, statedDeviation: stated, deviation, seeds: count } = each;
  if (stated === null || deviation === null) return [];
  const slack = 2 * Math.max(...seeds.map((seed) => halfUnitOf(figureOf(seed, figure))));
  const printed = intervalOf(stated);
  const allowed = [deviation, deviation * Math.sqrt((count - 1) / count)];
  const fits = (value: number) => overlaps(printed, { low: value - slack, high: value + slack });
  if (allowed.some(fits)) return [];
  return [
    {
      check: 'deviation',
      severity: 'warn',
      explanation: `The deviation ${stated} of ${figure} is not that of its ${count} seeds: ${deviation.toFixed(8)} over n − 1, ${allowed[1]!.toFixed(8)} over n.`,
      remedy: 'Compute the deviation again from the figures of the seeds.',
    },
  ];
}

function figureOf(score: StatedScore, figure: Figure): string {
  return figure === 'val_loss' ? score.valLoss : score.valBpb;
}

/** Every value that rounds to a printed figure. */
function intervalOf(text: string): Interval {
  const value = Number(text);
  const half = halfUnitOf(text);
  return { low: value - half, high: value + half };
}

/** A figure of one decimal or none names no score: 1 is not the 1.2274 of a log, though it rounds to it. */
const NAMED_MAX = 0.005 * (1 + 1e-9);

/** What a printed figure names: every value that rounds to it, and no more than its second decimal allows. */
export function namedBy(text: string): Interval {
  const value = Number(text);
  const half = Math.min(halfUnitOf(text), NAMED_MAX);
  return { low: value - half, high: value + half };
}

/** Whether a figure names the mean of others, cut off or rounded, as far as theirs were rounded. */
export function namesMean(text: string, texts: readonly string[]): boolean {
  const { mean } = meanOf(texts.map(Number));
  const named = namedBy(text);
  const half = Math.min(Math.max(...texts.map(halfUnitOf)), NAMED_MAX);
  const cutOff = named.high + (named.high - named.low) / 2;
  return overlaps({ low: named.low, high: cutOff }, { low: mean - half, high: mean + half });
}

/** Every mean that is printed so: means are cut off as well as rounded. */
function meanInterval(text: string): Interval {
  const value = Number(text);
  const half = halfUnitOf(text);
  return { low: value - half, high: value + 2 * half };
}

/** Half a unit of the last printed digit. */
function halfUnitOf(text: string): number {
  const [, decimals = '', exponent = '0'] =
    /^[+-]?\d*(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  return 0.5 * 10 ** (Number(exponent) - decimals.length) * (1 + 1e-9);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toPrecision(3)}`;
}
