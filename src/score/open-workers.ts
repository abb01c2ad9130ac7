/**
 * The workers of a score: a pool of open sessions, with `--optimize` of the rewritten model.
 */
import type { Artifact } from '../artifact/load.js';
import { sha256 } from '../artifact/size.js';
import { operatorsOf } from '../engine/own-operators.js';
import { inputError } from '../errors.js';
import type { PlannedEvaluation, Workload } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { OptimizeOptions } from '../onnx/optimize/optimize.js';
import type { OwnOperator } from '../onnx/optimize/own-operators.js';
import type { Opened, WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import { type BatchPlan, longestRow } from '../windows/batches.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import { type OptimizedEngine, optimizedEngine } from './optimize-check.js';

/** The rewritten model, and the options of an engine that runs it. */
export interface Rewritten extends OptimizedEngine {
  readonly precision: 'fp16' | 'fp32';
  readonly sha256: string;
  readonly seconds: number;
}

/** Open workers, and the model that they run where that is not the artifact's own. */
export interface Workers {
  readonly pool: ScorePool;
  readonly opened: Opened;
  readonly rewritten: Rewritten | null;
}

/**
 * @throws BPB_OPTIMIZE for a model that cannot be rewritten, and whatever an engine refuses
 */
export async function openWorkers(
  { artifact, axes, placement, workload }: PlannedEvaluation,
  setup: WorkerSetup,
  { optimize, precision }: Pick<ScoreOptions, 'optimize' | 'precision'>,
): Promise<Workers> {
  const open = async (used: WorkerSetup, rewritten: Rewritten | null): Promise<Workers> => {
    const pool = new ScorePool(used, placement.workers);
    try {
      return { pool, opened: await pool.open(), rewritten };
    } catch (error) {
      await pool.close();
      throw error;
    }
  };
  if (!optimize) return open(setup, null);
  refuseStateful(artifact);
  const onGpu = placement.gpus !== null;
  const rewriteFor = (gpu: boolean) =>
    rewrite(axes.fixedTime, setup, workload, precision ?? (gpu ? 'fp16' : 'fp32'), gpu);
  const first = rewriteFor(onGpu);
  const workers = await open({ ...setup, options: first.options }, first);
  const { info, notes } = workers.opened;
  if (!onGpu || info.provider !== 'cpu' || first.precision === 'fp32') return workers;
  // `auto` fell back to the CPU, where a rewrite for a GPU is slow.
  if (precision === 'fp16') return workers;
  await workers.pool.close();
  const second = rewriteFor(false);
  const again = await open({ ...setup, engine: info.name, options: second.options }, second);
  return { ...again, opened: { ...again.opened, notes: [...notes, ...again.opened.notes] } };
}

function refuseStateful({ adaptive, model }: Artifact): void {
  if (adaptive === null) return;
  throw inputError('BPB_OPTIMIZE', {
    message: 'the model cannot be optimized',
    path: model.path,
    expected: 'a model whose rows do not depend on each other',
    actual: 'one that carries state from chunk to chunk',
    hint: 'score without --optimize',
  });
}

function rewrite(
  fixedTime: number | null,
  { engine: choice, options }: WorkerSetup,
  { plan, batches }: Workload,
  wanted: NonNullable<ScoreOptions['precision']>,
  onGpu: boolean,
): Rewritten {
  const start = performance.now();
  const { stride, seqLen } = plan.options;
  const positionsPerBatch = listLength(plan, batches);
  const operators = operatorsOf(choice, onGpu);
  const engine = { ...options, cuda: options.cuda && { ...options.cuda, positionsPerBatch } };
  const made = optimizedEngine(engine, {
    precision: wanted === 'fp16' ? 'fp16' : 'fp32',
    // A graph that fixes its time axis is padded to it, as without a rewrite.
    seqLen: fixedTime ?? longestRow(plan, batches),
    attention: attentionOf(onGpu, wanted, operators),
    operators,
    scoredPositions: stride !== null && stride < seqLen,
  });
  const halved = made.optimized.rewrites.some(({ name }) => name === 'half-precision-weights');
  return {
    ...made,
    precision: halved ? 'fp16' : 'fp32',
    sha256: sha256(made.options.graph.model),
    seconds: (performance.now() - start) / 1000,
  };
}

/**
 * ai.onnx Attention is for GPUs. The CPU has an operator of our own in fp32; without it, it is faster with what
 * exporters write, and in fp16 with GroupQueryAttention (docs/optimize.md).
 */
function attentionOf(
  onGpu: boolean,
  precision: NonNullable<ScoreOptions['precision']>,
  operators: ReadonlySet<OwnOperator>,
): OptimizeOptions['attention'] {
  if (onGpu) return 'standard';
  if (precision === 'fp16') return 'gqa';
  return operators.has('CausalAttention') ? 'causal' : 'kept';
}

/**
 * Scored positions that a GPU's batches are made for: the most that any batch has but one. The first
 * row of a sliding window scores all of its targets; its batch is run more than once, where all
 * others would be padded to it.
 */
function listLength(plan: WindowPlan, batches: BatchPlan): number {
  let [most, second] = [0, 0];
  for (let b = 0; b < batches.count; b++) {
    const scored = batches.rowIndexes(b).reduce((sum, row) => sum + scoredOf(plan, row), 0);
    if (scored > most) [most, second] = [scored, most];
    else second = Math.max(second, scored);
  }
  return Math.max(1, batches.count > 1 ? second : most);
}
