/**
 * Check of a comparison with a control set against its own figures and those of the score.
 */
import { type Generalisation, MIN_DOCUMENTS, PERMUTATIONS } from '../generalisation/types.js';
import { marginOf, remarkOf, tooFew, verdictOf } from '../generalisation/verdict.js';
import { natsOf } from '../run/totals.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { harnessVersion } from '../version.js';
import { equalFigures, type Figure, notChecked } from './check.js';
import type { DocumentTable } from './documents-table.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

const QUESTION = {
  name: 'generalisation',
  what: 'the verdict on the control set follows from its figures',
};

const COMPARED = {
  name: 'compared-documents',
  what: 'what is compared with a control set are documents of documents.csv',
};

/** Sums of doubles that are added in another order. */
const ROUNDING = 1e-9;

/** Null where the result has none to check: an older one, or without a control set. */
export function generalisationCheck(result: Result): VerifyCheck | null {
  const { generalisation: compared, totals, adaptive, score, coverage, run } = result;
  if (compared === undefined || compared === null) return null;
  const { validation, control, difference_bpb: difference, p, permutations } = compared;
  const { accounting, ci95_bpb: ci95, margin_bpb: margin } = compared;
  const [own, other] = [validation.bpb, control.bpb];
  const known = own !== null && other !== null;
  // Some evaluators score targets again.
  const twice = coverage.repeated > 0 || typeof result.window?.compat === 'string';
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
    ...countFigures('validation', validation, totals.targets),
    ...countFigures('control', control, twice ? Number.POSITIVE_INFINITY : control.tokens - 1),
    {
      field: 'validation.documents',
      expected: `at most ${coverage.documents}`,
      found: validation.documents,
      holds: validation.documents <= coverage.documents,
    },
    {
      field: 'control.infinite_targets',
      expected: `below ${control.tokens} tokens`,
      found: control.infinite_targets,
      holds: control.infinite_targets < control.tokens,
    },
    { field: 'permutations', expected: p === null ? null : PERMUTATIONS, found: permutations },
  ];
  if (ci95 !== null && difference !== null) {
    const middle = (ci95[0] + ci95[1]) / 2;
    figures.push(near('the middle of ci95_bpb', difference, middle, own ?? 0));
  }
  // Another version may say it in other words.
  if (run.harness === harnessVersion() && (p !== null || compared.note === null)) {
    const expected = p === null ? 'why it is not judged' : remarkOf(compared);
    figures.push({ field: 'note', expected, found: compared.note });
  }
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

/** A document has text, which is at least one target; the last ones of a stream may have no other. */
function countFigures(
  side: string,
  { documents, different, targets, bytes, bpb }: Generalisation['validation'],
  most: number,
): Figure[] {
  return [
    {
      field: `${side}.different, documents, targets`,
      expected: `each at least as large as the one before, at most ${Math.max(0, most)} targets`,
      found: [different, documents, targets],
      holds: different <= documents && documents <= targets && targets <= Math.max(0, most),
    },
    {
      field: `${side}.bpb of ${bytes} bytes`,
      expected: bytes > 0 ? 'a number' : null,
      found: bpb,
      holds: (bpb !== null) === bytes > 0 && documents > 0 === bytes > 0,
    },
  ];
}

/**
 * The validation side against the documents that were scored: all of them, or without as many as were left out.
 * Which these are the result does not say, so that its figures are held between bounds. Null without a control set.
 */
export function comparedDocuments(result: Result, table: DocumentTable): VerifyCheck | null {
  const { generalisation: compared } = result;
  if (compared === undefined || compared === null) return null;
  const { validation, control, accounting } = compared;
  const bytes = table[accounting];
  if (bytes.some(Number.isNaN)) {
    return notChecked(COMPARED, `documents.csv does not have the ${accounting} bytes of each`);
  }
  const out = control.left_out;
  const bits = Float64Array.from(table.q30, (q30) => natsOf(q30) / Math.LN2);
  const withText = bytes.map((own) => (own > 0 ? 1 : 0));
  const figures = [
    between('validation.documents', validation.documents, withText, out),
    between('validation.targets', validation.targets, table.targets, out),
    between('validation.bytes', validation.bytes, bytes, out),
    between('validation bits', (validation.bpb ?? 0) * validation.bytes, bits, out),
  ];
  const note = out === 0 ? null : 'which documents were left out is not known';
  return equalFigures(COMPARED, figures, note);
}

/** The sum of `values` without up to `out` of them, whichever. */
function between(field: string, found: number, values: Float64Array, out: number): Figure {
  const all = values.reduce((sum, each) => sum + each, 0);
  const largest = values.toSorted().subarray(Math.max(0, values.length - out));
  const least = out === 0 ? all : all - largest.reduce((sum, each) => sum + each, 0);
  const slack = ROUNDING * all;
  const expected = out === 0 ? all : `${least} to ${all}`;
  return { field, expected, found, holds: found >= least - slack && found <= all + slack };
}

function near(field: string, expected: number | null, found: number | null, scale: number): Figure {
  const holds =
    expected === null || found === null
      ? expected === found
      : Math.abs(expected - found) <= ROUNDING * Math.abs(scale);
  return { field, expected, found, holds };
}
