/**
 * A pool worker: keeps one engine, turns row indexes into exact sums a document.
 */

import { createAdaptiveEngine, createEngine } from '../engine/create.js';
import type { CudaOptions, Engine, EngineInfo, EngineOptions } from '../engine/types.js';
import { assembleBatch } from '../rows/assemble.js';
import { infiniteTargets } from '../rows/infinite.js';
import { LaneRunner } from '../rows/lane-runner.js';
import { namedError } from '../rows/named-error.js';
import { planRows } from '../rows/plan.js';
import { announceStarted, threadData } from '../worker-pool.js';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { replyOf } from './messages.js';

const setup = threadData<WorkerSetup>();
const { stream, adaptive } = setup;
const plan = planRows(stream, setup.window, adaptive);

/** What a task comes to, its nats always with it. */
type Scored = Omit<RowsScore, 'infinite' | 'infiniteRuns' | 'nats' | 'remarks'> & {
  readonly nats: Float32Array;
};

interface Worker {
  readonly engine: { readonly info: EngineInfo; readonly remarks?: readonly string[] };
  readonly notes: readonly string[];
  score(rows: Uint32Array): Promise<Scored>;
}

let opened: Promise<Worker> | undefined;

function worker(): Promise<Worker> {
  opened ??= adaptive === null ? openStateless() : openLanes();
  return opened;
}

/** ONNX Runtime's JavaScript API refuses shared memory, so each worker opens a copy of its own. */
function engineOptions(): EngineOptions {
  return { ...setup.options, model: setup.options.model.slice(), cuda: cudaOptions() };
}

async function openStateless(): Promise<Worker> {
  const { engine, notes } = await createEngine(setup.engine, engineOptions());
  return { engine, notes, score: (rows) => scoreRows(engine, rows) };
}

async function openLanes(): Promise<Worker> {
  const options = { ...engineOptions(), adaptive: adaptive! };
  const { engine, notes } = await createAdaptiveEngine(setup.engine, options);
  const runner = new LaneRunner(engine, adaptive!, stream, plan);
  return {
    engine,
    notes,
    score: async (rows) => ({ ...(await runner.score(rows)), shape: null }),
  };
}

function cudaOptions(): CudaOptions | null | undefined {
  const { options, gpus } = setup;
  if (!options.cuda || gpus === undefined) return options.cuda;
  const turn = Atomics.add(gpus.taken, 0, 1) % gpus.indexes.length;
  return { ...options.cuda, device: gpus.indexes[turn]! };
}

export default function run(task: WorkerTask): Promise<Reply<Opened | RowsScore>> {
  return replyOf<Opened | RowsScore>(task.kind === 'open' ? open : () => score(task));
}

async function open(): Promise<Opened> {
  const { engine, notes } = await worker();
  return { info: engine.info, notes };
}

async function score(task: Extract<WorkerTask, { kind: 'score' }>): Promise<RowsScore> {
  const { engine, score: scoreTask } = await worker();
  const { nats, ...scored } = await scoreTask(task.rows);
  return {
    ...scored,
    ...infiniteTargets(nats, scored.runs),
    nats: task.keepNats ? nats : null,
    remarks: [...(engine.remarks ?? [])],
  };
}

async function scoreRows(engine: Engine, rows: Uint32Array): Promise<Scored> {
  const { batch, runs } = assembleBatch(stream, plan, rows);
  try {
    const { deviceToHostBytes = null, shape = null, ...scored } = await engine.score(batch);
    return {
      ...scored,
      runs,
      deviceToHostBytes,
      shape,
      adaptations: 0,
      adaptSeconds: 0,
    };
  } catch (error) {
    throw namedError(error, rows, plan, stream);
  }
}

announceStarted();
