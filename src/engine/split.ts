/**
 * Split of a batch by rows and by scored positions, and the joining of the pieces' scores.
 */

import { overflowError } from './engine-errors.js';
import { checkPositions } from './pad.js';
import type { Batch, BatchScore } from './types.js';

export interface Piece {
  readonly batch: Batch;
  /** Index in the whole of the piece's first scored position. */
  readonly firstScored: number;
}

/** What a session takes at once; null where any number will do. */
interface PieceLimits {
  readonly rows: number | null;
  /** Scored positions. */
  readonly count: number | null;
}

/**
 * Scores a batch in pieces that a session takes, one after the other; the batch itself where it fits.
 *
 * @param path of the model, for messages
 * @throws what `score` throws; BPB_NATS_OVERFLOW
 */
export async function scorePieces(
  batch: Batch,
  { rows, count }: PieceLimits,
  path: string,
  score: (piece: Piece) => Promise<BatchScore>,
): Promise<BatchScore> {
  const scores: BatchScore[] = [];
  for (const piece of splitBatch(batch, rows ?? batch.rows, count)) scores.push(await score(piece));
  try {
    return joinScores(scores);
  } catch (error) {
    throw overflowError(path, (error as Error).message);
  }
}

/**
 * Pieces of at most `rows` rows and `count` scored positions (any number for null), in order; the
 * batch itself where it is small enough. Rows that score more are run more than once.
 */
export function splitBatch(batch: Batch, rows: number, count: number | null = null): Piece[] {
  const pieces = byRows(batch, rows);
  return count === null ? pieces : pieces.flatMap((piece) => byScored(piece, count));
}

function byRows(batch: Batch, rows: number): Piece[] {
  if (batch.rows <= rows) return [{ batch, firstScored: 0 }];
  checkPositions(batch);
  const pieces: Piece[] = [];
  let k = 0;
  for (let from = 0; from < batch.rows; from += rows) {
    const count = Math.min(rows, batch.rows - from);
    const first = from * batch.time;
    const end = first + count * batch.time;
    const begin = k;
    while (k < batch.scored.length && batch.scored[k]! < end) k++;
    const piece = {
      rows: count,
      time: batch.time,
      ids: batch.ids.subarray(first, end),
      scored: batch.scored.subarray(begin, k).map((position) => position - first),
      targets: batch.targets.subarray(begin, k),
      spanEnds: cutEnds(batch.spanEnds, begin, k),
    };
    pieces.push({ batch: piece, firstScored: begin });
  }
  return pieces;
}

function byScored(piece: Piece, count: number): Piece[] {
  const { batch, firstScored } = piece;
  const total = batch.scored.length;
  if (total <= count) return [piece];
  return Array.from({ length: Math.ceil(total / count) }, (_, p) => {
    const [begin, end] = [p * count, Math.min(total, (p + 1) * count)];
    return {
      batch: {
        ...batch,
        scored: batch.scored.subarray(begin, end),
        targets: batch.targets.subarray(begin, end),
        spanEnds: cutEnds(batch.spanEnds, begin, end),
      },
      firstScored: firstScored + begin,
    };
  });
}

/** Every piece has all spans, most of them empty, so that the sums of the pieces add up. */
function cutEnds(ends: Uint32Array, begin: number, end: number): Uint32Array {
  return ends.map((e) => Math.min(Math.max(e, begin), end) - begin);
}

/** The score of a batch from the scores of its pieces. @throws RangeError where a sum leaves int64 */
export function joinScores(pieces: readonly BatchScore[]): BatchScore {
  if (pieces.length === 1) return pieces[0]!;
  const nats = new Float32Array(pieces.reduce((sum, piece) => sum + piece.nats.length, 0));
  const q30 = new BigInt64Array(pieces[0]!.q30.length);
  let at = 0;
  for (const piece of pieces) {
    nats.set(piece.nats, at);
    at += piece.nats.length;
    piece.q30.forEach((total, s) => {
      const joined = q30[s]! + total;
      if (BigInt.asIntN(64, joined) !== joined) throw new RangeError(`span ${s} leaves int64`);
      q30[s] = joined;
    });
  }
  const sum = (of: (piece: BatchScore) => number) => pieces.reduce((all, p) => all + of(p), 0);
  const counted = pieces.every((piece) => piece.deviceToHostBytes !== undefined);
  return {
    nats,
    q30,
    runSeconds: sum((piece) => piece.runSeconds),
    scoreSeconds: sum((piece) => piece.scoreSeconds),
    deviceToHostBytes: counted ? sum((piece) => piece.deviceToHostBytes!) : undefined,
    vocabulary: pieces[0]!.vocabulary,
    // Facts of some positions are asked for, of no certain ones.
    facts: pieces[0]!.facts,
    shape: pieces.at(-1)!.shape,
  };
}
