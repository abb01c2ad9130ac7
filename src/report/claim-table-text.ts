/**
 * Terminal report of a table of claims: one line a row, then what to do about those that are wrong.
 */

import type { RowClaim, TableClaim } from '../submission/claim/table/types.js';
import { paintedJudged } from './claim-words.js';
import { type Paint, printable } from './format.js';

/** Rows of 80 columns: number 5, name 24, figures 21, verdict 10, explanation 14, and their spaces. */
const NAME_WIDTH = 24;
const FIT_WIDTH = 14;
/** Rows that are explained; the JSON report has them all. */
const EXPLAINED = 20;

export function tableText(table: TableClaim, paint: Paint): string[] {
  const { path, format, verdict, counts, rows } = table;
  const wrong = rows.filter((row) => row.verdict === 'fail');
  const more = wrong.length - EXPLAINED;
  return [
    `${paint.bold(printable(path))}  ${format}`,
    ...rows.map((row) => rowLine(row, paint)),
    ...wrong.slice(0, EXPLAINED).flatMap((row) => explained(row, paint)),
    ...(more > 0 ? [`  and ${more} more, which --json explains`] : []),
    ...refusals(rows, paint),
    `  ${paintedJudged(verdict, paint)}  ${rows.length} rows: ${counts.pass} pass, ${counts.fail} fail, ${counts.not_judged} not judged`,
  ];
}

function rowLine({ row, name, valLoss, valBpb, claim, error }: RowClaim, paint: Paint): string {
  const figure = (text: string) => cut(printable(text || '–'), 10);
  const figures = `${figure(valLoss)} / ${figure(valBpb)}`;
  const verdict = claim === null ? 'not judged' : claim.verdict.replace('-', ' ');
  const fit = claim === null ? (error?.actual ?? '') : (claim.fits[0]?.name ?? '');
  const painted = paintedWord(verdict.padEnd(10), claim?.verdict ?? null, paint);
  const label = cut(printable(name), NAME_WIDTH).padEnd(NAME_WIDTH);
  const cells = [String(row).padStart(4), label, figures.padEnd(21), painted];
  return `${cells.join(' ')} ${cut(printable(fit), FIT_WIDTH)}`.trimEnd();
}

function explained({ row, name, claim }: RowClaim, paint: Paint): string[] {
  if (claim === null) return [];
  const fit = claim.fits.find(({ role }) => role === claim.verdict);
  const found = `  ${paint.red('fail')}  row ${[row, printable(cut(name, 60))].filter(Boolean).join(' ')}: ${printable(claim.explanation)}`;
  return fit?.remedy ? [found, `        ${paint.dim('→')} ${printable(fit.remedy)}`] : [found];
}

/** One line a reason: rows without a loss are many in a leaderboard that has none. */
function refusals(rows: readonly RowClaim[], paint: Paint): string[] {
  const reasons = new Map<string, { numbers: number[]; hint: string | null }>();
  for (const { row, error } of rows) {
    if (error === null) continue;
    const found = reasons.get(error.message) ?? { numbers: [], hint: error.hint };
    found.numbers.push(row);
    reasons.set(error.message, found);
  }
  return [...reasons].flatMap(([message, { numbers, hint }]) => {
    const some = numbers.slice(0, 10).join(', ');
    const list = numbers.length > 10 ? `${some} and ${numbers.length - 10} more` : some;
    const found = `  ${paint.yellow('not judged')}  row ${list}: ${printable(message)}`;
    return hint === null ? [found] : [found, `        ${paint.dim('→')} ${printable(hint)}`];
  });
}

function paintedWord(
  word: string,
  verdict: NonNullable<RowClaim['claim']>['verdict'] | null,
  paint: Paint,
): string {
  if (verdict === 'fits') return paint.green(word);
  return verdict === 'mistake' || verdict === 'other-set' ? paint.red(word) : paint.yellow(word);
}

/** A text of at most so many characters. */
function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
