/**
 * Tolerances of differences between two arrays of per-token losses, and the judgement by them.
 */
import type { EngineInfo } from '../engine/types.js';
import type { Differences } from '../run/differences.js';
import type { ProbeVerdict } from '../verdict.js';

export { Differences, distance } from '../run/differences.js';

type Precision = EngineInfo['precision'];

/** Limits of one comparison, in nats. */
interface Limits {
  readonly largest: number;
  readonly mean: number;
  /**
   * Whether nothing but what was changed can move a nat: same shape, same place, and a noise that was
   * measured and is exactly 0. Any effect then calls for an explanation.
   */
  readonly exact?: boolean;
}

/**
 * Between runs of the same shape and place that differ only in content that must not matter: no
 * kernel has a reason to round otherwise, so the limits are the smallest. In half precision a leak
 * below one step of the logits still moves some of them by a whole step.
 */
const SAME_SHAPE: Readonly<Record<Precision, Limits>> = {
  fp32: { largest: 1e-5, mean: 1e-6 },
  tf32: { largest: 1e-4, mean: 1e-5 },
  fp16: { largest: 1e-3, mean: 1e-4 },
  bf16: { largest: 1e-3, mean: 1e-4 },
};

/**
 * Between runs of different shapes, for which a runtime may sum in another order: as far apart as
 * two right ways to compute the same nats are.
 */
const OTHER_SHAPE: Readonly<Record<Precision, Limits>> = {
  fp32: { largest: 1e-3, mean: 1e-5 },
  tf32: { largest: 0.25, mean: 5e-3 },
  fp16: { largest: 0.25, mean: 5e-3 },
  bf16: { largest: 0.5, mean: 2e-2 },
};

/** Limits of `noise` itself: a priori, from the precision alone. */
export function noiseLimits(precision: Precision): Limits {
  return OTHER_SHAPE[precision];
}

export function sameShape(precision: Precision, noise: Differences): Limits {
  return { ...above(SAME_SHAPE[precision], noise), exact: noise.count > 0 && noise.largest === 0 };
}

export function otherShape(precision: Precision, noise: Differences): Limits {
  return above(OTHER_SHAPE[precision], noise);
}

/**
 * Limits above the engine's own noise between two runs of the same thing: four times the largest of
 * thousands of differences, and twice their mean, which a leak in every target exceeds long before
 * its largest effect stands out.
 */
function above({ largest, mean }: Limits, noise: Differences): Limits {
  return {
    largest: Math.max(largest, 4 * noise.largest),
    mean: Math.max(mean, 2 * noise.mean),
  };
}

/** Above the ratio of any effect that is within its tolerance; a failed one's has no bound. */
const GRAVITY = { not_applicable: 0, pass: 0, warn: 2, fail: 1e9 } as const;

type Judged = Pick<ProbeVerdict, 'effect' | 'unit' | 'tolerance' | 'verdict'>;

/**
 * The largest difference against its limit, or the mean where only that one is beyond. Within both
 * limits a difference above 0 passes where noise may have made it, and is a warning where it cannot.
 */
export function judge(differences: Differences, limits: Limits): Judged {
  const { largest, mean } = differences;
  const byMean = largest <= limits.largest && !(mean <= limits.mean);
  // Written so that NaN fails.
  const within = largest <= limits.largest && mean <= limits.mean;
  const [effect, tolerance] = byMean ? [mean, limits.mean] : [largest, limits.largest];
  return {
    // JSON has no infinity; the verdict and the note say it.
    effect: Number.isFinite(effect) ? effect : null,
    unit: byMean ? 'nats (mean)' : 'nats',
    tolerance,
    verdict: !within ? 'fail' : limits.exact === true && largest > 0 ? 'warn' : 'pass',
  };
}

/** What was seen where it failed or is warned of; null where it passed. */
export function seen({ verdict }: Judged, what: string | null): string | null {
  if (verdict === 'pass' || what === null) return null;
  return verdict === 'fail'
    ? what
    : `${what}; within the tolerance, but repeated runs do not differ`;
}

/** The worse of several comparisons: failed before warned of, then the one nearest to its limit. */
export function worst(judged: readonly Judged[]): number {
  const weight = ({ verdict, effect, tolerance }: Judged) =>
    GRAVITY[verdict] + (effect === null ? 1e9 : effect / (tolerance ?? 1));
  return judged.reduce((at, each, k) => (weight(each) > weight(judged[at]!) ? k : at), 0);
}
