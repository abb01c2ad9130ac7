/**
 * Comparison of a claim with the known sets and the known mistakes.
 */
import { KNOWN_SETS } from '../../data/known-sets.js';
import { FAMILIES, type Family } from '../families.js';
import { BYTES } from '../published-set.js';
import { DENOMINATORS, type Denominator } from './bytes-per-token.js';
import { type Interval, middle, overlaps, scaled } from './decimals.js';
import type { Mistake } from './mistakes.js';
import type { Alternative, Claim, Fit } from './types.js';

/** Targets that ranks drop were seen to be 0.42 % of the set at most; a smaller share of it is no score of the set. */
const PART_MIN = 0.99;

/**
 * Computed tails only where no published fingerprint fits, those being thousands of times sharper;
 * and of the computed ones that of the claimed token count, where it is one of theirs.
 */
export function sharpest(
  fits: readonly Denominator[],
  tokens: number | null,
): readonly Denominator[] {
  const published = fits.filter((d) => d.bytes !== null || d.targets === null);
  if (published.length > 0) return published;
  const counted = fits.filter((d) => d.targets === tokens);
  return counted.length > 0 ? counted : fits;
}

export function setFit(
  d: Denominator,
  claimed: Interval,
  tokens: number | null,
  loss: Interval,
): Fit {
  // Far fewer or more score terms than the set has: the quotient fits, the coverage does not.
  const targets = d.targets ?? targetsOf(d.set);
  const share = tokens === null || targets === null ? 1 : tokens / targets;
  const short = share < PART_MIN;
  const part = !short && share < 0.995 && d.role === 'right';
  const role = part ? 'partial' : short || share > 1.005 ? 'other-set' : d.role;
  const coverage =
    share === 1 || role === d.role
      ? ''
      : ` ${tokens?.toLocaleString('en-US')} targets are claimed where the set has ${targets?.toLocaleString('en-US')}.`;
  const words = {
    right: 'bytes per token of right accounting on this set.',
    partial: 'bytes per token of right accounting, over part of the set.',
    'other-set': 'not the canonical validation set.',
  } as const;
  return {
    kind: 'set',
    name: d.name,
    id: d.set,
    family: d.family,
    window: d.window,
    role,
    ...distance(claimed, d.bytesPerToken),
    ...expects(d.bytesPerToken, loss),
    explanation: `${short ? `bytes per token of right accounting, over ${(share * 100).toPrecision(3)} % of the set.` : words[role]}${coverage}${d.note === null ? '' : ` Note: ${d.note}.`}`,
    remedy: role === 'right' ? null : 'Score the whole canonical set of 50,000 documents.',
    source: d.source,
  };
}

/** Whether so many bytes are too few for the set, whatever the tokenizer. */
export const tooFew = (bytes: Interval | null): boolean =>
  bytes !== null && bytes.high < PART_MIN * BYTES;

/** Targets that windows repeat at the end were seen to add 2.6e-5 of the bytes of the set. */
const MOST_BYTES = 1.0003;

/** Whether so many bytes are more than the set has, whatever the tokenizer. */
export const tooMany = (bytes: Interval | null): boolean =>
  bytes !== null && bytes.low > MOST_BYTES * BYTES;

/** Published score terms of a set, for the rows whose own count is not known. */
export function targetsOf(set: string): number | null {
  return KNOWN_SETS.find(({ name }) => name === set)?.targets[0] ?? null;
}

/** The stated tokenizer cannot have these bytes per token, another one has them exactly. */
export function otherTokenizer(
  d: Denominator,
  claimed: Interval,
  family: Family,
  loss: Interval,
): Fit {
  return {
    ...setFit(d, claimed, null, loss),
    kind: 'mistake',
    id: 'other-tokenizer',
    role: 'mistake',
    explanation: `These are the bytes per token of ${d.name}, not of ${family}, which the claim names.`,
    remedy: 'Name the tokenizer that was used, or count the bytes with the one that is named.',
  };
}

