/**
 * Terminal report of inputs: every log with its final scores, every summary, every row of a table, and
 * what could not be judged.
 */
import { basename } from 'node:path';
import type { InputAnswer, LogMean } from '../submission/claim/input/types.js';
import type { FinalClaim, LogClaim } from '../submission/claim/log-types.js';
import type { SummaryClaim } from '../submission/claim/summary/types.js';
import type { InputsReport } from '../submission/claim.js';
import { tableText } from './claim-table-text.js';
import { paintedJudged, paintedVerdict } from './claim-words.js';
import { colors, type Paint, printable } from './format.js';
import type { Medium } from './reporter.js';
import { HANG } from './wrap.js';

/** More inputs than a screen shows. */
const MANY = 8;

export function inputsText(report: InputsReport, medium: Medium): string {
  const paint = colors(medium);
  const { inputs, logs, summaries, tables, means } = report;
  const copies = new Map(inputs.map(({ path, sameAs }) => [path, sameAs]));
  const blocks = [
    ...logs.map((log) => logLines(log, copies.get(log.path) ?? null, paint)),
    ...summaries.map((summary) => summaryLines(summary, paint)),
    ...tables.map((table) => tableText(table, paint)),
    means.flatMap((mean) => meanLines(mean)),
    notJudged(inputs, paint),
    [...open(report, paint), total(report, paint)],
  ];
  const shown = blocks.filter((lines) => lines.length > 0);
  return `\n${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function logLines(log: LogClaim, sameAs: string | null, paint: Paint): string[] {
  const { path, family, finals, headline, findings } = log;
  const width = Math.max(...finals.map(({ line }) => line.label.length), 5);
  const copy =
    sameAs === null ? [] : [`  equal to ${printable(sameAs)}, with which it counts once`];
  return [
    `${paint.bold(printable(path))}  ${family ?? 'tokenizer not known'}`,
    ...copy,
    ...finals.map((final) => finalLine(final, final === headline, width, paint)),
    ...findings.flatMap(({ severity, check, line, explanation, remedy }) =>
      findingLines(
        severity,
        `${check}${line === null ? '' : ` line ${line}`}`,
        explanation,
        remedy,
        paint,
      ),
    ),
  ];
}

/** An arrow marks the score that counts, a star that of an earlier run in the same file. */
function finalLine(final: FinalClaim, isHeadline: boolean, width: number, paint: Paint): string {
  const { line, claim, window, counted } = final;
  const label = printable(line.label).padEnd(Math.min(width, 40));
  const figures = line.valLoss === '' ? line.valBpb : `${line.valLoss} / ${line.valBpb}`;
  const none = line.valLoss === '' ? paint.yellow('no loss') : paint.red('not a score');
  const verdict = claim === null ? none : paintedVerdict(claim.verdict, paint);
  const fit = claim?.fits[0];
  const name = fit === undefined ? '' : `${fit.kind === 'possible' ? 'possibly ' : ''}${fit.name}`;
  const mark = isHeadline ? paint.bold('→') : counted ? '*' : ' ';
  const parts = [`line ${line.lineNumber}`, label, figures, window.mode, verdict, name];
  return `  ${mark} ${parts.join('  ')}`.trimEnd();
}

function summaryLines(summary: SummaryClaim, paint: Paint): string[] {
  const { path, family, verdict, explanation, scores, means, findings } = summary;
  const told = findings.some((finding) => finding.explanation === explanation);
  return [
    `${paint.bold(printable(path))}  ${family ?? 'tokenizer not known'}`,
    `  ${paintedJudged(verdict, paint)}${told ? '' : `  ${printable(explanation)}`}`,
    ...scores.map(({ name, valLoss, valBpb, claim, log }) => {
      const figures = printable(`${valLoss || '–'} / ${valBpb || '–'}`);
      const judged = claim === null ? 'no pair' : paintedVerdict(claim.verdict, paint);
      const where = log === null ? '' : `  line ${log.line} of ${printable(basename(log.path))}`;
      return `    ${printable(name)}  ${figures}  ${judged}${where}`;
    }),
    ...means.map(({ figure, seeds, mean, deviation, statedMean, statedDeviation }) => {
      const spread = deviation === null ? '' : ` ± ${deviation.toFixed(6)}`;
      const plus = statedDeviation === null ? '' : ` ± ${statedDeviation}`;
      const stated = statedMean === null ? '' : printable(`; stated ${statedMean}${plus}`);
      return `    mean ${figure} of ${seeds} seeds  ${mean.toFixed(8)}${spread}${stated}`;
    }),
    ...findings.flatMap(({ severity, check, explanation: found, remedy }) =>
      findingLines(severity, check, found, remedy, paint),
    ),
  ];
}

function meanLines(mean: LogMean): string[] {
  const { folder, label, logs, scores, repeated, valLoss, valBpb } = mean;
  const spread = valBpb.deviation === null ? '' : ` ± ${valBpb.deviation.toFixed(6)}`;
  const figures = `val_loss ${valLoss.mean.toFixed(8)}   val_bpb ${valBpb.mean.toFixed(8)}${spread}`;
  const again = repeated === 0 ? '' : `, ${repeated} more with the figures of one of them`;
  const of = `${scores} scores of ${printable(label)} in ${logs.length} logs${again}`;
  return [`mean  ${HANG}${printable(folder)}   ${of}   ${figures}`];
}

function notJudged(inputs: readonly InputAnswer[], paint: Paint): string[] {
  const refused = inputs.filter(({ error, verdict }) => error !== null && verdict !== 'skipped');
  const skipped = inputs.filter(({ verdict }) => verdict === 'skipped');
  return [
    ...refused.flatMap(({ path, error }) => {
      const { code, message, expected, actual, hint } = error!;
      const facts = [expected && `expected ${expected}`, actual && `found ${actual}`];
      const found = [`${message} (${code})`, ...facts.filter(Boolean)].join('; ');
      return findingLines('not judged', path, found, hint, paint);
    }),
    ...(skipped.length === 0
      ? []
      : [`  skipped: ${skipped.length} files of the folders without a score`]),
  ];
}

/** Of many inputs those that are not good, by name: the reports on them may be pages away. */
function open({ inputs }: InputsReport, paint: Paint): string[] {
  if (inputs.length < MANY) return [];
  return inputs.flatMap(({ path, verdict, error }) => {
    if (verdict === 'pass' || verdict === 'skipped' || error !== null) return [];
    return [`  ${paintedJudged(verdict, paint)}  ${HANG}${printable(path)}`];
  });
}

function total({ inputs, verdict }: InputsReport, paint: Paint): string {
  const of = (each: InputAnswer['verdict']) =>
    inputs.filter((input) => input.verdict === each).length;
  const counts = [
    [of('pass'), 'pass'],
    [of('fail'), 'fail'],
    [of('not_judged'), 'not judged'],
    [of('skipped'), 'skipped'],
  ].filter(([some]) => some !== 0);
  const files = inputs.length === 1 ? '1 input' : `${inputs.length} inputs`;
  return `${paintedJudged(verdict, paint)}  ${files}: ${counts.map((pair) => pair.join(' ')).join(', ')}`;
}

function findingLines(
  severity: 'fail' | 'warn' | 'info' | 'not judged',
  what: string,
  explanation: string,
  remedy: string | null,
  paint: Paint,
): string[] {
  const word =
    severity === 'fail'
      ? paint.red(severity)
      : severity === 'info'
        ? paint.dim(severity)
        : paint.yellow(severity);
  const found = `  ${word}  ${HANG}${printable(`${what}: ${explanation}`)}`;
  return remedy === null ? [found] : [found, `        ${paint.dim('→')} ${printable(remedy)}`];
}
