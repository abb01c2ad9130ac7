/**
 * Stated limits that have no effect on a small set, and would on one of full size.
 */
import type { Limit, Trial } from './types.js';

/** Keeps the limits on what grows with the set, by comparing runs of one rank on two lengths. */
export function withGrowing(trials: readonly Trial[]): Trial[] {
  return trials.map((trial) => {
    const other = trials.find(
      ({ set, ranks }) =>
        ranks === trial.ranks &&
        set.ids.length !== trial.set.ids.length &&
        (set.sidecar === null) === (trial.set.sidecar === null),
    );
    const limits = [...byPlace(trial)].flatMap(([place, limit]) => {
      const same = other === undefined ? undefined : byPlace(other).get(place);
      return same === undefined ? [] : growing(limit, same, trial, other!);
    });
    return { ...trial, limits };
  });
}

/**
 * The limit of each place, with the most that it was held against. Where several numbers limit something at one place
 * they are computed, such as the end of a batch; of those that are only possible each is tried out.
 */
function byPlace({ limits }: Trial): Map<string, Limit> {
  const places = new Map<string, Limit | null>();
  for (const limit of limits) {
    const own = limit.possible === true ? limit.limit : '';
    const place = [limit.at.path, limit.at.layer, limit.at.line, own].join('\0');
    const known = places.get(place);
    if (known === undefined) places.set(place, limit);
    else if (known === null || known.limit !== limit.limit) places.set(place, null);
    else if (limit.actual > known.actual) places.set(place, limit);
  }
  return new Map([...places].flatMap(([place, limit]) => (limit === null ? [] : [[place, limit]])));
}

function growing(limit: Limit, same: Limit, trial: Trial, other: Trial): Limit[] {
  if (same.limit !== limit.limit || !Number.isInteger(limit.limit) || limit.limit < 2) return [];
  const growth = (same.actual - limit.actual) / (other.set.ids.length - trial.set.ids.length);
  if (!(growth > 0) || (limit.possible === true && !isShare(limit, same, trial, other))) return [];
  return [{ ...limit, unit: unitOf(growth, trial) }];
}

/** At least so much of a longer set's surplus is in a number that counts a share of it. */
const GROWTH_MIN = 0.5;

function isShare(limit: Limit, same: Limit, trial: Trial, other: Trial): boolean {
  const surplus = other.set.ids.length / trial.set.ids.length - 1;
  return (same.actual / limit.actual - 1) / surplus >= GROWTH_MIN;
}

/** What grows by `growth` with each token of the set. */
function unitOf(growth: number, { seqLen, set }: Trial): Limit['unit'] {
  const near = (value: number) => Math.abs(growth / value - 1) < 0.1;
  if (near(1)) return 'tokens';
  if (seqLen !== null && near(1 / seqLen)) return 'rows';
  return near(set.starts.length / set.ids.length) ? 'documents' : 'unknown';
}
