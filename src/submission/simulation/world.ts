/**
 * The world of one rank's run: modules, sizes, and what the script makes of its sums.
 */
import { NdArray } from '../python/library/array.js';
import { unknownCall, unknownItem } from '../python/library/losses.js';
import type { Host, Runtime, SourceModule } from '../python/runtime.js';
import {
  type Addition,
  type Bound,
  type Keywords,
  type PyModule,
  PyObject,
  type Stop,
  Unknown,
  type Value,
} from '../python/values.js';
import type { Files } from './files.js';
import { isScoreLabel } from './labels.js';
import type { Exchange } from './modules/distributed.js';
import { openFunction } from './modules/path.js';
import { sameValue } from './modules/same.js';
import { libraryModule, type Surroundings } from './modules.js';
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
  /** By which lengths and batches are divided; 1: they stay as the script states them. */
  readonly scale: number;
  /** Numbers that the run uses for settings of these names, whatever the script states. */
  readonly instead: ReadonlyMap<string, number>;
  /** Modules beside the script, by dotted name. */
  readonly sources: ReadonlyMap<string, SourceModule>;
}

/** Settings that say how many tokens a row has. */
const ROW =
  /(^|[_-])(seq|seq_?len(gth)?|seqlen|ctx|ctx_len|context|context_len(gth)?|block_size|n_ctx)$/i;

/** The number of an array that has one alone. */
function numberOf(value: Value): Value {
  if (!(value instanceof NdArray) || value.size !== 1) return value;
  return value.unknown ?? value.element(0);
}

