/**
 * Totals of a run and the merge of batch results into them: int64 fixed-point nats a document, so
 * that no order of addition can move a bit.
 */
import { Q30_ONE } from '../engine/q30.js';
import { BpbError } from '../errors.js';
import type { CoverageMap } from '../windows/coverage.js';
import type { RowsScore } from './messages.js';
import type { InfiniteTargets } from './scored-spans.js';

export class DocumentTotals {
  /** Sum of each document's scored targets, in 2^-30 nats: 62 million of 88 nats fit int64. */
  readonly q30: BigInt64Array;
  /** Scores entered for each document; a repeated target counts each time. */
  readonly targets: Uint32Array;
  /** The smallest and the largest nats of a target. */
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  private infiniteCount = 0;
  private infiniteFirst = -1;

  constructor(documents: number) {
    this.q30 = new BigInt64Array(documents);
    this.targets = new Uint32Array(documents);
  }

  /** Adds a span of targets of one document. */
  add(document: number, count: number, q30: bigint): void {
    const sum = this.q30[document]! + q30;
    if (BigInt.asIntN(64, sum) !== sum) {
      throw new BpbError({
        kind: 'limit',
        code: 'BPB_TOTAL_OVERFLOW',
        message: `the nats of document ${document} exceed int64 fixed point`,
        expected: 'less than 2^33 nats a document',
        actual: `${Number(sum) / Q30_ONE} nats`,
      });
    }
    this.q30[document] = sum;
    this.targets[document]! += count;
  }

  addInfinite(infinite: InfiniteTargets): void {
    if (infinite.count === 0) return;
    this.infiniteCount += infinite.count;
    this.infiniteFirst =
      this.infiniteFirst < 0 ? infinite.first : Math.min(this.infiniteFirst, infinite.first);
  }

  get infinite(): InfiniteTargets {
    return { count: this.infiniteCount, first: this.infiniteFirst };
  }

  /** The grand total, beyond int64 if need be. */
  totalQ30(): bigint {
    return this.q30.reduce((sum, q30) => sum + q30, 0n);
  }

  totalTargets(): number {
    return this.targets.reduce((sum, count) => sum + count, 0);
  }
}

/** Nats as a double, from fixed point: exact up to 2^23 nats, correctly rounded above. */
export function natsOf(q30: bigint): number {
  // 2^-30 is a power of two, so only the conversion of the integer can round.
  return Number(q30) / Q30_ONE;
}

/** Enters a batch result: each of its targets once into the coverage, each span into the totals. */
export function mergeScore(
  totals: DocumentTotals,
  coverage: CoverageMap,
  result: MergedScore,
): void {
  const { document, first, count } = result.spans;
  for (let r = 0; r < count.length; r++) {
    coverage.mark(first[r]!, count[r]!);
    totals.add(document[r]!, count[r]!, result.q30[r]!);
  }
  totals.addInfinite(result.infinite);
  totals.least = Math.min(totals.least, result.least);
  totals.most = Math.max(totals.most, result.most);
}

type MergedScore = Pick<RowsScore, 'spans' | 'q30' | 'least' | 'most' | 'infinite'>;
