/**
 * Nats of rows and streams on an engine of independent rows, in the batches that a score builds.
 */
import type { TokenStream } from '../data/types.js';
import type { Batch, Engine } from '../engine/types.js';
import { type RowSource, type ScoredRows, scoreRows } from '../run/assemble.js';
import { scorePastNan } from '../run/past-nan.js';
import { planBatches } from '../windows/batches.js';
import type { WindowOptions } from '../windows/options.js';
import { planWindows } from '../windows/plan.js';
import { joinDocuments, placeNats } from './documents-stream.js';
import type { ProbeRow } from './subject.js';

/** Nats of each row, all rows in one batch; the engine cuts it where the graph fixes the rows. */
export async function scoreTogether(
  engine: Engine,
  rows: readonly ProbeRow[],
): Promise<Float32Array[]> {
  const stream = joinDocuments(rows.map(({ tokens }) => tokens));
  const source: RowSource = {
    row: (r) => ({
      start: stream.documentStarts[r]!,
      length: rows[r]!.tokens.length - 1,
      firstScored: 0,
    }),
  };
  const indexes = Uint32Array.from(rows, (_, r) => r);
  const nats = new Float32Array(stream.ids.length);
  const targets = rows.map((row) => row.targets ?? row.tokens.subarray(1));
  placeNats(nats, await scoreTolerant(engine, stream, source, indexes, targets));
  return rows.map(({ tokens }, r) => {
    const first = stream.documentStarts[r]! + 1;
    return nats.subarray(first, first + tokens.length - 1);
  });
}

/** Nats of every target of a stream, by target index; NaN where no row scores it, as at index 0. */
export async function scoreStream(
  engine: Engine,
  stream: TokenStream,
  window: WindowOptions,
  batchTokens: number,
): Promise<Float32Array> {
  const nats = new Float32Array(stream.ids.length).fill(Number.NaN);
  const plan = planWindows(stream, window);
  const batches = planBatches(plan, batchTokens, false, engine.info);
  for (let b = 0; b < batches.count; b++) {
    placeNats(nats, await scoreTolerant(engine, stream, plan, batches.rowIndexes(b)));
  }
  return nats;
}

/** @param targets of each row, in the place of the stream's own */
async function scoreTolerant(
  engine: Engine,
  stream: TokenStream,
  source: RowSource,
  rows: Uint32Array,
  targets?: readonly Int32Array[],
): Promise<ScoredRows> {
  const score = (batch: Batch) => {
    if (targets !== undefined) replaceTargets(batch, targets);
    return scorePastNan(batch, (part) => engine.score(part));
  };
  return (await scoreRows(stream, source, rows, score)).scored;
}

function replaceTargets(batch: Batch, targets: readonly Int32Array[]): void {
  let at = 0;
  for (const row of targets) {
    batch.targets.set(row, at);
    at += row.length;
  }
}
