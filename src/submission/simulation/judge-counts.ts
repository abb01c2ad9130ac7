/**
 * Bytes that a run counted, by piece and context: what is usual for a piece is a matter of the table,
 * what differs from it at some targets is a matter of which targets were counted.
 */
import { type Frequency, frequencyOf, type Kind, kindOf } from './judge-pieces.js';
import { modeOf, near } from './judge-places.js';
import type { Reading } from './judge-types.js';
import type { SmallPiece, SmallSet } from './types.js';

/** The right count is the usual one where at least this share of a piece's targets has it. */
const RIGHT_SHARE = 0.25;

/** A piece after one kind of predecessor, and what was counted for it. */
export interface PieceCount {
  readonly piece: SmallPiece;
  readonly kind: Kind;
  readonly frequency: Frequency;
  readonly counted: number;
  readonly right: number;
  /** Targets of the small set. */
  readonly times: number;
}

interface Counts {
  readonly entries: readonly PieceCount[];
  /** Targets that have another count than is usual for their piece. */
  readonly unusual: ReadonlyMap<number, number>;
}

export function countsOf(reading: Reading): Counts {
  const { bytes, weights, bytesFollow, right, trial } = reading;
  const counts = new Map<number, number>();
  for (const [position, weight] of weights) {
    // The first token is no target, and has no predecessor.
    if (position === 0) continue;
    const counted = bytes!.get(position) ?? 0;
    counts.set(position, bytesFollow ? counted / weight : counted);
  }
  return groupCounts(trial.set, right, counts);
}

/** @param counts by position of the target */
export function groupCounts(
  set: SmallSet,
  right: readonly number[],
  counts: ReadonlyMap<number, number>,
): Counts {
  const starts = new Set(set.starts);
  const groups = new Map<string, number[]>();
  for (const position of counts.keys()) {
    const before = set.pieces[set.ids[position - 1]!]!;
    const key = [
      set.ids[position],
      before.type,
      before.piece.startsWith('\u2581'),
      right[position],
      frequencyOf(set, position, starts),
    ].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [position]);
    else group.push(position);
  }
  const usual = new Map<string, number>();
  const counted = new Set<string>();
  const pieceOf = (position: number) => `${set.ids[position]} ${right[position]}`;
  for (const [key, positions] of groups) {
    const values = positions.map((position) => counts.get(position)!);
    usual.set(key, usualOf(values, right[positions[0]!]!));
    if (usual.get(key) !== 0) counted.add(pieceOf(positions[0]!));
  }
  const entries: PieceCount[] = [];
  const unusual = new Map<number, number>();
  for (const [key, positions] of groups) {
    const first = positions[0]!;
    const wanted = right[first]!;
    // Nothing here, and something for the same piece elsewhere: these targets were left out.
    const one = usual.get(key) === 0 && counted.has(pieceOf(first)) ? wanted : usual.get(key)!;
    for (const position of positions) {
      const count = counts.get(position)!;
      if (!near(count, one)) unusual.set(position, count);
    }
    entries.push({
      piece: set.pieces[set.ids[first]!]!,
      kind: kindOf(set, first),
      frequency: frequencyOf(set, first, starts),
      counted: one,
      right: wanted,
      times: positions.length,
    });
  }
  return { entries, unusual };
}

function usualOf(counts: readonly number[], right: number): number {
  const hits = counts.filter((count) => near(count, right)).length;
  return hits >= RIGHT_SHARE * counts.length ? right : modeOf(counts)!;
}
