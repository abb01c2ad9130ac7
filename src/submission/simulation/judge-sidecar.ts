/**
 * Judges the use of the byte sidecar on a set that has one.
 */
import { LEAVE_OUT_SIDECAR } from '../source/remedies.js';
import { count, type Evaluation, type Judged } from './judge-types.js';

export function judgeSidecar({ at, readings }: Evaluation): Judged[] {
  const reading = readings.find(({ sidecarLosses }) => sidecarLosses > 0);
  if (reading === undefined) return [];
  return [
    {
      at,
      check: 'sidecar-glob',
      severity: 'fail',
      explanation: `The losses of ${count(reading.sidecarLosses)} entries of the sidecar are in the score: the pattern of the token files matches fineweb_val_bytes_*.bin too, and its byte counts are read as tokens.`,
      remedy: LEAVE_OUT_SIDECAR,
    },
  ];
}
