/**
 * Where a run could not follow the script, by line and reason.
 */
import type { PySource } from '../source/nodes.js';
import type { Site } from './machine.js';
import type { Stop } from './values.js';

/** More places are not listed. */
const STOPS_MAX = 2_000;

export class Stops {
  readonly #stops: Stop[] = [];
  readonly #known = new Set<string>();
  /** Offsets of the lines of the source that was asked for last: stops come in runs of one source. */
  #lines: { source: PySource; starts: number[] } | null = null;

  get stops(): readonly Stop[] {
    return this.#stops;
  }
  at({ module, node }: Site, reason: string): Stop {
    const { source, layer } = module;
    return { path: source.path, layer, line: this.#lineOf(source, node.from), reason };
  }
  /** Lists the stop, once for each place and reason. */
  record(stop: Stop): Stop {
    const key = `${stop.path}\0${stop.layer}:${stop.line}:${stop.reason}`;
    if (this.#known.has(key) || this.#stops.length >= STOPS_MAX) return stop;
    this.#known.add(key);
    this.#stops.push(stop);
    return stop;
  }
  #lineOf(source: PySource, offset: number): number {
    if (this.#lines?.source !== source) {
      const starts = [0];
      for (let i = source.text.indexOf('\n'); i >= 0; i = source.text.indexOf('\n', i + 1)) {
        starts.push(i + 1);
      }
      this.#lines = { source, starts };
    }
    const { starts } = this.#lines;
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
