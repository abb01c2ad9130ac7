/**
 * Shares of a stream: a part that grows with it, against a constant number of targets.
 */
import type { Reading } from './judge-types.js';

/** A share below this is a remainder: of a row, a batch, a rank. */
const SHARE_MIN = 0.02;

/** The run of one of several ranks has that rank's share alone. */
export function isOneShare(reading: Reading, alone: Reading): boolean {
  return reading.weights.size <= (1.5 / reading.trial.ranks) * alone.weights.size;
}

export const differ = (readings: readonly Reading[]): boolean =>
  readings.some(({ last }) => last !== readings[0]!.last);

/** Whether a number of targets is a share of the stream, rather than a constant or a remainder. */
export function grows(
  readings: readonly Reading[],
  amounts: readonly number[],
  least = SHARE_MIN,
): boolean {
  const shares = amounts.map((amount, i) => amount / readings[i]!.last);
  const most = Math.max(...shares);
  if (!differ(readings)) return false;
  const low = Math.min(...shares);
  return low > least && most - low <= 0.2 * most;
}
