/**
 * Comparison of a claim with the known sets and the known mistakes.
 */
import { KNOWN_SETS } from '../../data/known-sets.js';
import { FAMILIES, type Family } from '../families.js';
import { DENOMINATORS, type Denominator } from './bytes-per-token.js';
import { type Interval, middle, overlaps, scaled } from './decimals.js';
import type { Mistake } from './mistakes.js';
import type { Claim, Fit } from './types.js';

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

export function setFit(d: Denominator, claimed: Interval, tokens: number | null): Fit {
  // Far fewer or more score terms than the set has: the quotient fits, the coverage does not.
  const targets = d.targets ?? targetsOf(d.set);
  const share = tokens === null || targets === null ? 1 : tokens / targets;
  const part = share < 0.995 && d.role === 'right';
  const role = part ? 'partial' : share > 1.005 ? 'other-set' : d.role;
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
    explanation: `${words[role]}${coverage}${d.note === null ? '' : ` Note: ${d.note}.`}`,
    remedy: role === 'right' ? null : 'Score the whole canonical set of 50,000 documents.',
    source: d.source,
  };
}

/** Published score terms of a set, for the rows whose own count is not known. */
function targetsOf(set: string): number | null {
  return KNOWN_SETS.find(({ name }) => name === set)?.targets[0] ?? null;
}

/** The stated tokenizer cannot have these bytes per token, another one has them exactly. */
export function otherTokenizer(d: Denominator, claimed: Interval, family: Family): Fit {
  return {
    ...setFit(d, claimed, null),
    kind: 'mistake',
    id: 'other-tokenizer',
    role: 'mistake',
    explanation: `These are the bytes per token of ${d.name}, not of ${family}, which the claim names.`,
    remedy: 'Name the tokenizer that was used, or count the bytes with the one that is named.',
  };
}

/** The figures of a claim that mistakes are compared with. */
interface ClaimedFigures {
  readonly bytesPerToken: Interval;
  readonly bytes: Interval | null;
  readonly tokens: number | null;
  readonly family: Family | null;
}

export function mistakeFit(mistake: Mistake, claimed: ClaimedFigures): Fit[] {
  const { id, name, role, explanation, remedy, source, families } = mistake;
  const common = { kind: 'mistake', id, name, role, explanation, remedy, source } as const;
  const { bytes, tokens, family, bytesPerToken } = claimed;
  if (tokens !== null && mistake.targets?.includes(tokens)) {
    return [{ ...common, family: null, window: 'any', deviation: null, tolerance: 0 }];
  }
  const total = bytes && mistake.bytes?.find((b) => bytes.low <= b && b <= bytes.high);
  if (total) {
    const at = distance(bytes, { low: total, high: total });
    return [{ ...common, family, window: 'any', ...at }];
  }
  const expectations: [Family | null, Interval][] = [];
  if (mistake.bytesPerToken !== undefined) {
    expectations.push([null, { low: mistake.bytesPerToken, high: mistake.bytesPerToken }]);
  }
  for (const d of mistake.ratio === undefined ? [] : references(family, families)) {
    expectations.push([d.family, scaled(d.bytesPerToken, mistake.ratio!)]);
  }
  const best = expectations.find(([, expected]) => overlaps(expected, bytesPerToken));
  if (best === undefined) return [];
  const suffix = family === null && best[0] !== null ? ` (if the tokenizer is ${best[0]})` : '';
  return [
    {
      ...common,
      name: `${name}${suffix}`,
      family: best[0],
      window: 'any',
      ...distance(bytesPerToken, best[1]),
    },
  ];
}

/** One right denominator per family, the published one that stands first. */
function references(family: Family | null, allowed: readonly Family[] = FAMILIES): Denominator[] {
  return FAMILIES.filter((f) => allowed.includes(f) && (family === null || f === family))
    .map((f) => DENOMINATORS.find((d) => d.family === f && d.role === 'right'))
    .filter((d) => d !== undefined);
}

function distance(claimed: Interval, expected: Interval): { deviation: number; tolerance: number } {
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
