/**
 * Coefficients by stream position, added up when they are read.
 *
 * A running sum adds a few terms to a long sum again and again; copying it each time would take quadratic work.
 */

/**
 * Sums with more to add up than this are added up at once: a sum that is added to itself again and again would
 * have twice as many parts each time.
 */
const WEIGHT_MAX = 16_384;

export class Terms {
  private map: ReadonlyMap<number, number> | null;
  private parts: readonly (readonly [Terms, number])[];
  private uniform: boolean | null = null;

  private constructor(
    map: ReadonlyMap<number, number> | null,
    parts: readonly (readonly [Terms, number])[],
    /** Σ of the coefficients. */
    readonly total: number,
    /** Coefficients that adding it up goes through, and the sums on the way. */
    readonly weight: number,
    /** Coefficients that were gone through to make it. */
    readonly cost = 0,
  ) {
    this.map = map;
    this.parts = parts;
  }

  static of(map: ReadonlyMap<number, number>): Terms {
    let total = 0;
    for (const value of map.values()) total += value;
    return new Terms(map, [], total, 1 + map.size);
  }

  /** Σ factor · terms */
  static combine(parts: readonly (readonly [Terms, number])[]): Terms {
    const used = parts.filter(([terms]) => !terms.empty);
    const [first] = used;
    if (used.length === 1 && first?.[1] === 1) return first[0];
    if (used.every(([terms]) => terms.single !== null)) return Terms.of(flatten(used));
    let total = 0;
    for (const [terms, factor] of used) total += terms.total * factor;
    const weight = used.reduce((sum, [terms]) => sum + terms.weight, 1);
    if (weight <= WEIGHT_MAX) return new Terms(null, used, total, weight);
    const map = flatten(used);
    return new Terms(map, [], total, 1 + map.size, weight);
  }

  get empty(): boolean {
    return this.map !== null && this.map.size === 0;
  }

  /** The position of the only term; null where there are more or none. */
  get single(): number | null {
    if (this.map?.size !== 1) return null;
    return this.map.keys().next().value ?? null;
  }

  get all(): ReadonlyMap<number, number> {
    if (this.map === null) {
      this.map = flatten(this.parts);
      this.parts = [];
    }
    return this.map;
  }

  /** All coefficients but zeros are one number: a count of tokens, rather than of bytes. */
  get equal(): boolean {
    if (this.uniform === null) {
      const values = new Set(this.all.values());
      values.delete(0);
      this.uniform = values.size <= 1;
    }
    return this.uniform;
  }

  /** Without recursion: the parts of a running sum are as deep as its loop is long. */
  static pending(terms: Terms): readonly (readonly [Terms, number])[] | null {
    return terms.map === null ? terms.parts : null;
  }
}

function flatten(parts: readonly (readonly [Terms, number])[]): Map<number, number> {
  const sum = new Map<number, number>();
  const waiting = [...parts];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [terms, factor] = next;
    const pending = Terms.pending(terms);
    if (pending !== null) {
      for (const [part, inner] of pending) waiting.push([part, inner * factor]);
      continue;
    }
    for (const [position, value] of terms.all) {
      const before = sum.get(position);
      const after = (before ?? 0) + value * factor;
      if (after === 0 && before !== undefined) sum.delete(position);
      else sum.set(position, after);
    }
  }
  return sum;
}
