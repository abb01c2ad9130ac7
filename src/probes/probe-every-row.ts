/**
 * `bpb probe --every-row`: the plan of a score, scored once with every row's later inputs replaced as well.
 */
import { computedHalf } from '../artifact/precision.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { ScorePool } from '../run/pool.js';
import { scorePlan } from '../run/score-plan.js';
import { workerSetup } from '../run/worker-setup.js';
import { type EveryRowJudged, judgeEveryRow } from './every-row.js';

/** No score is made of the nats, so that nothing divides them. */
const NO_BYTES = { headlineBytes: () => 0 };

/** @throws what an engine refuses; BPB_INTERRUPTED */
export async function probeEveryRow(
  evaluation: PlannedEvaluation,
  options: ScoreOptions,
  draw: { readonly seed: number; readonly cuts: number },
): Promise<EveryRowJudged> {
  const { artifact, tokenizer, data, placement, workload } = evaluation;
  const { signal, onProgress } = options;
  const pool = new ScorePool(workerSetup(evaluation, options), placement.workers);
  try {
    const { info } = await pool.open();
    const { everyRow } = await scorePlan({
      ...workload,
      documents: data.stream.documentStarts.length,
      accounting: NO_BYTES,
      pool,
      wanted: { has: () => false },
      allNats: false,
      output: null,
      recorder: null,
      everyRow: { ...draw, vocabulary: tokenizer.pieces.length },
      signal,
      onProgress: (progress) => onProgress?.({ ...progress, phase: 'every-row' }),
    });
    return judgeEveryRow(everyRow!, draw, computedHalf(artifact) ?? info.precision);
  } finally {
    await pool.close();
  }
}
