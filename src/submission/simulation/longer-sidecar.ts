/**
 * Runs a script that reads a byte sidecar with one that is longer than the tokens, which belongs to others.
 */
import type { Stop } from '../python/values.js';
import type { Entry } from './entries.js';
import { type Budget, type Run, runOnce } from './run.js';
import type { Trial } from './types.js';

const SURPLUS = 64;

/** The trials, the first of them marked where the script takes the longer sidecar without an exception. */
export function withLongerSidecar(
  trials: readonly Trial[],
  entry: Entry,
  one: Run,
  budget: Budget,
): Trial[] {
  const [first, ...others] = trials;
  if (first === undefined || first.sidecarAt == null) return [...trials];
  const longer = runOnce(entry, { ...one, surplus: SURPLUS }, budget).trial;
  const known = new Set(first.stops.map(placeOf));
  // An exception that refuses it stops the run where the run of equal lengths went on.
  const refused = longer.stops.some(
    (stop) => !known.has(placeOf(stop)) && !/\bspent\b/.test(stop.reason),
  );
  const takesLongerSidecar = !refused && longer.sidecarAt != null;
  return [{ ...first, takesLongerSidecar }, ...others];
}

const placeOf = ({ path, layer, line }: Stop): string => [path, layer, line].join('\0');
