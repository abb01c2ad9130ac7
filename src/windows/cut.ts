/**
 * Cut of a segment's targets into rows, for windows and for chunks: arithmetic only.
 *
 * Offsets are from the segment's first input; input `j` of a segment predicts its target `j + 1`.
 */
import type { WindowOptions } from './options.js';

export interface CutRow {
  readonly offset: number;
  readonly length: number;
  readonly firstScored: number;
}

export interface Cut {
  /** Rows of a segment of `targets` targets, at least 1. */
  rows(targets: number): number;
  /** The `k`-th of them. */
  row(k: number, targets: number): CutRow;
  /** Scores of a target beyond its first. */
  repeated(targets: number): number;
}

/** Rows of `seqLen` inputs at every multiple of the stride; chunk windows are a stride of `seqLen`. */
export function windowCut({ seqLen, stride, compat }: WindowOptions): Cut {
  const step = stride ?? seqLen;
  return {
    // At every multiple `w` of the step with `w = 0` or `w + seqLen - step < targets`.
    rows: (targets) =>
      compat === null
        ? 1 + Math.max(0, Math.ceil((targets - seqLen) / step))
        : Math.ceil(targets / step),
    row(k, targets) {
      const offset = k * step;
      const length = Math.min(seqLen, targets - offset);
      let firstScored = k === 0 ? 0 : seqLen - step;
      // The historical rule anchors at the end of a short row, not at its place in the stream.
      if (compat !== null && k > 0) firstScored = Math.max(length - step, 0);
      return { offset, length, firstScored };
    },
    repeated: (targets) => (compat === null ? 0 : repeatedTargets(targets, seqLen, step)),
  };
}

/** Scores beyond the first in the historical plan: every short row scores the last targets again. */
function repeatedTargets(targets: number, seqLen: number, stride: number): number {
  let scores = Math.min(seqLen, targets);
  for (let w = stride; w < targets; w += stride) {
    scores += Math.min(stride, Math.min(seqLen, targets - w));
  }
  return scores - targets;
}

/**
 * Steps of a stateful artifact: `chunk` targets each, every one scored in the step that reads its
 * input first, after up to `context` inputs that are scored already.
 */
export function chunkCut({ chunk, context }: { chunk: number; context: number }): Cut {
  return {
    rows: (targets) => Math.ceil(targets / chunk),
    row(k, targets) {
      const scoredFrom = k * chunk;
      const offset = Math.max(0, scoredFrom - context);
      const end = Math.min(scoredFrom + chunk, targets);
      return { offset, length: end - offset, firstScored: scoredFrom - offset };
    },
    repeated: () => 0,
  };
}
