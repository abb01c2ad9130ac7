/**
 * Terminal report of a claim: what it implies, what that fits, and the arithmetic of the best explanation.
 */

import type { Interval } from '../submission/claim/decimals.js';
import type { Alternative, Claim, Fit } from '../submission/claim/types.js';
import type { ClaimReport } from '../submission/claim.js';
import { inputsText } from './claim-inputs-text.js';
import { paintedVerdict } from './claim-words.js';
import { colors, count, printable } from './format.js';
import type { Medium } from './reporter.js';
import { type Row, tableLines } from './table.js';

const FITS_SHOWN = 4;
const OTHERS_SHOWN = 3;
const LABEL_WIDTH = 8;

export function claimReportText(report: ClaimReport, medium: Medium): string {
  if (report.claim === undefined) return inputsText(report, medium);
  return claimText(report.claim, medium);
}

function claimText(claim: Claim, medium: Medium): string {
  const paint = colors(medium);
  const remedy = claimRemedy(claim);
  const verdict = `  ${paintedVerdict(claim.verdict, paint)}  ${printable(claim.explanation)}`;
  const hint = remedy === null ? [] : ['', `  ${paint.dim('→')} ${printable(remedy)}`];
  const lines = tableLines(claimRows(claim), paint, LABEL_WIDTH);
  return ['', verdict, '', ...lines, ...hint, ''].join('\n');
}

export function claimRows(claim: Claim): Row[] {
  return [
    ['claimed', `val_loss ${claim.valLoss.text}   val_bpb ${claim.valBpb.text}${stated(claim)}`],
    ['implies', implied(claim)],
    ...claim.fits.slice(0, FITS_SHOWN).map((fit): Row => [fit.kind, fitted(fit)]),
    // What it could have been instead is of interest where it is not right.
    ...(claim.fits[0]?.role === 'right' ? [] : claim.others.slice(0, OTHERS_SHOWN)).map(
      (other): Row => ['not', missed(other)],
    ),
  ];
}

/** What to do about what a claim comes to; null where nothing is to be done. */
export function claimRemedy({ verdict, fits }: Claim): string | null {
  if (verdict === 'mistake') return fits.find((fit) => fit.role === 'mistake')?.remedy ?? null;
  if (verdict === 'unknown') {
    return (
      fits[0]?.remedy ??
      'bpb audit counts the bytes of a tokenizer; bpb score needs no claim of them.'
    );
  }
  return null;
}

/** The explanation, what it expects, and what the claimed loss would give with it. */
function fitted({ name, deviation, expected, gives }: Fit): string {
  const arithmetic = expected === null || gives === null ? '' : arithmeticOf(expected, gives);
  return printable(`${name}${deviationText(deviation)}${arithmetic}`);
}

function missed({ name, expected, gives, deviation }: Alternative): string {
  return printable(`${name}${deviationText(deviation)}${arithmeticOf(expected, gives)}`);
}

function arithmeticOf(expected: Interval, gives: Interval): string {
  const bytes = range(expected, (x) => x.toFixed(6));
  return `   expects ${bytes} bytes a token   gives val_bpb ${range(gives, (x) => x.toFixed(6))}`;
}

function stated(claim: Claim): string {
  const tokens = claim.tokens === null ? '' : `   ${count(claim.tokens)} targets`;
  return `${tokens}${claim.family === null ? '' : `   ${claim.family}`}`;
}

function implied({ bytesPerToken, bytes }: Claim): string {
  const perToken = `${range(bytesPerToken, (x) => x.toFixed(6))} bytes a token`;
  if (bytes === null) return perToken;
  return `${perToken}, ${range(bytes, (x) => count(Math.round(x)))} bytes`;
}

/** The printed digits allow an interval, never one value. */
function range({ low, high }: Interval, text: (x: number) => string): string {
  return text(low) === text(high) ? text(low) : `${text(low)} to ${text(high)}`;
}

function deviationText(value: number | null): string {
  if (value === null) return '  (by the count of targets)';
  return `  (${value >= 0 ? '+' : '−'}${(100 * Math.abs(value)).toFixed(4)} %)`;
}
