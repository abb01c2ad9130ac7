/**
 * Rows of probes as batches of an engine, and nats of every row also where its logits turn to NaN.
 */

import type { TokenStream } from '../data/types.js';
import { NanLogitsError } from '../engine/nan-logits.js';
import type { Batch, Engine } from '../engine/types.js';
import { planBatches } from '../windows/batches.js';
import type { WindowOptions } from '../windows/options.js';
import { planWindows } from '../windows/plan.js';
import type { ProbeRow } from './subject.js';

/** Inputs of a row, and the targets of its offsets from `first` on. */
export interface Scored {
  readonly inputs: Int32Array;
  readonly first: number;
  readonly targets: Int32Array;
}

export function scoredRow({ tokens, targets }: ProbeRow): Scored {
  return { inputs: tokens.subarray(0, -1), first: 0, targets: targets ?? tokens.subarray(1) };
}

/** One batch, padded on the right with zeros as in a score; `limits[r]` of row r's targets count. */
function batchOf(rows: readonly Scored[], limits: readonly number[]): Batch {
  const time = Math.max(...rows.map(({ inputs }) => inputs.length));
  const ids = new Int32Array(rows.length * time);
  const scored: number[] = [];
  const targets: number[] = [];
  rows.forEach((row, r) => {
    ids.set(row.inputs, r * time);
    for (let k = 0; k < limits[r]!; k++) {
      scored.push(r * time + row.first + k);
      targets.push(row.targets[k]!);
    }
  });
  return {
    rows: rows.length,
    time,
    ids,
    scored: Uint32Array.from(scored),
    targets: Int32Array.from(targets),
    segmentEnds: Uint32Array.of(scored.length),
  };
}

/**
 * Nats of the rows as one batch. An engine refuses a batch at its first NaN; here the row's nats end
 * there, and the others are scored all the same. A graph of fixed batch size gets what it takes.
 */
export async function scoreTogether(
  engine: Engine,
  rows: readonly Scored[],
): Promise<Float32Array[]> {
  const most = engine.info.fixedRows ?? rows.length;
  const nats: Float32Array[] = [];
  for (let from = 0; from < rows.length; from += most) {
    nats.push(...(await scoreBatch(engine, rows.slice(from, from + most))));
  }
  return nats;
}

async function scoreBatch(engine: Engine, rows: readonly Scored[]): Promise<Float32Array[]> {
  const limits = rows.map(({ targets }) => targets.length);
  for (;;) {
    const batch = batchOf(rows, limits);
    try {
      const nats =
        batch.scored.length === 0 ? new Float32Array() : (await engine.score(batch)).nats;
      return cut(nats, rows, limits);
    } catch (error) {
      if (!(error instanceof NanLogitsError)) throw error;
      limits[error.row] = error.offset - rows[error.row]!.first;
    }
  }
}

function cut(
  nats: Float32Array,
  rows: readonly Scored[],
  limits: readonly number[],
): Float32Array[] {
  let at = 0;
  return rows.map(({ targets }, r) => {
    const own = new Float32Array(targets.length).fill(Number.NaN);
    own.set(nats.subarray(at, at + limits[r]!));
    at += limits[r]!;
    return own;
  });
}

/** Nats of every target of a stream, by target index; index 0 is no target. */
export async function scoreStream(
  engine: Engine,
  { ids, documentStarts }: TokenStream,
  window: WindowOptions,
  batchTokens: number,
): Promise<Float32Array> {
  const nats = new Float32Array(ids.length).fill(Number.NaN);
  const plan = planWindows({ ids, documentStarts }, window);
  const batches = planBatches(plan, batchTokens);
  for (let b = 0; b < batches.count; b++) {
    const rows = Array.from(batches.rows(b), (index) => plan.row(index));
    const scored = rows.map(({ start, length, firstScored }) => ({
      inputs: Int32Array.from(ids.subarray(start, start + length)),
      first: firstScored,
      targets: Int32Array.from(ids.subarray(start + firstScored + 1, start + length + 1)),
    }));
    const results = await scoreTogether(engine, scored);
    rows.forEach(({ start, firstScored }, r) => {
      nats.set(results[r]!, start + firstScored + 1);
    });
  }
  return nats;
}
