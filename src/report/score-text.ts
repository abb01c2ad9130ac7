/**
 * Terminal report of a score: the number first, then what it was computed from.
 */
import type { ScoreResult } from '../score/result.js';
import { colors, exact, type Paint, printable } from './format.js';
import { generalisationRows } from './generalisation-rows.js';
import type { Medium } from './reporter.js';
import { interval, scoreRows, unconfirmedMark, unverified } from './score-rows.js';
import { findingLines, noteLines, pageOf, tableLines } from './table.js';

export function scoreText(result: ScoreResult, medium: Medium): string {
  const paint = colors(medium);
  return pageOf([
    [headline(result, paint), ...findingLines(result.findings, paint)],
    tableLines(scoreRows(result), paint),
    tableLines(generalisationRows(result.generalisation), paint),
    noteLines(result.notes.map(printable), paint),
  ]);
}

function headline(result: ScoreResult, paint: Paint): string {
  const { score, coverage } = result;
  const name = printable(result.artifact.name);
  if (score.val_bpb === null) return `  ${paint.red('no score')}  ${name}`;
  const partial = coverage.partial ? paint.yellow('  partial') : '';
  const words = unverified(result);
  const mark = words === '' ? '' : `  ${paint.yellow(words)}`;
  const figure = paint.bold(`${exact(score.val_bpb)} bits per byte`);
  return `  ${figure}  ${name}${paint.dim(interval(score))}${unconfirmedMark(result, paint)}${mark}${partial}`;
}
