/**
 * Rows in which every id that a text can hold is an input once and a target once, in random order.
 */
import { byteOfPiece } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ProbeRow, Subject } from './subject.js';
import type { Tokens } from './tokens.js';

/**
 * Rows whose tokens together are all written ids and BOS, or `most` of them; each row begins with the
 * last one's end.
 */
export function coveringRows(tokens: Tokens, subject: Subject, most: number): ProbeRow[] {
  const all = tokens.shuffled(Int32Array.from([tokens.startId, ...tokens.written]));
  const ids = all.subarray(0, Math.min(all.length, most));
  // Once around, so that the first id is a target too.
  const ring = Int32Array.from([...ids, ids[0]!]);
  const inputs = Math.min(subject.rowInputs, 512);
  const rows: ProbeRow[] = [];
  for (let from = 0; from + 1 < ring.length; from += inputs) {
    rows.push({ tokens: ring.slice(from, from + inputs + 1) });
  }
  return rows;
}

/** Bytes that UTF-8 never uses: an honest model may rule them out. */
export function isImpossible(tokenizer: Tokenizer, id: number): boolean {
  const piece = tokenizer.pieces[id]!;
  if (piece.type !== 'byte') return false;
  const byte = byteOfPiece(piece.text)!;
  return byte === 0xc0 || byte === 0xc1 || byte > 0xf4;
}

/** Ids that were a target of probability zero somewhere. */
export function ruledOut(rows: readonly ProbeRow[], nats: readonly Float32Array[]): number[] {
  const found = new Set<number>();
  nats.forEach((own, r) => {
    own.forEach((value, k) => {
      if (value === Number.POSITIVE_INFINITY) found.add(rows[r]!.tokens[k + 1]!);
    });
  });
  return [...found];
}
