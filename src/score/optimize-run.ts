/**
 * `--optimize` in a run: which precision, which workers, which rows prove it, and the record of it.
 */

import { sha256 } from '../artifact/size.js';
import type { EngineInfo } from '../engine/types.js';
import { BpbError, inputError, usageError } from '../errors.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { Rewrite } from '../onnx/optimize/optimize.js';
import type { Opened, WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import { type BatchPlan, longestRow } from '../windows/batches.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import {
  checkTolerance,
  type OptimizationProof,
  type OptimizedEngine,
  optimizedEngine,
  proveOptimization,
  unproved,
} from './optimize-check.js';
import type { Prepared } from './prepare.js';

/** What a result says of `--optimize`. */
export interface Optimization extends OptimizationProof {
  /** Of weights and activations, where they are known to be sound in it. */
  precision: 'fp16' | 'fp32';
  rewrites: readonly Rewrite[];
  /** What was left as it was, with the reason. */
  skipped: readonly string[];
  /** Taken out of the graph and applied by the scorer. */
  softcap: number | null;
  /** sha256 of the rewritten model. */
  model_sha256: string;
  /** Seed of the choice of rows. */
  seed: number;
  rewrite_s: number;
  proof_s: number;
}

/** The model in the place of the original one. */
export interface Rewritten extends OptimizedEngine {
  readonly precision: 'fp16' | 'fp32';
  readonly sha256: string;
  readonly seconds: number;
}

/** Open workers, and what they run where that is not the artifact's own model. */
export interface Workers {
  readonly pool: ScorePool;
  readonly opened: Opened;
  readonly rewritten: Rewritten | null;
}

/** @throws BpbError (usage) for flags that mean nothing without each other, before anything runs */
export function checkOptimizeFlags(options: ScoreOptions): void {
  const { optimize, optimizeTolerance, precision } = options;
  if (optimizeTolerance !== undefined) checkTolerance(optimizeTolerance);
  if (optimize) return;
  const flag =
    optimizeTolerance !== undefined
      ? '--optimize-tolerance'
      : precision === 'fp16'
        ? '--precision fp16'
        : undefined;
  if (flag === undefined) return;
  throw usageError('BPB_USAGE_OPTIMIZE', {
    message: `${flag} is about a model that is rewritten`,
    path: flag.split(' ')[0],
    expected: '--optimize beside it',
    actual: 'no --optimize',
    hint: 'a reference score runs the model in the precision that it was exported in',
  });
}

/**
 * Opens the workers; with `--optimize` on the rewritten model.
 *
 * @throws BPB_OPTIMIZE for a model that cannot be rewritten, and whatever an engine refuses
 */
export async function openWorkers(prepared: Prepared): Promise<Workers> {
  const { options, setup, placement, parallel } = prepared;
  const open = async (used: WorkerSetup, rewritten: Rewritten | null): Promise<Workers> => {
    const pool = new ScorePool(used, parallel.workers);
    try {
      return { pool, opened: await pool.open(), rewritten };
    } catch (error) {
      await pool.close();
      throw error;
    }
  };
  if (!options.optimize) return open(setup, null);
  const onGpu = placement.gpus !== null;
  const first = rewrite(prepared, onGpu);
  const workers = await open({ ...setup, options: first.options }, first);
  const { info, notes } = workers.opened;
  if (!onGpu || info.provider !== 'cpu' || first.precision === 'fp32') return workers;
  // `auto` passed the GPU over; what is fast there is slow here.
  if (options.precision === 'fp16') return workers;
  await workers.pool.close();
  const second = rewrite(prepared, false);
  const again = await open(
    { ...setup, engine: info.name as WorkerSetup['engine'], options: second.options },
    second,
  );
  return { ...again, opened: { ...again.opened, notes: [...notes, ...again.opened.notes] } };
}

