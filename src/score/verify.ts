/**
 * Verification of a run: a sample of rows, scored again by the reference implementation.
 *
 * The run used any engine; the verification always uses the JavaScript API of ONNX Runtime and the plain
 * float64 scorer in TypeScript, with graph optimization off wherever that runs the graph and computes
 * the same (verify-routes.ts). They share the model file and the rows, and nothing else.
 */
import { BpbError, interrupted } from '../errors.js';
import type { WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import { Differences, type Disagreement } from './disagreement.js';
import { type Route, routesOf } from './verify-routes.js';

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

export interface Verification extends Disagreement {
  /** Rows that were scored a second time. */
  rows: number;
  seed: number;
  tolerance_nats: number;
  /** Whether the second opinion used ONNX Runtime's graph optimization, as the run does. */
  optimized: boolean;
  verdict: 'pass' | 'fail' | 'not_possible' | 'skipped';
  /** Why, where there is no verdict or the second opinion did not run the graph as it is. */
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
  /** Whether the graph rounds activations, so that sums in another order move it by whole steps. */
  readonly rounded: boolean;
  /** Whether a GPU ran it. */
  readonly onGpu: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each group with the rows so far. */
  readonly onRow?: ((rows: number) => void) | undefined;
}

export async function verifyRows(options: VerifyOptions): Promise<Verification> {
  const { groups, seed, tolerance } = options;
  const nothing: Verification = {
    rows: 0,
    seed,
    ...new Differences().summary(),
    tolerance_nats: tolerance,
    optimized: false,
    verdict: 'skipped',
    note: null,
  };
  if (groups.length === 0) return { ...nothing, note: 'no row was asked for' };
  const impossible = (error: BpbError): Verification => ({
    ...nothing,
    verdict: 'not_possible',
    note: `${error.message}${error.actual === undefined ? '' : ` ${error.actual}`}`,
  });
  let refused: BpbError | null = null;
  for (const route of routesOf(options)) {
    try {
      return { ...nothing, ...(await compared(options, route, refused)) };
    } catch (error) {
      if (!(error instanceof BpbError)) throw error;
      // The verifying engine may lack kernels that the run's engine has (bf16 on the CPU).
      if (error.kind === 'environment') return { ...impossible(error), note: error.message };
      if (!REFUSALS.has(error.code)) throw error;
      refused ??= error;
    }
  }
  return impossible(refused!);
}

/** What ONNX Runtime says of a graph that it does not run in this way, and may in another. */
const REFUSALS: ReadonlySet<string> = new Set(['BPB_MODEL_LOAD', 'BPB_MODEL_RUN']);

/** @param refused why the graph could not be run in the ways before */
async function compared(
  { setup, groups, firstOpinion, tolerance, rounded, signal, onRow }: VerifyOptions,
  { options, note }: Route,
  refused: BpbError | null,
): Promise<Partial<Verification>> {
  const pool = new ScorePool({ ...setup, engine: 'onnx-js', options }, 1);
  try {
    await pool.open();
    const deadline = performance.now() + VERIFY_SECONDS_MAX * 1000;
    const differences = new Differences();
    let rows = 0;
    for (const group of groups) {
      if (signal?.aborted) throw interrupted();
      const second = (await pool.score(group, true)).nats!;
      differences.begin();
      let k = 0;
      for (const row of group) {
        for (const nats of firstOpinion.get(row)!) differences.add(nats, second[k++]!);
      }
      rows += group.length;
      onRow?.(rows);
      if (performance.now() > deadline) break;
    }
    return {
      rows,
      ...differences.summary(),
      optimized: options.runtime.optimize,
      verdict: differences.agree(tolerance, rounded) ? 'pass' : 'fail',
      note: refused === null ? note : `${note}: ${refused.actual ?? refused.message}`,
    };
  } finally {
    await pool.close();
  }
}
