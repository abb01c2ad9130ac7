/**
 * `--optimize` in a run: the rewritten model in the place of the original, and the proof that it
 * is the same model, on a sample of rows scored with and without it.
 */

import type { TokenStream } from '../data/types.js';
import type { Engine, EngineOptions } from '../engine/types.js';
import { interrupted } from '../errors.js';
import { checkTolerance } from '../evaluation/checks/flags.js';
import { type Optimized, type OptimizeOptions, optimize } from '../onnx/optimize/optimize.js';
import { assembleBatch } from '../run/assemble.js';
import { shared } from '../shared-memory.js';
import type { WindowPlan } from '../windows/plan.js';

/** Mean difference in nats, either way, beyond which an optimized run gives no headline. */
const OPTIMIZE_TOLERANCE_NATS = 1e-4;

/**
 * The mean size of a difference may be this many tolerances. Rounding to fp16 moves every target
 * both ways, by about 1e-3 nats, and nearly cancels; a broken model exceeds this limit.
 */
const SIZE_FACTOR = 50;

interface OptimizeRequest {
  readonly precision: 'fp16' | 'fp32';
  /** The plan's row length: shorter rows are padded to it. Null where the time axis stays open. */
  readonly seqLen: number | null;
  /** Compute logits of scored positions only: where rows overlap. */
  readonly scoredPositions?: boolean | undefined;
  readonly attention?: OptimizeOptions['attention'];
  readonly operators?: OptimizeOptions['operators'];
  /** Of a graph that carries state. */
  readonly carried?: OptimizeOptions['carried'];
}

export interface OptimizedEngine {
  /** For the engine that scores: the same but for the model and what of its work moved elsewhere. */
  readonly options: EngineOptions;
  readonly optimized: Omit<Optimized, 'bytes' | 'logits'>;
}

/**
 * Rewrites the model that an engine would be opened with.
 *
 * @throws BPB_OPTIMIZE where the model's fixed axes contradict the request
 */
export function optimizedEngine(options: EngineOptions, request: OptimizeRequest): OptimizedEngine {
  const { graph } = options;
  const { bytes, ...optimized } = optimize(graph.model, {
    precision: request.precision,
    seqLen: request.seqLen,
    // Rows stay open: a GPU's session fixes them, and fewer of them where its memory is short.
    // A softcap in the scorer already would be applied twice.
    liftSoftcap: graph.softcap === null,
    scoredPositions: request.scoredPositions,
    attention: request.attention,
    operators: request.operators,
    carried: request.carried,
    path: graph.path,
    tokensInput: graph.tokens,
    logitsOutput: graph.logits,
  });
  const softcap = optimized.softcap ?? graph.softcap;
  const positions = optimized.scoredInput;
  const rewritten = { ...graph, model: shared(bytes), rewritten: true, softcap, positions };
  return { options: { ...options, graph: rewritten }, optimized };
}

/** For a model that is left as it was exported. */
export function unchangedEngine(options: EngineOptions, why: string): OptimizedEngine {
  const optimized = { rewrites: [], untouched: [why], softcap: null, scoredInput: null };
  return { options, optimized };
}

/** Nats of the scored targets of one row of the plan, in their order. */
type RowScorer = (row: number) => Promise<Float32Array>;

/** Scores rows one by one on an engine. */
export function rowScorer(engine: Engine, stream: TokenStream, plan: WindowPlan): RowScorer {
  return async (row) => {
    const { batch } = assembleBatch(stream, plan, Uint32Array.of(row));
    return (await engine.score(batch)).nats;
  };
}

interface ProofOptions {
  /** The model as it was, in fp32 and without any rewrite. */
  readonly original: RowScorer;
  readonly optimized: RowScorer;
  /** Rows of the plan. */
  readonly rows: Iterable<number>;
  /** Nats; by default `OPTIMIZE_TOLERANCE_NATS`. */
  readonly tolerance?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OptimizationProof {
  rows: number;
  targets: number;
  /** Optimized minus original: what the rewrite does to `val_loss`. Null without a target. */
  mean_nats_difference: number | null;
  /** The same without regard to sign, and the largest. */
  mean_abs_nats: number | null;
  max_abs_nats: number | null;
  /** Of the mean difference: from so many targets. Null for fewer than two. */
  standard_error_nats: number | null;
  tolerance_nats: number;
  verdict: 'pass' | 'fail';
  note: string | null;
}

type Differences = Pick<OptimizationProof, 'mean_nats_difference' | 'mean_abs_nats'>;

/** Whether a proof's differences are within a tolerance; without one, within that of a run which asks for none. */
export function isWithin(
  { mean_nats_difference: mean, mean_abs_nats: size }: Differences,
  tolerance: number = OPTIMIZE_TOLERANCE_NATS,
): boolean {
  if (mean === null || size === null) return false;
  // Written so that NaN fails.
  return Math.abs(mean) <= tolerance && size <= SIZE_FACTOR * tolerance;
}

/** The fields of a proof where there is none. */
export function unproved(
  tolerance: number = OPTIMIZE_TOLERANCE_NATS,
  note = 'no row was scored: nothing is proved',
): OptimizationProof {
  return {
    rows: 0,
    targets: 0,
    mean_nats_difference: null,
    mean_abs_nats: null,
    max_abs_nats: null,
    standard_error_nats: null,
    tolerance_nats: tolerance,
    verdict: 'fail',
    note,
  };
}

/**
 * Scores a sample of rows with and without the rewrite.
 *
 * @throws BPB_OPTIMIZE_TOLERANCE (usage) for a tolerance that is no positive number
 */
export async function proveOptimization(options: ProofOptions): Promise<OptimizationProof> {
  const { original, optimized, rows, signal, tolerance = OPTIMIZE_TOLERANCE_NATS } = options;
  checkTolerance(tolerance);
  let [count, targets, sum, squares, size, largest] = [0, 0, 0, 0, 0, 0];
  for (const row of rows) {
    if (signal?.aborted) throw interrupted();
    const [before, after] = [await original(row), await optimized(row)];
    if (before.length !== after.length) throw new RangeError('one row, two numbers of targets');
    for (let k = 0; k < before.length; k++) {
      // Two infinities agree; one alone differs without bound.
      const difference = before[k] === after[k] ? 0 : after[k]! - before[k]!;
      sum += difference;
      squares += difference * difference;
      size += Math.abs(difference);
      largest = Math.max(largest, Math.abs(difference));
    }
    targets += before.length;
    count++;
  }
  if (targets === 0) return unproved(tolerance);
  const [mean, meanSize] = [sum / targets, size / targets];
  const passes = isWithin({ mean_nats_difference: mean, mean_abs_nats: meanSize }, tolerance);
  const limit =
    Math.abs(mean) <= tolerance
      ? `a mean size of at most ${SIZE_FACTOR * tolerance}`
      : `at most ${tolerance}`;
  // Of one row many targets differ alike; over many rows that is small beside the rounding.
  const variance = (squares - targets * mean * mean) / (targets - 1);
  return {
    rows: count,
    targets,
    tolerance_nats: tolerance,
    standard_error_nats: targets < 2 ? null : Math.sqrt(Math.max(0, variance) / targets),
    mean_nats_difference: mean,
    mean_abs_nats: meanSize,
    max_abs_nats: largest,
    verdict: passes ? 'pass' : 'fail',
    note: passes ? null : `the optimized model differs from the original: ${limit} was asked`,
  };
}
