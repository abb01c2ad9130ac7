/**
 * Check of every row of a plan: what each batch is asked for beside its score, and what came of it.
 */
import { mixedSeed, mulberry32 } from '../../random.js';
import type { BatchPlan } from '../../windows/batches.js';
import type { EveryRowTask } from './check-batch.js';
import { EveryRowTotals } from './sums.js';

/** What is asked for: cuts a row, the ids that can replace others, and the seed of the draws. */
export type EveryRowRequest = Pick<EveryRowTask, 'seed' | 'cuts' | 'vocabulary'>;

/** Batches that are scored unchanged again, at most. */
const NOISE_BATCHES = 4;
/** What that may cost, as a share of one score of all batches; but one batch in any case. */
const NOISE_COST = 0.1;
/** Scores of such a batch beyond its first. */
const NOISE_REPEATS = 2;
type Noise = Pick<EveryRowTask, 'repeats' | 'repeatedSteps'>;
const NO_NOISE: Noise = { repeats: 0, repeatedSteps: 0 };
/** Names the draw of the batches among those of one seed. */
const NOISE_DRAW = 0x6e6f6973;

export class EveryRowCheck {
  readonly totals = new EveryRowTotals();
  private readonly noise: ReadonlyMap<number, Noise>;

  /** @param range batches of the run, `[from, to)` */
  constructor(
    private readonly request: EveryRowRequest,
    range: readonly [from: number, to: number],
    batches: Pick<BatchPlan, 'cost'>,
  ) {
    this.noise = noiseBatches(request.seed, range, batches);
  }

  task(batch: number): EveryRowTask {
    return { ...this.request, ...(this.noise.get(batch) ?? NO_NOISE) };
  }
}

/** Drawn batches that are scored again as they are; one that costs more than it may, in part or once. */
function noiseBatches(
  seed: number,
  [from, to]: readonly [from: number, to: number],
  batches: Pick<BatchPlan, 'cost'>,
): Map<number, Noise> {
  const drawn = new Map<number, Noise>();
  let left = 0;
  for (let batch = from; batch < to; batch++) left += NOISE_COST * batches.cost(batch);
  const random = mulberry32(mixedSeed(seed, NOISE_DRAW));
  // A few tries more than batches: the same one may be drawn again, or be too dear.
  for (let k = 0; k < 4 * NOISE_BATCHES && drawn.size < NOISE_BATCHES && to > from; k++) {
    const batch = from + Math.floor(random() * (to - from));
    const cost = NOISE_REPEATS * batches.cost(batch);
    if (drawn.has(batch) || (cost > left && drawn.size > 0)) continue;
    drawn.set(batch, { repeats: NOISE_REPEATS, repeatedSteps: Math.min(1, left / cost) });
    left -= cost;
  }
  return drawn;
}