/** The figures of a claim that mistakes are compared with. */
export interface ClaimedFigures {
  /** Nats per target. */
  readonly loss: Interval;
  readonly bytesPerToken: Interval;
  readonly bytes: Interval | null;
  readonly tokens: number | null;
  readonly family: Family | null;
}

export function mistakeFit(mistake: Mistake, claimed: ClaimedFigures): Fit[] {
  const { id, name, role, explanation, remedy, source } = mistake;
  const common = { kind: 'mistake', id, name, role, explanation, remedy, source } as const;
  const { bytes, tokens, family, bytesPerToken, loss } = claimed;
  if (tokens !== null && mistake.targets?.includes(tokens)) {
    const counted = { deviation: null, tolerance: 0, expected: null, gives: null } as const;
    return [{ ...common, family: null, window: 'any', ...counted }];
  }
  const total = bytes && mistake.bytes?.find((b) => bytes.low <= b && b <= bytes.high);
  if (total) {
    const at = distance(bytes, { low: total, high: total });
    const perToken = total / (tokens ?? 1);
    const gives = expects({ low: perToken, high: perToken }, loss);
    return [{ ...common, family, window: 'any', ...at, ...gives }];
  }
  const best = expectationsOf(mistake, family).find(({ expected }) =>
    overlaps(expected, bytesPerToken),
  );
  if (best === undefined) return [];
  const suffix =
    family === null && best.family !== null ? ` (if the tokenizer is ${best.family})` : '';
  return [
    {
      ...common,
      name: `${name}${suffix}`,
      family: best.family,
      window: 'any',
      ...distance(bytesPerToken, best.expected),
      ...expects(best.expected, loss),
    },
  ];
}

interface Expectation {
  readonly family: Family | null;
  /** Bytes per token. */
  readonly expected: Interval;
}

/** What a mistake makes of each tokenizer that it can happen to, or of the one that is named. */
export function expectationsOf(mistake: Mistake, family: Family | null): Expectation[] {
  const { bytesPerToken: fixed, ratio, families } = mistake;
  const found: Expectation[] = [];
  if (fixed !== undefined) found.push({ family: null, expected: { low: fixed, high: fixed } });
  for (const d of ratio === undefined ? [] : references(family, families)) {
    found.push({ family: d.family, expected: scaled(d.bytesPerToken, ratio!) });
  }
  return found;
}

/** The expectation, and the val_bpb that the claimed loss has with it. */
export function expects(
  expected: Interval,
  loss: Interval,
): Pick<Alternative, 'expected' | 'gives'> {
  const bpb = (nats: number, perToken: number) => nats / Math.LN2 / perToken;
  return {
    expected,
    gives: { low: bpb(loss.low, expected.high), high: bpb(loss.high, expected.low) },
  };
}
/** One right denominator per family, the published one that stands first. */
export function references(
  family: Family | null,
  allowed: readonly Family[] = FAMILIES,
): Denominator[] {
  return FAMILIES.filter((f) => allowed.includes(f) && (family === null || f === family))
    .map((f) => DENOMINATORS.find((d) => d.family === f && d.role === 'right'))
    .filter((d) => d !== undefined);
}

export function distance(
  claimed: Interval,
  expected: Interval,
): { deviation: number; tolerance: number } {
  const finite = Number.isFinite(claimed.high) ? middle(claimed) : claimed.low;
  return {
    deviation: finite / middle(expected) - 1,
    tolerance: (expected.high - expected.low) / 2 / middle(expected),
  };
}

export function nearestRight(
  claimed: Interval,
  ofFamily: (d: Denominator) => boolean,
): Claim['nearest'] {
  let best: Claim['nearest'] = null;
  for (const d of DENOMINATORS) {
    if (d.role !== 'right' || !ofFamily(d)) continue;
    const { deviation } = distance(claimed, d.bytesPerToken);
    if (best === null || Math.abs(deviation) < Math.abs(best.deviation)) {
      best = { name: d.name, deviation };
    }
  }
  return best;
}
