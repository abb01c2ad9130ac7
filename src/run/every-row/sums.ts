/**
 * What comes of scoring rows with everything behind a place replaced: sums, and the worst place.
 */
import { type DifferenceSums, Differences } from '../differences.js';
import type { ReplacedBy } from './draw.js';

/** The prediction that moved most, and what was replaced behind it. */
export interface WorstPlace {
  /** Row of the plan. */
  readonly row: number;
  readonly pass: number;
  /** Offset in the row of the last input that stayed. */
  readonly cut: number;
  /** Offset in the row of the input whose prediction moved. */
  readonly offset: number;
  /** Stream position of that input; what it predicts stands one later. */
  readonly position: number;
  readonly by: ReplacedBy;
  /** By how many nats; Infinity where it was no distribution any more. */
  readonly nats: number;
}

/** Of some rows; plain data, and as much of it for a million rows as for one. */
export interface EveryRowSums {
  readonly rows: number;
  /** Rows of which nothing could be replaced behind a scored input. */
  readonly uncut: number;
  /** Scored inputs behind which something could be replaced: in all rows, and in the row with the most. */
  readonly places: number;
  readonly mostPlaces: number;
  readonly cuts: number;
  readonly movedCuts: number;
  readonly movedTargets: number;
  /** Between the nats up to the cuts and the true ones. */
  readonly found: DifferenceSums;
  /** Between runs of unchanged batches. */
  readonly noise: DifferenceSums;
  readonly worst: WorstPlace | null;
  /** What the engine refused of a changed batch; null where it refused none. */
  readonly refusal: string | null;
  /** Inside the runtime's own Run, for changed and repeated batches. */
  readonly runSeconds: number;
}

export class EveryRowTotals implements EveryRowSums {
  rows = 0;
  uncut = 0;
  places = 0;
  mostPlaces = 0;
  cuts = 0;
  movedCuts = 0;
  movedTargets = 0;
  readonly found = new Differences();
  readonly noise = new Differences();
  worst: WorstPlace | null = null;
  refusal: string | null = null;
  runSeconds = 0;

  /** Adds those of other rows; the outcome does not depend on their order. */
  merge(sums: EveryRowSums): void {
    this.rows += sums.rows;
    this.uncut += sums.uncut;
    this.places += sums.places;
    this.mostPlaces = Math.max(this.mostPlaces, sums.mostPlaces);
    this.cuts += sums.cuts;
    this.movedCuts += sums.movedCuts;
    this.movedTargets += sums.movedTargets;
    this.found.merge(sums.found);
    this.noise.merge(sums.noise);
    this.worst = worse(this.worst, sums.worst);
    this.refusal ??= sums.refusal;
    this.runSeconds += sums.runSeconds;
  }
}

/** The larger movement; of equal ones the earlier row, in the earlier pass. */
export function worse(a: WorstPlace | null, b: WorstPlace | null): WorstPlace | null {
  if (a === null || b === null) return a ?? b;
  if (a.nats !== b.nats) return a.nats > b.nats ? a : b;
  return a.row < b.row || (a.row === b.row && a.pass <= b.pass) ? a : b;
}
