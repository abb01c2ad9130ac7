/**
 * Score of a batch past logits that are no distribution, where a score ends with an error.
 */
import { NanLogitsError } from '../engine/nan-logits.js';
import type { Batch, BatchScore } from '../engine/types.js';

/**
 * Scores a batch. Where a row has logits that are no distribution, its nats are NaN from that
 * position on, and the batch is scored again without them; the other rows keep their nats.
 *
 * @throws what `score` throws, but for NanLogitsError
 */
export async function scorePastNan(
  batch: Batch,
  score: (batch: Batch) => Promise<BatchScore>,
): Promise<BatchScore> {
  const refused = new Uint8Array(batch.scored.length);
  let part = batch;
  for (;;) {
    try {
      return spread(await score(part), refused);
    } catch (error) {
      if (!(error instanceof NanLogitsError)) throw error;
      const from = error.row * batch.time + error.offset;
      const end = (error.row + 1) * batch.time;
      batch.scored.forEach((position, k) => {
        if (position >= from && position < end) refused[k] = 1;
      });
    }
    part = without(batch, refused);
    if (part.scored.length === 0) return spread(NOTHING, refused);
  }
}

const NOTHING: BatchScore = {
  nats: new Float32Array(),
  q30: new BigInt64Array(1),
  runSeconds: 0,
  scoreSeconds: 0,
};

/** The batch with the same inputs and fewer scored positions, summed as one. */
function without(batch: Batch, refused: Uint8Array): Batch {
  const kept = (_: number, k: number): boolean => refused[k] === 0;
  const scored = batch.scored.filter(kept);
  const targets = batch.targets.filter(kept);
  return { ...batch, scored, targets, spanEnds: Uint32Array.of(scored.length) };
}

/** The score with NaN at the positions that were refused. */
function spread(score: BatchScore, refused: Uint8Array): BatchScore {
  let at = 0;
  const nats = Float32Array.from(refused, (no) => (no === 1 ? Number.NaN : score.nats[at++]!));
  return { ...score, nats };
}
