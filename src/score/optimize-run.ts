/**
 * The proof of `--optimize` in a run: rows scored again with the model as it was exported.
 */
import type { EngineInfo } from '../engine/types.js';
import { BpbError } from '../errors.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { Placement } from '../evaluation/session-options.js';
import type { Half } from '../onnx/halves.js';
import type { Rewrite } from '../onnx/optimize/optimize.js';
import type { WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import type { Rewritten } from './open-workers.js';
import { type OptimizationProof, proveOptimization, unproved } from './optimize-check.js';

/** What a proof was made on: rows that stand alone, whole documents, or the stream from its beginning. */
export type ProofKind = 'rows' | 'documents' | 'prefix';

/** What a result says of `--optimize`. */
export interface Optimization extends OptimizationProof {
  /** Both models began each of them in the initial state. */
  proved_on: ProofKind;
  /** Whole documents that were compared; null where it was not by documents. */
  documents: number | null;
  /** Of weights and activations, where they are known to be sound in it, or where the artifact's own are in it. */
  precision: Rewritten['precision'];
  rewrites: readonly Rewrite[];
  /** What was left as it was, with the reason. */
  skipped: readonly string[];
  /** Taken out of the graph and applied by the scorer. */
  softcap: number | null;
  /** sha256 of the rewritten model; of an adaptive artifact that of its score graph. */
  model_sha256: string;
  /** sha256 of the rewritten adapt graph, and what was rewritten in it; null where there is none. */
  adapt_sha256: string | null;
  adapt_rewrites: readonly Rewrite[] | null;
  /** Seed of the choice of rows. */
  seed: number;
  rewrite_s: number;
  proof_s: number;
}

/**
 * `engine.precision` of a run: what the graph computes in, though the logits may be fp32.
 *
 * @param computed by the artifact's own graph
 */
export function precisionOf(
  info: EngineInfo,
  rewritten: Pick<Rewritten, 'precision'> | null,
  computed: Half | null,
): EngineInfo['precision'] {
  if (rewritten !== null && rewritten.precision !== 'fp32') return rewritten.precision;
  return computed ?? info.precision;
}

/**
 * Targets that a proof is made on, at least, where the run has as many. Rounding to fp16 moves a
 * target by about 1.5e-3 nats, so that the mean of so many is known to 1.2e-5: an eighth of the
 * tolerance. In fp32 it is 2e-6 to begin with.
 */
export const PROOF_TARGETS = { fp16: 16_384, bf16: 16_384, fp32: 2_048 } as const;
/** A row costs a row of the original's time, however few targets it scores. */
export const PROOF_ROWS_MAX = 256;

/** How many of `rows` rows with that many targets in all are scored without the rewrite as well. */
export function proofRows(
  precision: Rewritten['precision'],
  rows: number,
  targets: number,
): number {
  if (rows === 0) return 0;
  const needed = Math.ceil((PROOF_TARGETS[precision] * rows) / targets);
  return Math.min(rows, PROOF_ROWS_MAX, needed);
}

interface ProofRun {
  /** Of the run's own sessions, without the rewrite. */
  readonly setup: WorkerSetup;
  readonly placement: Placement;
  /** Of the engine that the run used. */
  readonly info: EngineInfo;
  readonly rewritten: Rewritten;
  readonly sample: { readonly kind: ProofKind; readonly groups: readonly Uint32Array[] };
  /** The run's own losses of the sampled rows, by row index of the plan. */
  readonly kept: ReadonlyMap<number, Float32Array>;
  readonly seed: number;
  readonly options: Pick<ScoreOptions, 'optimizeTolerance' | 'signal' | 'onProgress'>;
}

/**
 * Scores the drawn rows with the model as it was, on the engine that the run used, and compares with
 * the run's own losses. The run's workers are closed by then.
 */
export async function proveRun(run: ProofRun): Promise<Optimization> {
  const { options, rewritten, sample, kept, seed } = run;
  const { groups, kind } = sample;
  const { optimizeTolerance: tolerance, signal, onProgress } = options;
  const start = performance.now();
  const total = groups.reduce((rows, group) => rows + group.length, 0);
  let done = 0;
  const report = () => onProgress?.({ phase: 'prove', done, total, unit: 'rows', bpb: null });
  report();
  const pool = new ScorePool(originalSetup(run), 1);
  let proof: OptimizationProof;
  try {
    await pool.open();
    proof = await proveOptimization({
      original: async (at) => {
        const group = groups[at]!;
        const { nats } = await pool.score(group, true);
        done += group.length;
        report();
        return nats!;
      },
      optimized: async (at) => joined(groups[at]!, kept),
      rows: groups.keys(),
      tolerance,
      signal,
    });
  } catch (error) {
    // The device may lack kernels for what the rewrite took out. The run is over: its totals stay.
    if (!(error instanceof BpbError && error.kind === 'environment')) throw error;
    const reason = `the original model could not be scored: ${error.message} ${error.actual ?? ''}`;
    proof = unproved(tolerance, reason.trim());
  } finally {
    await pool.close();
  }
  const { rewrites, untouched, softcap } = rewritten.optimized;
  const { adapt } = rewritten;
  const ofAdapt = adapt?.optimized.untouched.map((what) => `adapt graph: ${what}`) ?? [];
  const proved = proof.rows > 0;
  return {
    ...proof,
    rows: proved ? total : 0,
    proved_on: kind,
    documents: kind === 'documents' ? proof.rows : null,
    precision: rewritten.precision,
    rewrites,
    skipped: [...untouched, ...ofAdapt],
    softcap,
    model_sha256: rewritten.sha256,
    adapt_sha256: adapt?.sha256 ?? null,
    adapt_rewrites: adapt?.optimized.rewrites ?? null,
    seed,
    rewrite_s: rewritten.seconds,
    proof_s: (performance.now() - start) / 1000,
  };
}

/** The run's own losses of a group, in the order of its rows. */
function joined(group: Uint32Array, kept: ReadonlyMap<number, Float32Array>): Float32Array {
  return Float32Array.from([...group].flatMap((row) => [...kept.get(row)!]));
}

/** One session of the model as it was, row by row, in fp32 throughout. */
function originalSetup({ setup, placement, info }: ProofRun): WorkerSetup {
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
  const threads = runtime.threads * (alone === null ? placement.workers : 1);
  const { gpus: _, ...one } = setup;
  return {
    ...one,
    engine: info.name,
    options: { ...setup.options, runtime: { ...runtime, threads }, cuda: alone },
  };
}
