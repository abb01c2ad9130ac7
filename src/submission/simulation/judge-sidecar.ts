/**
 * Judges the use of the byte sidecar on a set that has one.
 */

import { EQUAL_LENGTHS, LEAVE_OUT_SIDECAR } from '../source/remedies.js';
import { count, type Evaluation, type Judged } from './judge-types.js';
import type { Trial } from './types.js';

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

/** A sidecar that is longer than the tokens belongs to others, and is to be refused. */
export function judgeLength(trials: readonly Trial[]): Judged[] {
  const trial = trials.find(({ takesLongerSidecar }) => takesLongerSidecar === true);
  if (trial === undefined) return [];
  const partly = trial.scores.length > 0 ? '' : ', as far as the run was followed';
  return [
    {
      at: trial.sidecarAt!,
      check: 'sidecar-length',
      severity: 'warn',
      explanation: `A sidecar with more entries than there are tokens is taken without an exception${partly}: such a one belongs to other tokens.`,
      remedy: EQUAL_LENGTHS,
    },
  ];
}
