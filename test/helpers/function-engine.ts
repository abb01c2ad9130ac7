/**
 * An engine that computes nats with a function of the ids: what a model may do, in microseconds.
 */

import type { TokenStream } from '#bpb/data/types';
import type { Batch, BatchScore, Engine } from '#bpb/engine/types';
import type { EveryRowTotals } from '#bpb/run/every-row/sums';
import type { Opened, RowsScore, ScoreTask, WorkerSetup } from '#bpb/run/messages';
import { scorePlan } from '#bpb/run/score-plan';
import { openScoreWorker } from '#bpb/run/score-worker';
import { planBatches } from '#bpb/windows/batches';
import type { WindowOptions } from '#bpb/windows/options';
import { planWindows } from '#bpb/windows/plan';
import { type Service, withoutTransfer } from '#bpb/workers/protocol';

/** Nats of `target` after `row[offset]`, of a row as the batch holds it: padded with zeros. */
export type Model = (row: Int32Array, offset: number, target: number) => number;

export const VOCABULARY = 260;

/** A table of nats by the id before and the target. */
export const honest: Model = (row, offset, target) =>
  1 + ((Math.imul(row[offset]! + 1, 2654435761) ^ Math.imul(target, 40503)) >>> 22) / 256;

export function functionEngine(model: Model): Engine {
  return {
    info: { fixedTime: null, fixedRows: null },
    score: async (batch: Batch): Promise<BatchScore> => {
      const { ids, time, scored, targets, spanEnds } = batch;
      const nats = Float32Array.from(scored, (position, k) => {
        const row = Math.floor(position / time);
        return model(ids.subarray(row * time, (row + 1) * time), position % time, targets[k]!);
      });
      const q30 = new BigInt64Array(spanEnds.length);
      return { nats, q30, runSeconds: 0, scoreSeconds: 0 };
    },
    close: async () => undefined,
  } as unknown as Engine;
}

export interface FunctionRun {
  readonly stream: TokenStream;
  readonly window: WindowOptions;
  readonly seed: number;
  readonly cuts?: number;
  readonly batchTokens?: number;
  readonly workers?: number;
}

/** Every row of the plan, scored and scored again, as a score does it. */
export async function checkEveryRow(
  engine: Engine,
  { stream, window, seed, cuts = 1, batchTokens = 1024, workers = 1 }: FunctionRun,
): Promise<EveryRowTotals> {
  const setup = { stream, window, adaptive: null, engine: 'auto', options: {} };
  const services: Service<ScoreTask, RowsScore, Opened>[] = [];
  for (let k = 0; k < workers; k++) {
    services.push(
      await openScoreWorker(setup as unknown as WorkerSetup, {
        stateless: async () => ({ engine, notes: [] }),
        adaptive: async () => Promise.reject(new Error('no state here')),
      }),
    );
  }
  let turn = 0;
  const plan = planWindows(stream, window);
  const batches = planBatches(plan, batchTokens);
  const { everyRow } = await scorePlan({
    plan,
    batches,
    range: [0, batches.count],
    documents: stream.documentStarts.length,
    accounting: { headlineBytes: () => 0 },
    pool: {
      workers,
      score: async (rowIndexes, keepNats, task) => {
        const { handle } = services[turn++ % workers]!;
        return withoutTransfer(await handle({ rowIndexes, keepNats, everyRow: task }));
      },
    },
    wanted: { has: () => false },
    allNats: false,
    output: null,
    recorder: null,
    everyRow: { seed, cuts, vocabulary: VOCABULARY },
  });
  return everyRow!;
}
