/**
 * Terminal report of a ledger's verdicts: what it is, what was checked, where it breaks a rule.
 */
import { outcomeText } from '../ledger/outcome.js';
import type { LedgerReport } from '../ledger/verify.js';
import { violationText } from '../ledger/violations.js';
import type { ProbeVerdict } from '../verdict.js';
import { colors, count, type Paint, printable, shortHash } from './format.js';
import type { Medium } from './reporter.js';
import { pageOf } from './table.js';
import { HANG } from './wrap.js';

/** Violations listed one by one; all are in `--json`. */
const MAX_LISTED = 10;

export function ledgerText(report: LedgerReport, medium: Medium): string {
  const paint = colors(medium);
  const { ledger, verdict, verdicts, violations } = report;
  const word = verdict === 'pass' ? paint.green('PASS') : paint.red('FAIL');
  const width = Math.max(...verdicts.map(({ name }) => name.length));
  return pageOf([
    [
      `  ${paint.bold(word)}  ${printable(ledger.file)}: the ledger of ${printable(ledger.evaluator)}${paint.yellow(outcomeMark(report))}`,
    ],
    [`  ${HANG}${ledgerFacts(report)}`],
    verdicts.map((each) => verdictLine(each, width, paint)),
    violations
      .slice(0, MAX_LISTED)
      .map((each) => `  ${paint.red(each.code)}  ${printable(violationText(each))}`),
  ]);
}

/** `; its run gave no result`, where there is less than the ledger looks like. */
export function outcomeMark({ ledger }: LedgerReport): string {
  const text = outcomeText(ledger.result);
  return text === null ? '' : `; ${text}`;
}

/** `1,024 targets of 1,025 tokens   3 updates   reset never   …` */
export function ledgerFacts({ ledger }: LedgerReport): string {
  return [
    `${count(ledger.scored)} targets of ${count(ledger.tokens)} tokens`,
    `${count(ledger.updates)} updates`,
    `reset ${ledger.reset}`,
    `${count(ledger.lines)} lines`,
    ...(ledger.run === null ? [] : [`run ${printable(ledger.run)}`]),
    ...(ledger.hash === null ? [] : [`ends in ${shortHash(ledger.hash)}`]),
  ].join('   ');
}

function verdictLine(each: ProbeVerdict, width: number, paint: Paint): string {
  const name = each.name.padEnd(width);
  if (each.verdict === 'pass') return `  ${paint.green('pass')}  ${name}  ${HANG}${each.what}`;
  if (each.verdict === 'not_applicable') {
    return `  ${paint.dim('n/a ')}  ${name}  ${HANG}${paint.dim(printable(each.note ?? ''))}`;
  }
  if (each.verdict === 'warn') {
    return `  ${paint.yellow('warn')}  ${name}  ${HANG}${printable(each.note ?? each.what)}`;
  }
  return `  ${paint.red('fail')}  ${name}  ${HANG}${times(each.effect ?? 0)}: ${each.what}`;
}

function times(violations: number): string {
  return violations === 1 ? 'one violation' : `${count(violations)} violations`;
}
