/**
 * The workers of a score: a pool of open sessions, with `--optimize` of the rewritten model.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import { computedHalf } from '../artifact/precision.js';
import { roundingNodes } from '../artifact/rounding.js';
import { sha256 } from '../artifact/size.js';
import { operatorsOf } from '../engine/own-operators.js';
import type { PlannedEvaluation, Workload } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { NamedNode } from '../onnx/activations.js';
import type { Half } from '../onnx/halves.js';
import type { OptimizeOptions } from '../onnx/optimize/optimize.js';
import type { OwnOperator } from '../onnx/optimize/own-operators.js';
import type { Opened, WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import { type BatchPlan, longestRow } from '../windows/batches.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import { type OptimizedEngine, optimizedEngine, unchangedEngine } from './optimize-check.js';
import {
  type AdaptRewrite,
  paddedTime,
  rewriteAdapt,
  scorePorts,
  unchangedAdapt,
} from './optimize-stateful.js';

/** The rewritten model, and the options of an engine that runs it. */
export interface Rewritten extends OptimizedEngine {
  /** fp32 where neither the rewrite nor the artifact itself rounds to fewer bits. */
  readonly precision: Half | 'fp32';
  readonly sha256: string;
  /** Null where there is no adapt graph. */
  readonly adapt: AdaptRewrite | null;
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
  { optimize, precision, onProgress }: Pick<ScoreOptions, 'optimize' | 'precision' | 'onProgress'>,
): Promise<Workers> {
  const report = (phase: 'rewrite' | 'load') =>
    onProgress?.({ phase, done: 0, total: null, unit: '', bpb: null });
  const open = async (used: WorkerSetup, rewritten: Rewritten | null): Promise<Workers> => {
    report('load');
    const pool = new ScorePool(used, placement.workers);
    try {
      return { pool, opened: await pool.open(), rewritten };
    } catch (error) {
      await pool.close();
      throw error;
    }
  };
  if (!optimize) return open(setup, null);
  const onGpu = placement.gpus !== null;
  const rewriteFor = (gpu: boolean) => {
    report('rewrite');
    const asked = precision ?? (gpu ? 'fp16' : 'fp32');
    const own = computedHalf(artifact);
    const rounding = roundingNodes(artifact, gpu);
    if (rounding.length > 0) return leave(setup, own ?? 'fp32', rounding);
    return rewrite(axes.fixedTime, setup, workload, { asked, own }, gpu);
  };
  const first = rewriteFor(onGpu);
  const workers = await open(withRewrite(setup, first), first);
  const { info, notes } = workers.opened;
  if (!onGpu || info.provider !== 'cpu') return workers;
  // `auto` fell back to the CPU, which other fused operators suit than a GPU.
  await workers.pool.close();
  const second = rewriteFor(false);
  const again = await open(withRewrite({ ...setup, engine: info.name }, second), second);
  return { ...again, opened: { ...again.opened, notes: [...notes, ...again.opened.notes] } };
}

function withRewrite(setup: WorkerSetup, { options, adapt }: Rewritten): WorkerSetup {
  return { ...setup, options, adaptive: adapt?.adaptive ?? setup.adaptive };
}

/**
 * No rewrite of a graph that rounds activations to a few bits: sums in another order differ in their last place,
 * which moves an activation across a step now and then, and what follows with it. The score then moves by chance.
 */
function leave(
  { options, adaptive }: WorkerSetup,
  precision: Rewritten['precision'],
  rounding: readonly NamedNode[],
): Rewritten {
  const start = performance.now();
  const operators = [...new Set(rounding.map(({ op }) => op))].join(', ');
  const why = `all: rounds activations (${operators}), which any rewrite would move across steps`;
  return {
    ...unchangedEngine(options, why),
    precision,
    sha256: sha256(options.graph.model),
    adapt: unchangedAdapt(adaptive ?? null),
    seconds: (performance.now() - start) / 1000,
  };
}

interface Precision {
  readonly asked: NonNullable<ScoreOptions['precision']>;
  /** What the artifact's own graph computes in, where that has 16 bits. */
  readonly own: Half | null;
}

function rewrite(
  fixedTime: number | null,
  { engine: choice, options, adaptive }: WorkerSetup,
  { plan, batches }: Workload,
  { asked, own }: Precision,
  onGpu: boolean,
): Rewritten {
  const start = performance.now();
  const { stride, seqLen } = plan.options;
  const positionsPerBatch = listLength(plan, batches);
  const operators = operatorsOf(choice, onGpu, options.runtime);
  const engine = { ...options, cuda: options.cuda && { ...options.cuda, positionsPerBatch } };
  const attention = attentionOf(onGpu, asked, operators);
  const made = optimizedEngine(engine, {
    precision: asked === 'fp16' ? 'fp16' : 'fp32',
    // A graph that fixes its time axis is padded to it, as without a rewrite.
    seqLen: fixedTime ?? rowLength(adaptive, longestRow(plan, batches)),
    attention,
    operators,
    scoredPositions: adaptive === null && stride !== null && stride < seqLen,
    carried: adaptive === null ? undefined : scorePorts(adaptive),
  });
  const adapt = adaptive && rewriteAdapt(adaptive, { operators, attention });
  const halved = made.optimized.rewrites.some(({ name }) => name === 'half-precision-weights');
  const without = operators.size === 0 ? [`own operators: ${choice} runs none`] : [];
  return {
    ...made,
    optimized: { ...made.optimized, untouched: [...made.optimized.untouched, ...without] },
    precision: halved ? 'fp16' : (own ?? 'fp32'),
    sha256: sha256(made.options.graph.model),
    adapt,
    seconds: (performance.now() - start) / 1000,
  };
}

function rowLength(adaptive: Adaptive | null, longest: number): number | null {
  return adaptive === null ? longest : paddedTime(adaptive, longest);
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
