/**
 * Times and device facts of a run, summed over its batches.
 */
import type { RowsScore } from './messages.js';

type BatchShape = readonly [rows: number, time: number];

export class RunTimes {
  /** Seconds inside the runtime's own Run, summed over the workers. */
  runSeconds = 0;
  /** Seconds inside the scorer, summed over the workers. */
  scoreSeconds = 0;
  /** Runs of the adapt graph, and seconds in them, which are also in `runSeconds`. */
  adaptations = 0;
  adaptSeconds = 0;
  /** Bytes copied from GPUs; null where there is none or not all were counted. */
  deviceToHostBytes: number | null = null;
  /** Width of the logits; null where no engine saw it. */
  vocabulary: number | null = null;
  /** The smallest batch shape that an engine had to fall back to; null where it chose none. */
  shape: BatchShape | null = null;
  /** Remarks of the engines, each once. */
  readonly remarks = new Set<string>();
  private uncounted = false;

  add(result: RowsScore): void {
    this.runSeconds += result.runSeconds;
    this.scoreSeconds += result.scoreSeconds;
    this.adaptations += result.adaptations;
    this.adaptSeconds += result.adaptSeconds;
    const { deviceToHostBytes } = result;
    this.uncounted ||= deviceToHostBytes === null;
    this.deviceToHostBytes = this.uncounted
      ? null
      : (this.deviceToHostBytes ?? 0) + deviceToHostBytes!;
    this.vocabulary ??= result.vocabulary ?? null;
    this.shape = smaller(this.shape, result.shape);
    for (const remark of result.remarks) this.remarks.add(remark);
  }
}

function smaller(one: BatchShape | null, other: BatchShape | null): BatchShape | null {
  if (one === null || other === null) return one ?? other;
  return other[0] * other[1] < one[0] * one[1] ? other : one;
}
