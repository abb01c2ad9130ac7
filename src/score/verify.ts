/**
 * Verification of a run: a sample of rows, scored again by the reference implementation.
 *
 * The run used any engine; the verification always uses the JavaScript API of ONNX Runtime and the plain
 * float64 scorer in TypeScript, with graph optimization off wherever that runs the graph and computes
 * the same (verify-routes.ts). They share the model file and the rows, and nothing else.
 */
import { Differences, type Disagreement, ROUNDED, sizeLimit } from './disagreement.js';
import { type ScoreAgain, scoreAgain } from './score-again.js';

/** Mean disagreement in nats beyond which a run gives no headline. */
const TOLERANCE_NATS = { fp32: 1e-5, tf32: 1e-3, fp16: 1e-3, bf16: 1e-3 } as const;

/**
 * The same for a model that `--optimize` rewrote and that computes in 16 bits. Where its weights were rounded,
 * verification runs the original in fp32, and the rounding of the whole model stands between the two, both
 * ways: a mean size of 1.2e-3 on the bundled artifact. Where the artifact's own are in fp16, so are both, and
 * round in other places: 4.3e-3 on the same model, converted. What it does to the score is bounded by the
 * proof, 50 times tighter.
 */
const HALVED_TOLERANCE_NATS = 5e-3;

/** @param computed what the run computed in */
export function toleranceOf(
  computed: keyof typeof TOLERANCE_NATS,
  rewritten: { readonly precision: 'fp16' | 'bf16' | 'fp32' } | null,
): number {
  const halved = rewritten !== null && rewritten.precision !== 'fp32';
  return halved ? HALVED_TOLERANCE_NATS : TOLERANCE_NATS[computed];
}

/** Of a verification by default, and of what noise is measured on. */
export const VERIFY_ROWS_MAX = 64;
const VERIFY_SECONDS_MAX = 10;

export interface Verification extends Disagreement {
  /** Rows that were scored a second time. */
  rows: number;
  seed: number;
  /** Of the mean size. */
  tolerance_nats: number;
  /** Of the mean, to either side, where a graph that rounds activations is judged by it; else null. */
  mean_tolerance_nats: number | null;
  /** Whether the reference used ONNX Runtime's graph optimization, as the run does. */
  optimized: boolean;
  verdict: 'pass' | 'fail' | 'not_possible' | 'skipped';
  /** Why, where there is no verdict or the reference did not run the graph as it is. */
  note: string | null;
}

/**
 * Rows by default: one in a hundred, at least one, at most 64.
 *
 * @param byMean whether what is judged may be the mean of what the rows differ by, which few do not tell
 */
export function defaultVerifyRows(planRows: number, byMean: boolean): number {
  const least = byMean ? Math.min(planRows, ROUNDED.groups) : 1;
  return Math.min(VERIFY_ROWS_MAX, Math.max(least, Math.round(planRows / 100)));
}

interface VerifyOptions extends Omit<ScoreAgain, 'seconds'> {
  /** Nats of the run for each of these rows, by row index of the plan. */
  readonly ofRun: ReadonlyMap<number, Float32Array>;
  readonly seed: number;
  /** Of the mean size of the disagreement. */
  readonly tolerance: number;
}

export async function verifyRows(options: VerifyOptions): Promise<Verification> {
  const { groups, seed, tolerance, rounded, ofRun } = options;
  const nothing: Verification = {
    rows: 0,
    seed,
    ...new Differences().summary(),
    tolerance_nats: tolerance,
    mean_tolerance_nats: null,
    optimized: false,
    verdict: 'skipped',
    note: null,
  };
  if (groups.length === 0) return { ...nothing, note: 'no row was asked for' };
  const again = await scoreAgain({ ...options, seconds: VERIFY_SECONDS_MAX }, () => {
    const differences = new Differences();
    return {
      add: (group, { nats }) => {
        differences.begin();
        let k = 0;
        for (const row of group) {
          for (const first of ofRun.get(row)!) differences.add(first, nats![k++]!);
        }
      },
      differences,
    };
  });
  if (again.compared === null) {
    return { ...nothing, verdict: again.contradicts ? 'fail' : 'not_possible', note: again.note };
  }
  const { rows, optimized, note, compared } = again;
  const { differences } = compared;
  const found = { ...nothing, rows, ...differences.summary(), optimized, note };
  if (differences.agree(tolerance)) return { ...found, verdict: 'pass' };
  if (!rounded) return { ...found, verdict: 'fail' };
  const noise = await again.noise();
  return {
    ...found,
    tolerance_nats: sizeLimit(noise),
    mean_tolerance_nats: differences.meanLimit(),
    verdict: differences.agreeOnAverage(noise) ? 'pass' : 'fail',
  };
}
