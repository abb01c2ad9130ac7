/**
 * Draw of the place behind which a row's inputs are replaced, and of what replaces them.
 *
 * Drawn from the seed, the pass and the plan row alone, so that neither workers nor batches decide it;
 * but for a row's last input, behind which only a batch that pads the row has anything to replace.
 */
import type { TokenIds } from '../../data/types.js';
import { mixedSeed, mulberry32 } from '../../random.js';
import type { Row } from '../../windows/plan.js';

/**
 * `text`: the stream's own text from another place. `ids`: ids of the whole vocabulary. `padding`: id 0,
 * as behind a short row.
 */
export type ReplacedBy = 'text' | 'ids' | 'padding';
const KINDS = ['text', 'ids', 'padding'] as const;

export interface RowCut {
  /** Offset in the row of the last input that stays; it is scored. */
  readonly offset: number;
  readonly by: ReplacedBy;
  /** Continues the sequence of the draw, for the ids. */
  readonly random: () => number;
}

/** What a draw depends on. */
interface DrawSeed {
  readonly seed: number;
  /** From 0 on: the rows are gone through so many times. */
  readonly pass: number;
}

/** Scored offsets of a row that have something behind them: every one, or all but the row's last input. */
export function placesOf({ length, firstScored }: Row, padded: boolean): number {
  return Math.max(0, length - firstScored - (padded ? 0 : 1));
}

/**
 * One of the row's places, each as likely; null where it has none.
 *
 * @param index of the row in the plan
 * @param padded whether the batch has padding behind the row
 */
export function drawCut(
  { seed, pass }: DrawSeed,
  index: number,
  row: Row,
  padded: boolean,
): RowCut | null {
  const places = placesOf(row, padded);
  if (places === 0) return null;
  const random = mulberry32(mixedSeed(seed, pass, index));
  const below = (end: number) => Math.floor(random() * end);
  const scored = row.length - row.firstScored;
  const first = below(scored);
  // Only where the first draw is the last input and nothing stands behind it: each of the others is then
  // as likely as before, and the same in every batch.
  const second = below(Math.max(1, scored - 1));
  const by = KINDS[below(KINDS.length)]!;
  return { offset: row.firstScored + (first < places ? first : second), by, random };
}

/**
 * Replaces `ids[from .. to)`: the first always becomes another id, and all of them do but where padding
 * stays padding.
 *
 * @param text the whole stream
 * @param vocabulary ids of the tokenizer, at least 2
 * @returns what was put there: ids where padding would change nothing
 */
export function replaceIds(
  ids: Int32Array,
  [from, to]: readonly [from: number, to: number],
  { by, random }: Pick<RowCut, 'by' | 'random'>,
  text: TokenIds,
  vocabulary: number,
): ReplacedBy {
  if (by === 'padding' && ids[from] !== 0) {
    ids.fill(0, from, to);
    return 'padding';
  }
  const other = (id: number): number => {
    const drawn = Math.floor(random() * (id < vocabulary ? vocabulary - 1 : vocabulary));
    return drawn < id ? drawn : drawn + 1;
  };
  if (by === 'text') {
    let at = Math.floor(random() * text.length);
    for (let k = from; k < to; k++) {
      const id = text[at]!;
      ids[k] = id === ids[k] ? other(id) : id;
      if (++at === text.length) at = 0;
    }
    return 'text';
  }
  for (let k = from; k < to; k++) ids[k] = other(ids[k]!);
  return 'ids';
}
