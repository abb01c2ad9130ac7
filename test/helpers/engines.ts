/**
 * Opens engines on models made in a test.
 */

import { createEngine, type EngineChoice } from '#bpb/engine/create';
import type { Batch, Engine, EngineOptions, GraphOptions, RuntimeOptions } from '#bpb/engine/types';

/** Any option by its name, whatever part of EngineOptions it is in. */
export type OptionChanges = Partial<GraphOptions & RuntimeOptions & Pick<EngineOptions, 'cuda'>>;

export async function openEngine(
  choice: EngineChoice,
  model: Uint8Array,
  changes: OptionChanges = {},
): Promise<Engine> {
  const { engine } = await createEngine(choice, engineOptions(model, changes));
  return engine;
}

export function engineOptions(model: Uint8Array, changes: OptionChanges = {}): EngineOptions {
  const { ortLib, threads = 1, optimize = true, cuda, ...graph } = changes;
  const named = { path: 'model.onnx', tokens: 'input_ids', logits: 'logits', softcap: null };
  return { graph: { model, ...named, ...graph }, runtime: { ortLib, threads, optimize }, cuda };
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
    spanEnds: Uint32Array.from(rows, (_, r) => (r + 1) * time),
  };
}
