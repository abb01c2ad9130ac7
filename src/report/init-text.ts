/**
 * Terminal report of `bpb init`: the file, what was found and how, what could not be known, what to run.
 */
import type { InitResult } from '../init/types.js';
import { colors, count, type Paint, printable } from './format.js';
import type { Medium } from './reporter.js';
import { pageOf, type Row, tableLines } from './table.js';
import { COMMAND } from './wrap.js';

export function initText(result: InitResult, medium: Medium): string {
  const paint = colors(medium);
  const done = result.replaced ? 'replaced' : 'written';
  const { score, probe } = result.commands;
  return pageOf([
    [`  ${paint.bold(printable(result.file))} ${done}`],
    tableLines(initRows(result), paint),
    result.unknown.flatMap(({ what, message, hint }) => [
      `  ${paint.yellow('not known')}  ${what}: ${printable(message)}`,
      hintLine(hint, paint),
    ]),
    [
      `  ${paint.dim('next')}  ${COMMAND}${printable(score)}`,
      `        ${COMMAND}${printable(probe)}`,
    ],
  ]);
}

function hintLine(hint: string, paint: Paint): string {
  return `             ${paint.dim('→')} ${/^(bpb|cp|npm) /.test(hint) ? COMMAND : ''}${printable(hint)}`;
}

/** What was found, in the order of the manifest, with its reason. */
export function initRows({ found, size }: InitResult): Row[] {
  const { bytes_counted, bytes_limit } = size;
  return [
    ...found.map(({ what, value, how }): Row => [what, `${printable(value)} (${printable(how)})`]),
    ['size', `${count(bytes_counted)} of ${count(bytes_limit)} bytes`],
  ];
}
