/**
 * The world of one rank's run: modules, sizes, and what the script makes of its sums.
 */
import type { Host, Runtime, SourceModule } from '../python/runtime.js';
import { type Keywords, type PyModule, PyObject, Unknown, type Value } from '../python/values.js';
import type { Files } from './files.js';
import type { Exchange } from './modules/distributed.js';
import { complete, libraryModule, type Surroundings } from './modules.js';
import { Observations, observe } from './observations.js';
import { smallSetting } from './settings.js';
import type { Limit, SmallSet } from './types.js';

interface WorldOptions {
  readonly set: SmallSet;
  readonly files: Files;
  readonly rank: number;
  readonly exchange: Exchange;
  readonly script: string;
  readonly switches: RegExp | null;
  /** Modules beside the script, by dotted name. */
  readonly sources: ReadonlyMap<string, SourceModule>;
}

/** Words before a value in a text that is printed. */
const SCORE_LABEL = /bpb|bits[_ ]per[_ ]byte/i;

export class World implements Host {
  readonly observations = new Observations();
  readonly limits: Limit[] = [];
  /** What was printed as a score without being known. */
  readonly lost: Unknown[] = [];
  /** Tokens of a row, as a model was called with it. */
  seqLen: number | null = null;
  stride: number | null = null;
  /** Numbers that the script stated, by those that the run uses instead. */
  readonly #stated = new Map<number, number>();
  readonly #modules = new Map<string, PyModule | null>();
  readonly #around: Surroundings;

  constructor(private readonly options: WorldOptions) {
    this.#around = {
      ...options,
      setting: (name, value) => this.setting(name, value),
      module: (name, runtime) => this.module(name, runtime),
    };
  }

  module(name: string, runtime: Runtime): PyModule | null {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const made = libraryModule(name, this.#around, runtime);
    this.#modules.set(name, made);
    if (made !== null) complete(name, made, this.#around, runtime);
    return made;
  }

  sourceModule(name: string): SourceModule | null {
    return this.options.sources.get(name) ?? null;
  }

  setting(name: string, value: number): number {
    const small = smallSetting(name, value, this.options.set.pieces.length);
    if (small !== value) this.#stated.set(small, value);
    if (/stride/i.test(name) && small > 0) this.stride = small;
    return small;
  }

  callUnknown(
    _callee: Unknown,
    args: readonly Value[],
    _keywords: Keywords,
    _runtime: Runtime,
  ): Value | undefined {
    const shape = args.map(shapeOf).find((each) => each?.length === 2);
    if (shape !== undefined) this.seqLen = shape![1]!;
    return undefined;
  }

  unbound(): undefined {
    return undefined;
  }

  quotient(value: Value, runtime: Runtime): void {
    const one = observe(value, runtime);
    if (one !== null) this.observations.add(one);
  }

  formatted(before: string, value: Value): void {
    if (value instanceof Unknown && SCORE_LABEL.test(before)) this.lost.push(value);
  }

  limited(limit: number, actual: number, _what: Value | null, runtime: Runtime): void {
    const stated = this.#stated.get(limit) ?? limit;
    this.limits.push({ at: runtime.here(), limit: stated, actual, unit: 'unknown' });
  }
}

/** Sizes of an array; null for everything else. */
function shapeOf(value: Value): readonly number[] | null {
  if (!(value instanceof PyObject) || !('shape' in value)) return null;
  const { shape } = value;
  return Array.isArray(shape) && shape.every((size) => typeof size === 'number') ? shape : null;
}
