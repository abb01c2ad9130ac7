/**
 * Terminal report of a claimed score: that it is claimed comes before the number.
 */
import type { ClaimedResult } from '../score/result.js';
import { colors, count, exact, printable, seconds, shortHash } from './format.js';
import type { Medium } from './reporter.js';
import {
  bytesLine,
  dataLine,
  decidedLine,
  interval,
  lossLine,
  targetsLine,
  unconfirmedMark,
} from './score-rows.js';
import { findingLines, noteLines, pageOf, type Row, tableLines } from './table.js';

export function claimedText(result: ClaimedResult, medium: Medium): string {
  const paint = colors(medium);
  const { score, coverage } = result;
  const figure =
    score.val_bpb === null
      ? paint.red('no score')
      : paint.bold(`${exact(score.val_bpb)} bits per byte`) +
        paint.dim(interval(score)) +
        unconfirmedMark(result, paint);
  const partial = coverage.partial ? paint.yellow('  partial') : '';
  const headline = `  ${paint.yellow(paint.bold('CLAIMED'))}  ${figure}${partial}`;
  return pageOf([
    [headline, ...findingLines(result.findings, paint)],
    tableLines(claimedRows(result), paint),
    noteLines(result.notes.map(printable), paint),
  ]);
}

export function claimedRows(result: ClaimedResult): Row[] {
  const { claim, ledger, time } = result;
  return [
    ['claimed', `by ${printable(claim.evaluator)}, whose nats are believed; nothing was run here`],
    ['loss', lossLine(result)],
    ['bytes', bytesLine(result)],
    ['targets', targetsLine(result)],
    ['data', dataLine(result)],
    ...decidedLine(result),
    [
      'ledger',
      `holds: ${count(claim.updates)} updates, each after the score   reset ${claim.reset}   ends in ${shortHash(ledger.hash)}`,
    ],
    ['nats', `${printable(claim.targets.file)}   sha256 ${shortHash(claim.targets.sha256)}`],
    ['time', `total ${seconds(time.total_s)}`],
  ];
}
