/**
 * Positions input of a rewritten graph: the positions whose logits it computes.
 *
 * Flat positions `row * time + offset`; logits come as `[1, count, vocabulary]`, row `k` for the k-th
 * (docs/optimize.md). A position may be repeated, which fills a list up to a length that is fixed.
 */
import { inputError } from '../errors.js';
import type { Batch, GraphOptions } from './types.js';

/**
 * The list for a batch that is padded already: its scored positions, the last of them repeated.
 *
 * @param count length that the graph fixes; null where any will do
 * @throws BPB_MODEL_AXES (input) where the batch scores more
 */
export function positionList(
  { scored }: Pick<Batch, 'scored'>,
  count: number | null,
  path: string,
): Uint32Array {
  // At least one: a graph may fail on an empty axis.
  const length = count ?? Math.max(1, scored.length);
  if (length === scored.length) return scored;
  if (length < scored.length) {
    throw inputError('BPB_MODEL_AXES', {
      message: "A batch scores more positions than the model's static list holds.",
      path,
      expected: `at most ${length} positions`,
      actual: `${scored.length}`,
    });
  }
  const list = new Uint32Array(length).fill(scored.at(-1) ?? 0);
  list.set(scored);
  return list;
}

/** A padded batch for the addon: with its list where the graph takes one. */
export function withPositions(
  batch: Batch,
  { positions, path }: Pick<GraphOptions, 'positions' | 'path'>,
  count: number | null,
): Batch & { readonly positions?: Uint32Array } {
  return positions ? { ...batch, positions: positionList(batch, count, path) } : batch;
}

/** The batch in the layout of its logits: one row, whose k-th position is the k-th of the list. */
export function toPositionRow(batch: Batch, list: Uint32Array): Batch {
  return { ...batch, rows: 1, time: list.length, scored: batch.scored.map((_, k) => k) };
}
