/**
 * Bytes that are counted once for all targets that are the same token: the count is at one of them, and of all.
 */
import { near } from './judge-places.js';
import type { SmallSet } from './types.js';

/**
 * The right bytes of each target, where some has more than its own and the targets of every token have theirs together:
 * then so has the set. Null where they have not, and where the losses have unequal weights.
 *
 * @param counted bytes by position, of losses with these coefficients
 */
export function bytesOfKinds(
  counted: ReadonlyMap<number, number>,
  coefficients: ReadonlyMap<number, number>,
  right: readonly number[],
  set: SmallSet,
): ReadonlyMap<number, number> | null {
  const [unit] = coefficients.values();
  if ([...coefficients.values()].some((each) => !near(each, unit!))) return null;
  const totals = new Map<number, number>();
  for (const [position, bytes] of counted) add(totals, set.ids[position]!, bytes);
  const wanted = new Map<number, number>();
  for (const position of coefficients.keys()) {
    add(wanted, set.ids[position]!, right[position] ?? 0);
  }
  const base = [unit! * Math.LN2, unit!].find((each) =>
    [...new Set([...totals.keys(), ...wanted.keys()])].every((id) =>
      near((totals.get(id) ?? 0) / each, wanted.get(id) ?? 0),
    ),
  );
  if (base === undefined) return null;
  const more = [...counted].some(([position, bytes]) => {
    const own = right[position] ?? 0;
    return bytes / base > own && !near(bytes / base, own);
  });
  if (!more) return null;
  return new Map([...coefficients.keys()].map((p) => [p, (right[p] ?? 0) * base]));
}

function add(sums: Map<number, number>, key: number, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
