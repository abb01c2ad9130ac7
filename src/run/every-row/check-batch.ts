/**
 * Check of a scored batch: it is scored again with everything behind a place of each row replaced, and
 * what stands before that place must keep its nats.
 *
 * The second batch has the first one's shape, places and targets, so that a correct kernel rounds in the
 * same way. What is behind a row in the batch, its padding, is replaced with the row.
 */
import type { TokenIds } from '../../data/types.js';
import { padBatch } from '../../engine/pad.js';
import type { Batch, BatchScore } from '../../engine/types.js';
import { BpbError } from '../../errors.js';
import type { RowSource } from '../assemble.js';
import type { BatchMemory } from '../batch-memory.js';
import { distance } from '../differences.js';
import { scorePastNan } from '../past-nan.js';
import { drawCut, placesOf, type RowCut, replaceIds } from './draw.js';
import { type EveryRowTotals, type WorstPlace, worse } from './sums.js';

/** What a batch is checked for. */
export interface EveryRowTask {
  readonly seed: number;
  /** Cuts a row. */
  readonly cuts: number;
  /** Ids of the tokenizer. */
  readonly vocabulary: number;
  /** Runs of the unchanged batch for the noise, beyond the one that is the score. */
  readonly repeats: number;
  /** Share of the steps of a batch that are repeated, where rows carry state; 1 for all. */
  readonly repeatedSteps: number;
}

/** A row of the batch. */
interface Place {
  readonly index: number;
  readonly start: number;
  readonly firstScored: number;
  /** Index in the nats of the first scored input. */
  readonly first: number;
  readonly cut: RowCut | null;
}

/** A further run of a batch, to be compared with the one that is the score. */
export interface FurtherRun {
  readonly pass: number;
  readonly nats: Float32Array;
  /** Null where nothing was changed. */
  readonly places: readonly Place[] | null;
}

export class BatchCheck {
  /**
   * @param text the whole stream
   * @param fixedTime inputs a row to which the engine pads every batch; null where it does not
   */
  constructor(
    private readonly text: TokenIds,
    private readonly plan: RowSource,
    private readonly fixedTime: number | null,
  ) {}

  /**
   * Runs a batch again, unchanged and changed.
   *
   * @param rows of the plan, in the batch's order
   * @param score the engine, with the state that the rows read where they carry one; it must leave that
   * state as it is
   * @param memory that no batch in flight uses
   * @param totals what can be said before the runs are compared is entered here
   * @param onRun gets each run, for `compareRun`
   * @throws what the engine throws of the unchanged batch, and what is no refusal of a changed one
   */
  async run(
    batch: Batch,
    rows: Uint32Array,
    task: EveryRowTask,
    score: (batch: Batch) => Promise<BatchScore>,
    memory: BatchMemory,
    totals: EveryRowTotals,
    onRun: (run: FurtherRun) => void,
  ): Promise<void> {
    for (let pass = 0; pass < task.repeats; pass++) {
      const { nats, runSeconds } = await score(batch);
      totals.runSeconds += runSeconds;
      onRun({ pass, nats, places: null });
    }
    // The engine would pad it to the same, out of reach.
    const whole = padBatch(batch, { fixedRows: null, fixedTime: this.fixedTime }, '');
    this.count(rows, whole.time, task, totals);
    for (let pass = 0; pass < task.cuts; pass++) {
      const places = this.draw(rows, whole.time, { ...task, pass });
      if (places.every(({ cut }) => cut === null)) continue;
      const ids = memory.changedIds(whole.ids.length);
      const changed = this.replaced(whole, places, ids, task.vocabulary);
      const { scored, refusal } = await scoreChanged(changed, score);
      totals.refusal ??= refusal;
      totals.runSeconds += scored.runSeconds;
      onRun({ pass, nats: scored.nats, places });
    }
  }

  private count(
    rows: Uint32Array,
    time: number,
    { vocabulary }: EveryRowTask,
    totals: EveryRowTotals,
  ): void {
    for (const index of rows) {
      const row = this.plan.row(index);
      const places = vocabulary < 2 ? 0 : placesOf(row, row.length < time);
      totals.rows++;
      if (places === 0) totals.uncut++;
      totals.places += places;
      totals.mostPlaces = Math.max(totals.mostPlaces, places);
    }
  }

  private draw(
    rows: Uint32Array,
    time: number,
    { seed, pass, vocabulary }: EveryRowTask & { readonly pass: number },
  ): Place[] {
    let first = 0;
    return Array.from(rows, (index) => {
      const row = this.plan.row(index);
      const { start, length, firstScored } = row;
      const cut = vocabulary < 2 ? null : drawCut({ seed, pass }, index, row, length < time);
      const place = { index, start, firstScored, first, cut };
      first += length - firstScored;
      return place;
    });
  }

  /** The batch with other inputs behind the cut of each row; `places` then say which. */
  private replaced(batch: Batch, places: Place[], ids: Int32Array, vocabulary: number): Batch {
    const { time } = batch;
    ids.set(batch.ids);
    places.forEach((place, r) => {
      const { cut } = place;
      if (cut === null) return;
      const behind = [r * time + cut.offset + 1, (r + 1) * time] as const;
      const by = replaceIds(ids, behind, cut, this.text, vocabulary);
      places[r] = { ...place, cut: { ...cut, by } };
    });
    return { ...batch, ids };
  }
}

/** NaN for all nats where the engine refuses ids that are in the vocabulary: the true ones it took. */
async function scoreChanged(
  batch: Batch,
  score: (batch: Batch) => Promise<BatchScore>,
): Promise<{ scored: Pick<BatchScore, 'nats' | 'runSeconds'>; refusal: string | null }> {
  try {
    return { scored: await scorePastNan(batch, score), refusal: null };
  } catch (error) {
    if (!(error instanceof BpbError && error.kind === 'input')) throw error;
    const { message, actual } = error;
    const nats = new Float32Array(batch.scored.length).fill(Number.NaN);
    const refusal = actual === undefined ? message : `${message} (${actual})`;
    return { scored: { nats, runSeconds: 0 }, refusal };
  }
}

/** Enters the differences of a further run from the score. @param nats of every scored target */
export function compareRun(run: FurtherRun, nats: Float32Array, totals: EveryRowTotals): void {
  const { pass, places } = run;
  if (places === null) totals.noise.add(nats, run.nats);
  else for (const place of places) comparePlace(place, pass, nats, run.nats, totals);
}

function comparePlace(
  { index, start, firstScored, first, cut }: Place,
  pass: number,
  nats: Float32Array,
  changed: Float32Array,
  totals: EveryRowTotals,
): void {
  if (cut === null) return;
  const end = first + cut.offset - firstScored + 1;
  totals.cuts++;
  const { size, at } = totals.found.add(nats, changed, first, end);
  if (size === 0) return;
  totals.movedCuts++;
  for (let k = first; k < end; k++) if (distance(nats[k]!, changed[k]!) > 0) totals.movedTargets++;
  const offset = firstScored + at - first;
  const position = start + offset;
  const { by } = cut;
  const worst: WorstPlace = {
    ...{ row: index, pass, cut: cut.offset, offset, position },
    ...{ by, nats: size },
  };
  totals.worst = worse(totals.worst, worst);
}
