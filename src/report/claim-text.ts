/**
 * A judged claim for people: what it implies, what that fits, and every final score of a log.
 */
import type { ClaimReport } from '../submission/claim.js';
import type { Claim, ClaimVerdict } from '../submission/claim-types.js';
import type { Interval } from '../submission/decimals.js';
import type { FinalClaim, LogClaim } from '../submission/log-types.js';
import { colors, count, printable } from './format.js';

const FITS_SHOWN = 4;

type Paint = ReturnType<typeof colors>;

export function claimReportText(
  report: ClaimReport,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const pair = report.claim === undefined ? [] : [claimText(report.claim, stream)];
  const logs = (report.logs ?? []).map((log) => logClaimText(log, stream));
  return [...pair, ...logs].join('\n');
}

function claimText(claim: Claim, stream: NodeJS.WriteStream): string {
  const paint = colors(stream);
  const rows: [string, string][] = [
    ['claimed', `val_loss ${claim.valLoss.text}   val_bpb ${claim.valBpb.text}${asked(claim)}`],
    ['implies', implied(claim)],
    ...claim.fits
      .slice(0, FITS_SHOWN)
      .map((fit): [string, string] => [fit.kind, `${fit.name}${deviation(fit.deviation)}`]),
  ];
  const remedy = claim.fits.find((fit) => fit.role === 'mistake')?.remedy;
  const lines = rows.map(([name, text]) => `  ${paint.dim(name.padEnd(7))}  ${printable(text)}`);
  const verdict = `  ${painted(claim.verdict, paint)}  ${printable(claim.explanation)}`;
  const hint = remedy ? ['', `  ${paint.dim('→')} ${printable(remedy)}`] : [];
  return ['', verdict, '', ...lines, ...hint, ''].join('\n');
}

function logClaimText(log: LogClaim, stream: NodeJS.WriteStream): string {
  const paint = colors(stream);
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

function asked(claim: Claim): string {
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
