/**
 * Cuts a batch by rows, and puts the scores of the pieces together again.
 */

import type { Batch, BatchScore } from '../types.js';

export interface Piece {
  readonly batch: Batch;
  /** Index in the whole of the piece's first scored position. */
  readonly firstScored: number;
}

/** Pieces of at most `rows` rows, in order; the batch itself where it is small enough. */
export function splitBatch(batch: Batch, rows: number): Piece[] {
  if (batch.rows <= rows) return [{ batch, firstScored: 0 }];
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
      // Every piece has every segment, most of them empty: then totals simply add up.
      segmentEnds: batch.segmentEnds.map((e) => Math.min(Math.max(e, begin), k) - begin),
    };
    pieces.push({ batch: piece, firstScored: begin });
  }
  return pieces;
}

/** The score of a batch from the scores of its pieces. @throws RangeError where a sum leaves int64 */
export function joinScores(pieces: readonly BatchScore[]): BatchScore {
  if (pieces.length === 1) return pieces[0]!;
  const nats = new Float32Array(pieces.reduce((sum, piece) => sum + piece.nats.length, 0));
  const totals = new BigInt64Array(pieces[0]!.totals.length);
  let at = 0;
  for (const piece of pieces) {
    nats.set(piece.nats, at);
    at += piece.nats.length;
    piece.totals.forEach((total, s) => {
      const joined = totals[s]! + total;
      if (BigInt.asIntN(64, joined) !== joined) throw new RangeError(`segment ${s} leaves int64`);
      totals[s] = joined;
    });
  }
  const sum = (of: (piece: BatchScore) => number) => pieces.reduce((all, p) => all + of(p), 0);
  const counted = pieces.every((piece) => piece.deviceToHostBytes !== undefined);
  return {
    nats,
    totals,
    runSeconds: sum((piece) => piece.runSeconds),
    scoreSeconds: sum((piece) => piece.scoreSeconds),
    deviceToHostBytes: counted ? sum((piece) => piece.deviceToHostBytes!) : undefined,
    shape: pieces.at(-1)!.shape,
  };
}
