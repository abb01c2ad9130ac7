/**
 * A pool worker: keeps one engine, turns row indexes into exact sums a document.
 */

import { createEngine } from '../engine/create.js';
import type { CudaOptions } from '../engine/types.js';
import { BpbError } from '../errors.js';
import { planWindows } from '../windows/plan.js';
import { announceStarted, threadData } from '../worker-pool.js';
import { assembleBatch, documentOf, type ScoredRuns } from './assemble.js';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { replyOf } from './messages.js';
import type { InfiniteTargets } from './totals.js';

const setup = threadData<WorkerSetup>();
const plan = planWindows(setup.stream, setup.window);

type Created = Awaited<ReturnType<typeof createEngine>>;
let created: Promise<Created> | undefined;

function engine(): Promise<Created> {
  // ONNX Runtime's JavaScript API refuses shared memory, so each worker opens a copy of its own.
  created ??= createEngine(setup.engine, {
    ...setup.options,
    model: setup.options.model.slice(),
    cuda: cudaOptions(),
  });
  return created;
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
  const { engine: opened, notes } = await engine();
  return { info: opened.info, notes };
}

async function score(task: Extract<WorkerTask, { kind: 'score' }>): Promise<RowsScore> {
  const { engine: opened } = await engine();
  const { batch, runs } = assembleBatch(setup.stream, plan, task.rows);
  try {
    const { nats, totals, runSeconds, scoreSeconds, ...gpu } = await opened.score(batch);
    return {
      runs,
      totals,
      ...infiniteTargets(nats, runs),
      nats: task.keepNats ? nats : null,
      runSeconds,
      scoreSeconds,
      deviceToHostBytes: gpu.deviceToHostBytes ?? null,
      shape: gpu.shape ?? null,
      remarks: [...(opened.remarks ?? [])],
    };
  } catch (error) {
    throw named(error, task.rows);
  }
}

/** The engine knows the batch's row; the reader wants the place in the stream. */
function named(error: unknown, rows: Uint32Array): unknown {
  if (!(error instanceof BpbError) || error.code !== 'BPB_NAN_LOGITS') return error;
  const { row, offset } = error as BpbError & { row?: number; offset?: number };
  if (row === undefined || offset === undefined) return error;
  const planRow = rows[row]!;
  const position = plan.row(planRow).start + offset;
  const document = documentOf(setup.stream.documentStarts, position);
  return new BpbError({
    ...error,
    kind: error.kind,
    code: error.code,
    message: `${error.message} (row ${planRow} of the plan, stream position ${position}, document ${document})`,
  });
}

function infiniteTargets(
  nats: Float32Array,
  runs: ScoredRuns,
): { infinite: InfiniteTargets; infiniteRuns: Uint32Array | null } {
  let count = 0;
  let first = -1;
  let infiniteRuns: Uint32Array | null = null;
  let k = 0;
  for (let r = 0; r < runs.count.length; r++) {
    for (let j = 0; j < runs.count[r]!; j++, k++) {
      if (nats[k] !== Number.POSITIVE_INFINITY) continue;
      count++;
      infiniteRuns ??= new Uint32Array(runs.count.length);
      infiniteRuns[r]!++;
      const index = runs.first[r]! + j;
      if (first < 0 || index < first) first = index;
    }
  }
  return { infinite: { count, first }, infiniteRuns };
}

announceStarted();
