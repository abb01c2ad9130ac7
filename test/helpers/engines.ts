/**
 * Opens engines on models made in a test.
 */

import { createEngine, type EngineChoice } from '#bpb/engine/create';
import type { Batch, Engine, EngineOptions } from '#bpb/engine/types';

export type OptionChanges = Partial<EngineOptions>;

export async function openEngine(
  choice: EngineChoice,
  model: Uint8Array,
  changes: OptionChanges = {},
): Promise<Engine> {
  const { engine } = await createEngine(choice, engineOptions(model, changes));
  return engine;
}

export function engineOptions(model: Uint8Array, changes: OptionChanges = {}): EngineOptions {
  return {
    model,
    modelPath: 'model.onnx',
    tokensInput: 'input_ids',
    logitsOutput: 'logits',
    softcap: null,
    threads: 1,
    optimize: true,
    ...changes,
  };
}

/** A batch of rows of equal length, all positions scored, one segment a row. */
export function fullBatch(rows: readonly number[][], targets: readonly number[][]): Batch {
  const time = rows[0]!.length;
  return {
    rows: rows.length,
    time,
    ids: Int32Array.from(rows.flat()),
    scored: Uint32Array.from(rows.flat(), (_, k) => k),
    targets: Int32Array.from(targets.flat()),
    segmentEnds: Uint32Array.from(rows, (_, r) => (r + 1) * time),
  };
}
