/**
 * Verdicts on claims as a terminal shows them.
 */
import type { ClaimVerdict } from '../submission/claim/types.js';
import type { Paint } from './format.js';

export function paintedVerdict(verdict: ClaimVerdict, paint: Paint): string {
  if (verdict === 'fits') return paint.green('fits');
  if (verdict === 'mistake' || verdict === 'other-set') return paint.red(verdict.replace('-', ' '));
  return paint.yellow(verdict);
}

export function paintedJudged(verdict: 'pass' | 'fail' | 'not_judged', paint: Paint): string {
  if (verdict === 'pass') return paint.green('pass');
  return verdict === 'fail' ? paint.red('fail') : paint.yellow('not judged');
}
