/**
 * The engines that carry state, opened for a test and closed after it, and what is expected of them.
 */
import { afterEach, expect } from 'vitest';
import type { AdaptBatch, AdaptiveEngine, AdaptiveOptions } from '#bpb/engine/adaptive';
import { openAdaptiveJs } from '#bpb/engine/adaptive-js';
import { openAdaptiveNative } from '#bpb/engine/adaptive-native';
import { EMBED, nats, VOCAB } from './state-graphs.js';

export const ADAPTIVE_ENGINES = [
  ['native', openAdaptiveNative],
  ['JavaScript', openAdaptiveJs],
] as const;

/** Opens engines in the tests of a block; each is closed when its test ends. */
export function engineStarter(openOn: (options: AdaptiveOptions) => Promise<AdaptiveEngine>) {
  const open: AdaptiveEngine[] = [];
  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.close();
  });
  return async (options: AdaptiveOptions): Promise<AdaptiveEngine> => {
    open.push(await openOn(options));
    return open.at(-1)!;
  };
}

/** fp32 sums of a dozen logits of size 5, against float64. */
export const TOLERANCE = 4e-6;

export const zeros = () => new Float64Array(VOCAB);

export function adaptBatchOf(ids: number[][], targets: number[][]): AdaptBatch {
  return {
    rows: ids.length,
    time: ids[0]!.length,
    ids: Int32Array.from(ids.flat()),
    chunk: targets[0]!.length,
    targets: Int32Array.from(targets.flat()),
  };
}

export function expectNats(found: Float32Array, expected: readonly number[]) {
  expect(found.length).toBe(expected.length);
  for (const [k, value] of expected.entries()) {
    expect(Math.abs(found[k]! - value)).toBeLessThan(TOLERANCE);
  }
}

/** What `added[r]` on the logits of document `r` makes of its targets. */
export const natsOf = (ids: number[][], targets: number[][], added: readonly ArrayLike<number>[]) =>
  ids.flatMap((document, r) => document.map((id, k) => nats(id, targets[r]![k]!, added[r]!)));

export function addEmbeddings(sums: Float64Array[], ids: readonly number[][]): void {
  for (const [r, document] of ids.entries()) {
    for (const id of document)
      for (let v = 0; v < VOCAB; v++) sums[r]![v]! += EMBED[id * VOCAB + v]!;
  }
}