/** A score that is written in a text. */
const STATED_SCORE = /(?:bpb|bits[_ ]per[_ ]byte)["']?\s*[:=]?\s*(\d+\.\d+)/i;

const NO_LOSSES = 'a number without losses, printed as bits per byte';

export class World implements Host {
  readonly observations = new Observations();
  /** What was added to losses, by the number that their positions have. */
  readonly additions: Addition[] = [];
  /** Why the last figure that was printed as bits per byte is not known; null where it is. */
  lost: Stop | null = null;
  /** How often a model was called with rows of each length, in tokens. */
  readonly rows = new Map<number, number>();
  /** Calls of a model with tokens, and the tokens of the longest row among them. */
  readonly calls = { count: 0, longest: 0 };
  stride: number | null = null;
  /** Tokens of the rows that settings state. */
  readonly statedRows = new Set<number>();
  /** A length or a batch that the script states was brought down. */
  shortened = false;
  /** Numbers that the script stated, by name. */
  readonly settings = new Map<string, number>();
  /** Numbers that the script stated, by those that the run uses instead. */
  readonly #stated = new Map<number, number>();
  /** Numbers that the run uses instead, by the letters of their names. */
  readonly #small = new Map<string, number>();
  /** Limits, each with the call that it stands in. */
  readonly #limits: [number, Omit<Limit, 'unit'>][] = [];
  readonly #bounds: Bound[] = [];
  readonly #possible = new Map<string, Limit>();
  /** The call that printed a figure as bits per byte last. */
  #printing: number | null = null;
  readonly #modules = new Map<string, PyModule | null>();
  readonly #around: Surroundings;

  constructor(private readonly options: WorldOptions) {
    this.#around = {
      ...options,
      setting: (name, value) => this.setting(name, value),
      module: (name, runtime) => this.module(name, runtime),
    };
  }

  get limits(): Limit[] {
    const met = this.#limits.map(([activation, limit]): Limit => {
      const ofLost = this.lost !== null && activation === this.#printing;
      return { ...limit, unit: 'unknown', ...(ofLost ? { ofLost } : {}) };
    });
    const bounds = this.#bounds.flatMap(({ at, limit, actual, holds }): Limit[] => {
      if (!holds) return [];
      const stated = this.#stated.get(limit) ?? limit;
      return [{ at, limit: stated, actual, unit: 'unknown', possible: true }];
    });
    return [...met, ...this.#possible.values(), ...bounds];
  }
  get set(): SmallSet {
    return this.options.set;
  }
  get ranks(): number {
    return this.options.exchange.ranks;
  }

  module(name: string, runtime: Runtime): PyModule | null {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const made = libraryModule(name, this.#around, runtime);
    this.#modules.set(name, made);
    return made;
  }

  sourceModule(name: string): SourceModule | null {
    return this.options.sources.get(name) ?? null;
  }

  setting(name: string, value: number): number {
    const { set, scale, instead } = this.options;
    // What was brought down already is bound once more, as of a default that is passed on.
    const word = name.toLowerCase().replace(/\W|_/g, '');
    if (this.#small.get(word) === value) return value;
    this.settings.set(name, value);
    const other = instead.get(name);
    if (other !== undefined) return other;
    const small = smallSetting(name, value, set.pieces.length, scale);
    if (small !== value) {
      this.#stated.set(small, value);
      this.#small.set(word, small);
    }
    this.shortened ||= small !== smallSetting(name, value, set.pieces.length, 1);
    if (/stride/i.test(name) && small > 0) this.stride = small;
    if (ROW.test(name)) this.statedRows.add(small);
    return small;
  }

  callUnknown(
    callee: Unknown,
    args: readonly Value[],
    keywords: Keywords,
    runtime: Runtime,
  ): Value | undefined {
    for (const each of args) {
      if (!(each instanceof NdArray) || !each.tagged) continue;
      // Each of its elements was looked at.
      runtime.spend(each.size >> 2);
      const length = each.shape.at(-1) ?? 1;
      this.calls.count++;
      this.calls.longest = Math.max(this.calls.longest, length);
      // A column of targets is an index into probabilities, and no row.
      if (each.shape.length !== 2 || (length === 1 && each.shape[0]! > 1)) continue;
      this.rows.set(length, (this.rows.get(length) ?? 0) + 1);
    }
    return unknownCall(callee, args, keywords, runtime);
  }

  itemUnknown(_value: Unknown, index: Value, runtime: Runtime): Value | undefined {
    return unknownItem(index, runtime);
  }

  unbound(name: string): Value | undefined {
    return name === 'open' ? openFunction(this.options.files) : undefined;
  }

  quotient(value: Value, runtime: Runtime): void {
    const one = observe(value, runtime);
    if (one !== null) this.observations.add(one);
  }

  formatted(before: string, value: Value, runtime: Runtime, after = ''): void {
    if (!isScoreLabel(before, after)) return;
    const figure = numberOf(value);
    this.#printing = runtime.activation;
    this.lost =
      figure instanceof Unknown
        ? figure.stop
        : typeof figure === 'number'
          ? { ...runtime.here(), reason: NO_LOSSES }
          : null;
    // What no quotient is any more, such as a running average or a product of one.
    if (!this.observations.all.some((one) => sameValue(one.value, figure))) {
      const one = observe(figure, runtime);
      if (one !== null) this.observations.add({ ...one, composed: true });
    }
    this.observations.print(figure);
  }

  printed(args: readonly Value[], runtime: Runtime): void {
    for (const [i, value] of args.entries()) {
      const stated = typeof value === 'string' ? STATED_SCORE.exec(value) : null;
      if (stated !== null) this.formatted('bpb:', Number(stated[1]), runtime);
      const text = (at: number) => (typeof args[at] === 'string' ? args[at] : '');
      const after = i + 2 < args.length ? `${text(i + 1)}{}` : text(i + 1);
      if (value instanceof PyObject) this.formatted(text(i - 1), value, runtime, after);
      else if (typeof value === 'number') this.formatted(text(i - 1), value, runtime);
    }
  }

  added(addition: Addition): number {
    const { path, layer, line } = addition.at;
    const same = ({ at }: Addition) => at.line === line && at.layer === layer && at.path === path;
    const known = this.additions.findIndex(same);
    return known >= 0 ? known : this.additions.push(addition) - 1;
  }

  limited(
    limit: number,
    actual: number,
    certain: boolean,
    runtime: Runtime,
    at = runtime.here(),
  ): void {
    const stated = this.#stated.get(limit) ?? limit;
    const one = { at, limit: stated, actual };
    if (certain) {
      this.#limits.push([runtime.activation, one]);
      return;
    }
    const key = [one.at.path, one.at.layer, one.at.line, stated].join('\0');
    const known = this.#possible.get(key);
    if (known === undefined || known.actual < actual) {
      this.#possible.set(key, { ...one, unit: 'unknown', possible: true });
    }
  }

  bounded(bound: Bound): void {
    this.#bounds.push(bound);
  }
}
