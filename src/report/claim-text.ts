/**
 * Terminal report of a claim: what it implies, what that fits, and every final score of a log.
 */

import type { Interval } from '../submission/claim/decimals.js';
import type { FinalClaim, LogClaim } from '../submission/claim/log-types.js';
import type { Claim, ClaimVerdict } from '../submission/claim/types.js';
import type { ClaimReport } from '../submission/claim.js';
import { colors, count, type Paint, printable } from './format.js';
import type { Medium } from './reporter.js';
import { type Row, tableLines } from './table.js';

const FITS_SHOWN = 4;
const LABEL_WIDTH = 7;

export function claimReportText(report: ClaimReport, medium: Medium): string {
  if (report.logs === undefined) return claimText(report.claim, medium);
  return report.logs.map((log) => logClaimText(log, medium)).join('\n');
}

function claimText(claim: Claim, medium: Medium): string {
  const paint = colors(medium);
  const remedy = claimRemedy(claim);
  const verdict = `  ${painted(claim.verdict, paint)}  ${printable(claim.explanation)}`;
  const hint = remedy === null ? [] : ['', `  ${paint.dim('→')} ${printable(remedy)}`];
  const lines = tableLines(claimRows(claim), paint, LABEL_WIDTH);
  return ['', verdict, '', ...lines, ...hint, ''].join('\n');
}

export function claimRows(claim: Claim): Row[] {
  return [
    ['claimed', `val_loss ${claim.valLoss.text}   val_bpb ${claim.valBpb.text}${stated(claim)}`],
    ['implies', implied(claim)],
    ...claim.fits
      .slice(0, FITS_SHOWN)
      .map((fit): Row => [fit.kind, printable(`${fit.name}${deviation(fit.deviation)}`)]),
  ];
}

/** What to do about the mistake that a claim fits; null where it fits none. */
export function claimRemedy(claim: Claim): string | null {
  return claim.fits.find((fit) => fit.role === 'mistake')?.remedy ?? null;
}

function logClaimText(log: LogClaim, medium: Medium): string {
  const paint = colors(medium);
  const head = `${paint.bold(printable(log.path))}  ${log.family ?? 'tokenizer not known'}`;
  const width = Math.max(...log.finals.map(({ line }) => line.label.length), 5);
  const finals = log.finals.map((final) => finalLine(final, final === log.headline, width, paint));
  const findings = log.findings.map(({ severity, check, line, explanation, remedy }) => {
    const where = line === null ? '' : ` line ${line}`;
    const hint = remedy === null ? '' : `\n        ${paint.dim('→')} ${printable(remedy)}`;
    return `  ${severityPaint(severity, paint)}  ${check}${where}: ${printable(explanation)}${hint}`;
  });
  return ['', head, ...finals, ...(findings.length > 0 ? ['', ...findings] : []), ''].join('\n');
}

function finalLine(final: FinalClaim, isHeadline: boolean, width: number, paint: Paint): string {
  const { line, claim, window } = final;
  const label = printable(line.label).padEnd(width);
  const figures = `${line.valLoss} / ${line.valBpb}`;
  const verdict = claim === null ? paint.red('not a score') : painted(claim.verdict, paint);
  const fit = claim?.fits[0]?.name ?? '';
  const mark = isHeadline ? paint.bold('→') : ' ';
  const parts = [`line ${line.lineNumber}`, label, figures, window.mode, verdict, fit];
  return `  ${mark} ${parts.join('  ')}`;
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

function deviation(value: number | null): string {
  if (value === null) return '  (by the count of targets)';
  return `  (${value >= 0 ? '+' : '−'}${(100 * Math.abs(value)).toFixed(4)} %)`;
}

function painted(verdict: ClaimVerdict, paint: Paint): string {
  if (verdict === 'fits') return paint.green('fits');
  if (verdict === 'mistake' || verdict === 'other-set') return paint.red(verdict.replace('-', ' '));
  return paint.yellow(verdict);
}

function severityPaint(severity: 'fail' | 'warn' | 'info', paint: Paint): string {
  if (severity === 'fail') return paint.red('fail');
  return severity === 'warn' ? paint.yellow('warn') : paint.dim('info');
}
