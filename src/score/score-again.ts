/**
 * Rows scored again by the reference implementation, in the first way that runs the graph.
 */
import { BpbError, interrupted } from '../errors.js';
import type { RowsScore, WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import { Differences } from './disagreement.js';
import { perturbedRoute, type Route, routesOf } from './verify-routes.js';

export interface ScoreAgain {
  readonly setup: WorkerSetup;
  /** Rows to score again, those of a group in one task. */
  readonly groups: readonly Uint32Array[];
  /** Whether the graph rounds activations, so that sums in another order move it by whole steps. */
  readonly rounded: boolean;
  /** Whether a GPU ran it. */
  readonly onGpu: boolean;
  /** Rows on which the noise between two reference computations is measured. */
  readonly noiseGroups: readonly Uint32Array[];
  /** After so many the remaining groups are left out; Infinity scores all. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each group with the rows so far. */
  readonly onRow?: ((rows: number) => void) | undefined;
}

/** Of each of the two computations that noise is measured by. */
const NOISE_SECONDS = 10;

/** Gets each group with its score, nats included. */
interface Comparison {
  add(group: Uint32Array, score: RowsScore): void;
}

interface Again<Compared> {
  readonly rows: number;
  /** Whether ONNX Runtime's graph optimization was used, as the run does. */
  readonly optimized: boolean;
  /** Null where no way runs the graph; `note` says why. */
  readonly compared: Compared | null;
  /** Whether that is because the reference gives no nats for a row for which the run gives some. */
  readonly contradicts: boolean;
  readonly note: string | null;
  /**
   * Of a graph that rounds activations, the mean size of what chance alone makes between two reference
   * computations, of the graph and of one whose constants differ in their last place.
   */
  readonly noise: () => Promise<number>;
}

/**
 * Scores the rows with ONNX Runtime's JavaScript API and the float64 scorer in TypeScript.
 *
 * @param compare begins a comparison; again where a way fails after some rows
 */
export async function scoreAgain<Compared extends Comparison>(
  options: ScoreAgain,
  compare: () => Compared,
): Promise<Again<Compared>> {
  const noise = async () => 0;
  const impossible = (note: string, contradicts = false) => ({
    ...{ rows: 0, optimized: false, compared: null, contradicts, note, noise },
  });
  let refused: BpbError | null = null;
  try {
    for (const route of routesOf(options)) {
      const compared = compare();
      const before: BpbError | null = refused;
      try {
        const rows = await scoreGroups(options, route, compared);
        const why =
          before === null ? route.note : `${route.note}: ${before.actual ?? before.message}`;
        const optimized = route.options.runtime.optimize;
        const noise = () => noiseOf(options, route);
        return { rows, optimized, compared, contradicts: false, note: why, noise };
      } catch (error) {
        if (!(error instanceof BpbError) || error.kind !== 'input') throw error;
        if (refused === null || CONTRADICTIONS.has(error.code)) refused = error;
      }
    }
  } catch (error) {
    const cannot = error instanceof BpbError && REFUSALS.has(error.kind);
    if (!cannot) throw error;
    refused = error;
  }
  const { message, actual, code } = refused!;
  return impossible(
    `${message}${actual === undefined ? '' : ` ${actual}`}`,
    CONTRADICTIONS.has(code),
  );
}

/** Mean size in nats; 0 where one of the two does not run, as no more than usual is then allowed. */
async function noiseOf(options: ScoreAgain, route: Route): Promise<number> {
  const again = {
    ...options,
    groups: options.noiseGroups,
    seconds: NOISE_SECONDS,
    onRow: undefined,
  };
  const first: Float32Array[] = [];
  const differences = new Differences();
  let at = 0;
  const compare = (_group: Uint32Array, { nats }: RowsScore) => {
    differences.begin();
    for (const [k, one] of (first[at++] ?? []).entries()) differences.add(one, nats![k]!);
  };
  try {
    await scoreGroups(again, route, { add: (_group, { nats }) => first.push(nats!) });
    await scoreGroups(again, perturbedRoute(route), { add: compare });
  } catch (error) {
    if (error instanceof BpbError && REFUSALS.has(error.kind)) return 0;
    throw error;
  }
  return differences.summary().mean_abs_nats ?? 0;
}

/** A graph that this engine cannot read or run, or kernels that it lacks. */
const REFUSALS: ReadonlySet<string> = new Set(['input', 'environment']);

/**
 * The graph runs and gives no numbers. In halves a norm may overflow without the fusion that the run used, so that
 * this too is tried in another way first.
 */
const CONTRADICTIONS: ReadonlySet<string> = new Set(['BPB_NAN_LOGITS', 'BPB_NATS_OVERFLOW']);

/** @returns rows that were scored */
async function scoreGroups(
  { setup, groups, seconds, signal, onRow }: ScoreAgain,
  { options }: Route,
  comparison: Comparison,
): Promise<number> {
  const pool = new ScorePool({ ...setup, engine: 'onnx-js', options }, 1);
  try {
    await pool.open();
    const deadline = performance.now() + seconds * 1000;
    let rows = 0;
    for (const group of groups) {
      if (signal?.aborted) throw interrupted();
      comparison.add(group, await pool.score(group, true));
      rows += group.length;
      onRow?.(rows);
      if (performance.now() > deadline) break;
    }
    return rows;
  } finally {
    await pool.close();
  }
}
