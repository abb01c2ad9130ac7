/**
 * Service of a scoring worker: one engine, row indexes to exact sums per document.
 */
import type { AdaptiveEngine, AdaptiveOptions } from '../engine/adaptive.js';
import type { Created, EngineChoice } from '../engine/create.js';
import type { Batch, CudaOptions, Engine, EngineInfo, EngineOptions } from '../engine/types.js';
import { planRows } from '../evaluation/plan.js';
import type { WindowPlan } from '../windows/plan.js';
import { type Handled, type Service, WithTransfer } from '../workers/protocol.js';
import { scoreRows } from './assemble.js';
import { BatchMemory } from './batch-memory.js';
import { BatchCheck, compareRun, type EveryRowTask } from './every-row/check-batch.js';
import { EveryRowTotals } from './every-row/sums.js';
import type { Opened, RowsScore, ScoreTask, WorkerSetup } from './messages.js';
import { StatefulRunner } from './stateful-runner.js';

/** Constructors of a worker's engine. */
interface Engines {
  stateless(choice: EngineChoice, options: EngineOptions): Promise<Created<Engine>>;
  adaptive(choice: EngineChoice, options: AdaptiveOptions): Promise<Created<AdaptiveEngine>>;
}

/** Result of an engine, always with its nats. */
type Scored = Omit<RowsScore, 'nats' | 'remarks'> & { readonly nats: Float32Array };

/** An engine, and how it scores rows of the plan. */
interface Scorer {
  readonly engine: { readonly info: EngineInfo; readonly remarks?: readonly string[] };
  readonly notes: readonly string[];
  score(rows: Uint32Array, everyRow?: EveryRowTask): Promise<Scored>;
}

/** Plans the rows and opens the engine of a thread. */
export async function openScoreWorker(
  setup: WorkerSetup,
  engines: Engines,
): Promise<Service<ScoreTask, RowsScore, Opened>> {
  const plan = planRows(setup.stream, setup.window, setup.adaptive);
  const { engine, notes, score } = await (setup.adaptive === null
    ? openStateless(setup, plan, engines)
    : openStateful(setup, plan, engines));
  const handle = async (task: ScoreTask): Promise<Handled<RowsScore>> => {
    const { rowIndexes, keepNats, everyRow } = task;
    const { nats, ...scored } = await score(rowIndexes, everyRow);
    const result: RowsScore = {
      ...scored,
      nats: keepNats ? nats : null,
      remarks: [...(engine.remarks ?? [])],
    };
    const { buffer } = nats;
    return keepNats && buffer instanceof ArrayBuffer ? new WithTransfer(result, [buffer]) : result;
  };
  return { opened: { info: engine.info, notes }, handle };
}

async function openStateless(
  setup: WorkerSetup,
  plan: WindowPlan,
  engines: Engines,
): Promise<Scorer> {
  const { engine, notes } = await engines.stateless(setup.engine, engineOptions(setup));
  // Of batches that have been scored: as many as run at once.
  const spare: BatchMemory[] = [];
  const check = new BatchCheck(setup.stream.ids, plan, engine.info.fixedTime);
  const score: Scorer['score'] = async (rows, everyRow) => {
    const memory = spare.pop() ?? new BatchMemory();
    try {
      const run = (batch: Batch) => engine.score(batch);
      const { batch, scored } = await scoreRows(setup.stream, plan, rows, run, memory);
      const { nats, deviceToHostBytes = null, shape = null } = scored;
      const result = { ...scored, deviceToHostBytes, shape, adaptations: 0, adaptSeconds: 0 };
      if (everyRow === undefined) return result;
      const totals = new EveryRowTotals();
      // A batch is one step, of which no part can be repeated: at least once it is.
      const repeats = Math.ceil(everyRow.repeats * everyRow.repeatedSteps);
      await check.run(batch, rows, { ...everyRow, repeats }, run, memory, totals, (further) => {
        compareRun(further, nats, totals);
      });
      return { ...result, everyRow: { ...totals } };
    } finally {
      spare.push(memory);
    }
  };
  return { engine, notes, score };
}

async function openStateful(
  setup: WorkerSetup,
  plan: WindowPlan,
  engines: Engines,
): Promise<Scorer> {
  const adaptive = setup.adaptive!;
  const options = { ...engineOptions(setup), adaptive };
  const { engine, notes } = await engines.adaptive(setup.engine, options);
  const runner = new StatefulRunner(engine, adaptive, setup.stream, plan);
  return {
    engine,
    notes,
    score: async (rows, everyRow) => ({ ...(await runner.score(rows, everyRow)), shape: null }),
  };
}

function engineOptions(setup: WorkerSetup): EngineOptions {
  return { ...setup.options, cuda: cudaOptions(setup) };
}

function cudaOptions({ options, gpus }: WorkerSetup): CudaOptions | null | undefined {
  if (!options.cuda || gpus === undefined) return options.cuda;
  const turn = Atomics.add(gpus.taken, 0, 1) % gpus.indexes.length;
  return { ...options.cuda, device: gpus.indexes[turn]! };
}
