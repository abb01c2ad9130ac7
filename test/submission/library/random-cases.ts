/** Random operations on arrays, from a seed. */
import type { ArrayData, Case, Datum, Step } from './cases.js';

/** mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c) */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const DTYPES = [
  'int64',
  'int32',
  'int16',
  'uint8',
  'int8',
  'float32',
  'float64',
  'bool',
  'float16',
];

export class Random {
  private readonly next: () => number;
  constructor(seed: number) {
    this.next = generator(seed);
  }
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  shape(rank = this.integer(0, 3)): number[] {
    return Array.from({ length: rank }, () => this.integer(1, 4));
  }
  array(shape: readonly number[] = this.shape(), dtype = this.pick(DTYPES)): ArrayData {
    const size = shape.reduce((a, b) => a * b, 1);
    const signed = dtype.startsWith('u') || dtype === 'bool' ? 0 : -9;
    const array = Array.from({ length: size }, () =>
      dtype === 'bool'
        ? this.integer(0, 1)
        : dtype.includes('float')
          ? this.integer(-40, 40) / 8
          : this.integer(signed, 9),
    );
    return { array, shape, dtype };
  }

  /** One axis of an index. */
  private indexPart(length: number): Datum {
    const bound = () => (this.chance(0.4) ? null : this.integer(-length - 1, length + 1));
    switch (this.integer(0, 4)) {
      case 0:
        return this.integer(-length, length - 1);
      case 1:
      case 2:
        return { slice: [bound(), bound(), this.chance(0.6) ? null : this.integer(1, 3)] };
      case 3:
        return {
          list: Array.from({ length: this.integer(1, 3) }, () => this.integer(-length, length - 1)),
        };
      default:
        return this.array2(length);
    }
  }
  private array2(length: number): ArrayData {
    const shape = this.shape(this.integer(1, 2));
    const size = shape.reduce((a, b) => a * b, 1);
    return {
      array: Array.from({ length: size }, () => this.integer(-length, length - 1)),
      shape,
      dtype: 'int64',
    };
  }
  index(shape: readonly number[]): Datum {
    if (shape.length > 0 && this.chance(0.15)) return this.array(shape, 'bool');
    const used = this.integer(0, shape.length);
    const parts: Datum[] = shape.slice(0, used).map((length) => this.indexPart(length));
    if (this.chance(0.2)) parts.splice(this.integer(0, parts.length), 0, null);
    if (this.chance(0.2)) parts.push('Ellipsis');
    if (parts.length === 1 && this.chance(0.7)) return parts[0]!;
    return { tuple: parts };
  }
  broadcastable(shape: readonly number[]): number[] {
    const kept = shape.slice(this.integer(0, shape.length));
    return kept.map((size) => (this.chance(0.3) ? 1 : size));
  }
}

const OPERATORS = ['+', '-', '*', '/', '//', '%', '==', '<', '>=', '!=', '&', '|'];

export function indexCase(random: Random, library: Case['library']): Case {
  const start = random.array(random.shape(random.integer(1, 3)));
  return { library, start, steps: [{ kind: 'item', args: [random.index(start.shape)] }] };
}

export function setCase(random: Random, library: Case['library']): Case {
  const start = random.array(random.shape(random.integer(1, 3)));
  const value = random.chance(0.7) ? random.integer(0, 5) : random.array([], start.dtype);
  const steps: Step[] = [{ kind: 'set', args: [random.index(start.shape), value] }];
  return { library, start, steps };
}

export function operatorCase(random: Random, library: Case['library']): Case {
  const start = random.array();
  const other: Datum = random.chance(0.35)
    ? random.integer(1, 5)
    : random.array(random.broadcastable(start.shape));
  const kind = random.chance(0.8) ? 'binary' : 'reflected';
  return { library, start, steps: [{ kind, name: random.pick(OPERATORS), args: [other] }] };
}
