/**
 * The nearest explanations that a claim does not fit, with what each would have given.
 */
import { DENOMINATORS } from './bytes-per-token.js';
import { type Interval, overlaps } from './decimals.js';
import { type ClaimedFigures, expectationsOf, expects } from './fits.js';
import { MISTAKES } from './mistakes.js';
import { possibleExpectations } from './possible.js';
import type { Alternative, Fit } from './types.js';

const SHOWN = 5;

/** Nearest first; none whose id is among the fits. */
export function otherExplanations(claimed: ClaimedFigures, fits: readonly Fit[]): Alternative[] {
  const { family, bytesPerToken, loss } = claimed;
  const all = [
    ...DENOMINATORS.filter((d) => family === null || d.family === family).map((d) => ({
      ...({ kind: 'set', id: d.set, name: d.name, expected: d.bytesPerToken } as const),
    })),
    ...MISTAKES.flatMap((mistake) =>
      expectationsOf(mistake, family).map(({ family: of, expected }) => ({
        ...({ kind: 'mistake', id: mistake.id, expected } as const),
        name: family === null && of !== null ? `${mistake.name} (${of})` : mistake.name,
      })),
    ),
    ...possibleExpectations(family).map(({ possibility, family: of, expected }) => ({
      ...({ kind: 'possible', id: possibility.id, expected } as const),
      name: family === null ? `${possibility.name} (${of})` : possibility.name,
    })),
  ];
  const taken = new Set(fits.map(({ id }) => id));
  const nearest = all
    .filter(({ id, expected }) => !taken.has(id) && !overlaps(expected, bytesPerToken))
    .map((each) => ({
      ...each,
      ...expects(each.expected, loss),
      deviation: deviationFrom(each.expected, bytesPerToken),
    }))
    .filter(({ deviation }) => Number.isFinite(deviation))
    .sort((a, b) => Math.abs(a.deviation) - Math.abs(b.deviation));
  const found = new Map<string, Alternative>();
  for (const each of nearest) if (!found.has(each.id)) found.set(each.id, each);
  return [...found.values()].slice(0, SHOWN);
}

/** How far the claim lies beyond the nearest end of an expectation. */
function deviationFrom(expected: Interval, claimed: Interval): number {
  if (claimed.low > expected.high) return claimed.low / expected.high - 1;
  return claimed.high / expected.low - 1;
}
