/**
 * A ledger's verdicts for people: what it is, what was checked, where it breaks.
 */

import type { LedgerReport } from '../ledger/verify.js';
import { told } from '../ledger/violations.js';
import type { ProbeVerdict } from '../probes/types.js';
import { colors, count, printable, shortHash } from './format.js';

type Paint = ReturnType<typeof colors>;

/** Violations told one by one; all are in `--json`. */
const TOLD = 10;

export function ledgerText(
  report: LedgerReport,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const paint = colors(stream);
  const { ledger, verdict, verdicts, violations } = report;
  const word = verdict === 'pass' ? paint.green('PASS') : paint.red('FAIL');
  const facts = [
    `${count(ledger.scored)} targets of ${count(ledger.tokens)} tokens`,
    `${count(ledger.updates)} updates`,
    `reset ${ledger.reset}`,
    `${count(ledger.lines)} lines`,
    ...(ledger.hash === null ? [] : [`ends in ${shortHash(ledger.hash)}`]),
  ];
  const width = Math.max(...verdicts.map(({ name }) => name.length));
  const blocks = [
    [
      `  ${paint.bold(word)}  ${printable(ledger.file)}: the ledger of ${printable(ledger.evaluator)}`,
    ],
    [`  ${facts.join('   ')}`],
    verdicts.map((each) => verdictLine(each, width, paint)),
    violations.slice(0, TOLD).map((each) => `  ${paint.red(each.code)}  ${printable(told(each))}`),
  ];
  return `\n${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function verdictLine(each: ProbeVerdict, width: number, paint: Paint): string {
  const name = each.name.padEnd(width);
  if (each.verdict === 'pass') return `  ${paint.green('pass')}  ${name}  ${each.what}`;
  if (each.verdict === 'not_applicable') {
    return `  ${paint.dim('n/a ')}  ${name}  ${paint.dim(printable(each.note ?? ''))}`;
  }
  return `  ${paint.red('fail')}  ${name}  ${times(each.effect ?? 0)}: ${each.what}`;
}

function times(violations: number): string {
  return violations === 1 ? 'one violation' : `${count(violations)} violations`;
}
