/**
 * Losses to which something was added that is no loss of a target. The position of such a loss tells what was added:
 * `position + ADDED · (1 + number)`, by the number that the host gave the addition.
 */

/** Above the positions of a stream and of its sidecar. */
const ADDED = 1 << 25;
/** Positions are kept in 32 bits. */
const NUMBER_MAX = 2 ** 31 / ADDED - 2;

/** The position of a loss with addition `number`; the first addition is kept. */
export function withAddition(position: number, number: number): number {
  if (position < 0 || position >= ADDED) return position;
  return position + ADDED * (1 + Math.min(number, NUMBER_MAX));
}

/** The target's own position, and the number of what was added to its loss; null for nothing. */
export function apart(position: number): { position: number; added: number | null } {
  if (position < ADDED) return { position, added: null };
  return { position: position % ADDED, added: Math.floor(position / ADDED) - 1 };
}
