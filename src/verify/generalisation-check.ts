/**
 * Check of a comparison with a control set against its own figures and those of the score.
 */
import { MIN_DOCUMENTS } from '../generalisation/types.js';
import { marginOf, tooFew, verdictOf } from '../generalisation/verdict.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { equalFigures, type Figure } from './check.js';
import type { VerifyCheck } from './types.js';

const QUESTION = {
  name: 'generalisation',
  what: 'the verdict on the control set follows from its figures',
};

/** Sums of doubles that are added in another order. */
const ROUNDING = 1e-9;

/** Null where the result has none to check: an older one, or without a control set. */
export function generalisationCheck(result: ScoreResult | ClaimedResult): VerifyCheck | null {
  const { generalisation: compared, totals, adaptive, score } = result;
  if (compared === undefined || compared === null) return null;
  const { validation, control, difference_bpb: difference, p, permutations } = compared;
  const { accounting, ci95_bpb: ci95, margin_bpb: margin } = compared;
  const [own, other] = [validation.bpb, control.bpb];
  const known = own !== null && other !== null;
  const figures: Figure[] = [
    { field: 'verdict', expected: verdictOf(compared), found: compared.verdict },
    near('difference_bpb', known ? own - other : null, difference, own ?? 0),
    near('margin_bpb', known ? marginOf(other) : null, margin, margin ?? 0),
    {
      field: 'difference_bpb',
      expected: 'inside ci95_bpb',
      found: difference,
      holds: ci95 === null || (ci95[0] <= difference! && difference! <= ci95[1]),
    },
  ];
  if (control.left_out === 0) {
    const bytes = totals.bytes[accounting];
    figures.push({ field: 'validation.bytes', expected: bytes, found: validation.bytes });
    figures.push({
      field: 'validation.targets',
      expected: totals.targets,
      found: validation.targets,
    });
    const bits = totals.nats / Math.LN2;
    figures.push(near('validation.bpb', bytes ? bits / bytes : null, own, own ?? 0));
  }
  const impossible =
    adaptive?.reset === 'never' || score.infinite_targets > 0 || tooFew(compared) !== null;
  if (p === null) {
    const held = impossible || !known;
    const expected = `a test: ${MIN_DOCUMENTS} documents and more on each side`;
    figures.push({ field: 'p', expected, found: 'none', holds: held });
  } else {
    const reached = p * ((permutations ?? 0) + 1);
    const whole = Math.abs(reached - Math.round(reached)) < ROUNDING * reached;
    const holds = whole && reached >= 1 - ROUNDING && p <= 1;
    const of = `a multiple of 1 / (${permutations} + 1)`;
    figures.push({ field: 'p', expected: of, found: p, holds });
    figures.push({ field: 'p', expected: 'none', found: p, holds: !impossible });
  }
  return equalFigures(QUESTION, figures, 'the control set itself was not scored again');
}

function near(field: string, expected: number | null, found: number | null, scale: number): Figure {
  const holds =
    expected === null || found === null
      ? expected === found
      : Math.abs(expected - found) <= ROUNDING * Math.abs(scale);
  return { field, expected, found, holds };
}
