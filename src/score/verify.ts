/**
 * Verification of a run: a sample of rows, scored again by the reference implementation.
 *
 * The run used any engine; the verification always uses the JavaScript API of ONNX Runtime with graph
 * optimization off, and the plain float64 scorer in TypeScript. They share the model file and the rows,
 * and nothing else.
 */
import { BpbError, interrupted } from '../errors.js';
import type { WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';

/** Mean disagreement in nats beyond which a run gives no headline. */
const TOLERANCE_NATS = { fp32: 1e-5, tf32: 1e-3, fp16: 1e-3, bf16: 1e-3 } as const;

/**
 * The same for weights that `--optimize` rounded to fp16. Verification then runs the original
 * in fp32, so that the rounding of the whole model stands between the two, both ways: a mean size of
 * 1.2e-3 on the bundled artifact. What it does to the score is bounded by the proof, 50 times tighter.
 */
const HALVED_TOLERANCE_NATS = 5e-3;

export function toleranceOf(
  logits: keyof typeof TOLERANCE_NATS,
  rewritten: { readonly precision: 'fp16' | 'fp32' } | null,
): number {
  return rewritten?.precision === 'fp16' ? HALVED_TOLERANCE_NATS : TOLERANCE_NATS[logits];
}

const VERIFY_ROWS_MAX = 64;
const VERIFY_SECONDS_MAX = 10;

export interface Verification {
  /** Rows that were scored a second time. */
  rows: number;
  seed: number;
  mean_abs_nats: number | null;
  max_abs_nats: number | null;
  tolerance_nats: number;
  verdict: 'pass' | 'fail' | 'not_possible' | 'skipped';
  /** Why, where there is no verdict. */
  note: string | null;
}

/** Rows by default: one in a hundred, at least one, at most 64. */
export function defaultVerifyRows(planRows: number): number {
  return Math.min(VERIFY_ROWS_MAX, Math.max(1, Math.round(planRows / 100)));
}

interface VerifyOptions {
  readonly setup: WorkerSetup;
  /** Rows to score again, those of a group in one task. */
  readonly groups: readonly Uint32Array[];
  /** Nats of the run for each of these rows, by row index of the plan. */
  readonly firstOpinion: ReadonlyMap<number, Float32Array>;
  readonly seed: number;
  /** Of the mean size of the disagreement. */
  readonly tolerance: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each group with the rows so far. */
  readonly onRow?: ((rows: number) => void) | undefined;
}

export async function verifyRows(options: VerifyOptions): Promise<Verification> {
  const { setup, groups, firstOpinion, seed, tolerance, signal } = options;
  const result: Verification = {
    rows: 0,
    seed,
    mean_abs_nats: null,
    max_abs_nats: null,
    tolerance_nats: tolerance,
    verdict: 'skipped',
    note: null,
  };
  if (groups.length === 0) return { ...result, note: 'no row was asked for' };
  const pool = new ScorePool(
    { ...setup, engine: 'onnx-js', options: unoptimized(setup.options) },
    1,
  );
  try {
    await pool.open();
    const deadline = performance.now() + VERIFY_SECONDS_MAX * 1000;
    let sum = 0;
    let max = 0;
    let targets = 0;
    for (const group of groups) {
      if (signal?.aborted) throw interrupted();
      const second = (await pool.score(group, true)).nats!;
      let k = 0;
      for (const row of group) {
        for (const nats of firstOpinion.get(row)!) {
          const difference = disagreement(nats, second[k++]!);
          sum += difference;
          max = Math.max(max, difference);
        }
      }
      targets += k;
      result.rows += group.length;
      options.onRow?.(result.rows);
      if (performance.now() > deadline) break;
    }
    result.mean_abs_nats = sum / targets;
    result.max_abs_nats = max;
    // Written so that NaN fails.
    result.verdict = result.mean_abs_nats <= result.tolerance_nats ? 'pass' : 'fail';
    return result;
  } catch (error) {
    // The verifying engine may lack kernels that the run's engine has (bf16 on the CPU).
    if (error instanceof BpbError && error.kind === 'environment') {
      return { ...result, rows: 0, verdict: 'not_possible', note: error.message };
    }
    throw error;
  } finally {
    await pool.close();
  }
}

function unoptimized(options: WorkerSetup['options']): WorkerSetup['options'] {
  return { ...options, runtime: { ...options.runtime, optimize: false } };
}

/** Two infinities agree; one alone disagrees without bound. */
function disagreement(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b);
}