function rewrite({ options, setup, plan, batches, artifact }: Prepared, onGpu: boolean): Rewritten {
  if (artifact.adaptive !== null) {
    throw inputError('BPB_OPTIMIZE', {
      message: 'the model cannot be optimized',
      path: artifact.model.path,
      expected: 'a model whose rows do not depend on each other',
      actual: 'one that carries state from chunk to chunk',
      hint: 'score without --optimize',
    });
  }
  const start = performance.now();
  const wanted = options.precision ?? (onGpu ? 'fp16' : 'fp32');
  const tokens = artifact.model.graph.inputs.find(({ name }) => name === artifact.model.tokens);
  const time = tokens?.dims?.[1];
  const longest = longestRow(plan, batches);
  const { stride, seqLen } = plan.options;
  const { cuda } = setup.options;
  const positionsPerBatch = listLength(plan, batches);
  const engine = { ...setup.options, cuda: cuda && { ...cuda, positionsPerBatch } };
  const made = optimizedEngine(engine, {
    precision: wanted === 'fp16' ? 'fp16' : 'fp32',
    // A graph that fixes its time axis is padded to it, as without a rewrite.
    seqLen: typeof time === 'number' && time > longest ? time : longest,
    // ai.onnx Attention is for GPUs. The CPU is faster with what exporters write, and in fp16 with
    // GroupQueryAttention (docs/optimize.md).
    attention: onGpu ? undefined : wanted === 'fp16' ? 'gqa' : 'kept',
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
 * Scored positions that a GPU's batches are made for: the most that any batch has but one. The first
 * row of a sliding window scores all of its targets; its batch is run more than once, where all
 * others would be padded to it.
 */
export function listLength(plan: WindowPlan, batches: BatchPlan): number {
  let [most, second] = [0, 0];
  for (let b = 0; b < batches.count; b++) {
    const scored = batches.rows(b).reduce((sum, row) => sum + scoredOf(plan, row), 0);
    if (scored > most) [most, second] = [scored, most];
    else second = Math.max(second, scored);
  }
  return Math.max(1, batches.count > 1 ? second : most);
}

/** `engine.precision` of a run: weights in halves make it fp16 though the logits may be fp32. */
export function precisionOf(
  info: EngineInfo,
  rewritten: Rewritten | null,
): EngineInfo['precision'] {
  return rewritten?.precision === 'fp16' ? 'fp16' : info.precision;
}

/**
 * Targets that a proof is made on, at least, where the run has as many. Rounding to fp16 moves a
 * target by about 1.5e-3 nats, so that the mean of so many is known to 1.2e-5: an eighth of the
 * tolerance. In fp32 it is 2e-6 to begin with.
 */
export const PROOF_TARGETS = { fp16: 16_384, fp32: 2_048 } as const;
/** A row costs a row of the original's time, however few targets it scores. */
export const PROOF_ROWS_MAX = 256;

/** How many of `rows` rows with that many targets in all are scored without the rewrite as well. */
export function proofRows(precision: 'fp16' | 'fp32', rows: number, targets: number): number {
  if (rows === 0) return 0;
  const needed = Math.ceil((PROOF_TARGETS[precision] * rows) / targets);
  return Math.min(rows, PROOF_ROWS_MAX, needed);
}

export interface ProofRun {
  readonly prepared: Prepared;
  readonly workers: Workers;
  readonly rewritten: Rewritten;
  /** The run's own nats of the rows that were drawn, by row index of the plan. */
  readonly kept: ReadonlyMap<number, Float32Array>;
  readonly seed: number;
}

/**
 * Scores the drawn rows with the model as it was, on the engine that the run used, and compares with
 * what the run itself made of them. The run's workers are closed by then.
 */
export async function proveRun(run: ProofRun): Promise<Optimization> {
  const { prepared, workers, rewritten, kept, seed } = run;
  const { options } = prepared;
  const start = performance.now();
  let done = 0;
  const told = () =>
    options.onProgress?.({ phase: 'prove', done, total: kept.size, unit: 'rows', bpb: null });
  told();
  const pool = new ScorePool(originalSetup(prepared, workers.opened.info), 1);
  let proof: OptimizationProof;
  try {
    await pool.open();
    proof = await proveOptimization({
      original: async (row) => {
        const { nats } = await pool.score(Uint32Array.of(row), true);
        done++;
        told();
        return nats!;
      },
      optimized: async (row) => kept.get(row)!,
      rows: kept.keys(),
      tolerance: options.optimizeTolerance,
      signal: options.signal,
    });
  } catch (error) {
    // The device may lack kernels for what the rewrite took out. The run is over: its totals stay.
    if (!(error instanceof BpbError && error.kind === 'environment')) throw error;
    const reason = `the original model could not be scored: ${error.message} ${error.actual ?? ''}`;
    proof = unproved(options.optimizeTolerance, reason.trim());
  } finally {
    await pool.close();
  }
  const { rewrites, untouched, softcap } = rewritten.optimized;
  return {
    ...proof,
    precision: rewritten.precision,
    rewrites,
    skipped: untouched,
    softcap,
    model_sha256: rewritten.sha256,
    seed,
    rewrite_s: rewritten.seconds,
    proof_s: (performance.now() - start) / 1000,
  };
}

/** One session of the model as it was, row by row, in fp32 throughout. */
function originalSetup({ setup, parallel, placement }: Prepared, info: EngineInfo): WorkerSetup {
  const { cuda, runtime } = setup.options;
  const alone =
    cuda && placement.gpus !== null && info.provider !== 'cpu'
      ? {
          ...cuda,
          tf32: false,
          // Exporters' shape arithmetic may have to stay on the CPU, and speed is no matter here.
          allowCpuNodes: true,
          shape: cuda.shape && ([1, cuda.shape[1]] as const),
          sessions: 1,
        }
      : null;
  const threads = runtime.threads * (alone === null ? parallel.workers : 1);
  const { gpus: _, ...one } = setup;
  return {
    ...one,
    engine: info.name as WorkerSetup['engine'],
    options: { ...setup.options, runtime: { ...runtime, threads }, cuda: alone },
  };
}
