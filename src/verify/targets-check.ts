/**
 * Checks of `targets.f32`: the nats of each target add up to the totals, and to those of each document.
 */
import { targetsOfDocument } from '../data/document-starts.js';
import type { TokenStream } from '../data/types.js';
import { spanTotals } from '../engine/q30.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { equalFigures, type Figure, failed, notChecked } from './check.js';
import type { DocumentTable } from './documents-table.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

export const TARGETS = {
  name: 'targets',
  what: 'the nats in targets.f32 add up to the totals',
};
const BY_DOCUMENT = {
  name: 'document-nats',
  what: 'they add up to those of each document',
};

/** Targets whose nats are gathered at once. */
const BLOCK = 1 << 16;

interface Scored {
  readonly count: number;
  readonly q30: bigint;
  readonly infinite: number;
  /** Lowest stream index among the infinite ones; null for none. */
  readonly first: number | null;
}

/**
 * The scored ones of targets `[from, to)`: those that are not NaN.
 *
 * @param nats `nats[i - 1]` is that of target `i`
 * @throws RangeError for nats below zero, and for a sum that leaves int64
 */
function scoredOf(nats: Float32Array, from: number, to: number): Scored {
  const block = new Float32Array(Math.min(BLOCK, Math.max(0, to - from)));
  let [count, q30, infinite] = [0, 0n, 0];
  let first: number | null = null;
  for (let at = from; at < to; ) {
    let filled = 0;
    for (; at < to && filled < block.length; at++) {
      const value = nats[at - 1]!;
      if (Number.isNaN(value)) continue;
      if (value < 0) throw new RangeError(`target ${at} has ${value} nats`);
      if (value === Number.POSITIVE_INFINITY) first ??= at;
      block[filled++] = value;
    }
    const sums = spanTotals(block, Uint32Array.of(filled));
    count += filled;
    q30 += sums.q30[0]!;
    infinite += sums.infinite;
  }
  return { count, q30, infinite, first };
}

export function targetsCheck(result: Result, nats: Float32Array): VerifyCheck {
  const { totals, coverage, score } = result;
  if (coverage.repeated > 0) return notChecked(TARGETS, repeatedNote(result));
  let all: Scored;
  try {
    all = scoredOf(nats, 1, coverage.tokens);
  } catch (error) {
    return failed(TARGETS, 'nats from 0 of each scored target', (error as Error).message);
  }
  return equalFigures(TARGETS, [
    { field: 'scored', expected: coverage.scored, found: all.count },
    { field: 'nats_q30', expected: totals.nats_q30, found: String(all.q30) },
    { field: 'infinite_targets', expected: score.infinite_targets, found: all.infinite },
    { field: 'first_infinite', expected: score.first_infinite, found: all.first },
  ]);
}

/** @param table of the same result */
export function targetsByDocument(
  result: Result,
  nats: Float32Array,
  stream: TokenStream,
  table: DocumentTable,
): VerifyCheck {
  if (result.coverage.repeated > 0) return notChecked(BY_DOCUMENT, repeatedNote(result));
  const tokens = stream.ids.length;
  function* figures(): Generator<Figure> {
    let row = 0;
    for (let k = 0; k < stream.documentStarts.length; k++) {
      const [from, to] = targetsOfDocument(stream, k, tokens);
      const own = scoredOf(nats, from, to);
      const listed = row < table.rows && table.document[row] === k;
      const field = (what: string) => `${what} of document ${k}`;
      yield {
        field: field('targets'),
        expected: listed ? table.targets[row] : 0,
        found: own.count,
      };
      yield { field: field('nats_q30'), expected: listed ? table.q30[row] : 0n, found: own.q30 };
      if (listed) row++;
    }
  }
  return equalFigures(BY_DOCUMENT, figures());
}

function repeatedNote({ coverage }: Result): string {
  return `${coverage.repeated} targets were scored again, and the file has one of their values`;
}
