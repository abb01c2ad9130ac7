/**
 * Terminal report of an audit, on one screen: the verdict first, then findings by severity, then
 * totals.
 */
import type { AuditReport, Finding, Severity } from '../audit/types.js';
import { auditRows, auditSubject, auditSummary, effectText } from './audit-rows.js';
import { colors, type Paint, printable } from './format.js';
import type { Medium } from './reporter.js';
import { pageOf, tableLines } from './table.js';
import { columnsOf, wrapLine } from './wrap.js';

/**
 * Findings shown in full, and lines of theirs; the others by name, so that the verdict stays on the screen.
 */
const SHOWN_IN_FULL = 5;
const SHOWN_LINES = 20;
const INDENT = ' '.repeat(8);
const MIN_WIDTH = 60;
const MAX_WIDTH = 110;

export function auditText(report: AuditReport, medium: Medium): string {
  const paint = colors(medium);
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columnsOf(medium)));
  const judged = report.findings.filter(({ severity }) => severity !== 'info');
  const facts = report.findings.filter(({ severity }) => severity === 'info');
  const shown: string[] = [];
  let full = 0;
  for (; full < Math.min(judged.length, SHOWN_IN_FULL); full++) {
    const lines = findingLines(judged[full]!, paint, width);
    if (full > 0 && shown.length + lines.length > SHOWN_LINES) break;
    shown.push(...lines);
  }
  const rest = judged.slice(full).map(({ check }) => check);
  if (rest.length > 0) shown.push(`${INDENT}and ${rest.join(', ')} (all in --json)`);
  const notes = facts.map(
    ({ check, detail }) => `  ${paint.dim('info')}  ${check}: ${printable(detail)}`,
  );
  return pageOf([[headline(report, paint)], shown, notes, tableLines(auditRows(report), paint)]);
}

function colourOf(
  severity: Severity | AuditReport['verdict'],
  paint: Paint,
): (text: string) => string {
  if (severity === 'fail') return paint.red;
  return severity === 'pass' || severity === 'info' ? paint.green : paint.yellow;
}

function headline(report: AuditReport, paint: Paint): string {
  const { verdict } = report;
  const word = colourOf(verdict, paint)(paint.bold(verdict.replace('_', ' ').toUpperCase()));
  return `  ${word}  ${printable(auditSubject(report))}: ${auditSummary(report)}`;
}

function findingLines(finding: Finding, paint: Paint, width: number): string[] {
  const { severity, check, detail, explanation, remedy, effect } = finding;
  const lines = [
    `  ${colourOf(severity, paint)(severity)}  ${paint.bold(check)}${effect === null ? '' : `  ${effectText(effect)}`}`,
    ...indented(printable(detail), width),
  ];
  // A warning needs no explanation on this screen; --json has it.
  if (severity === 'fail')
    lines.push(...indented(explanation, width).map((line) => paint.dim(line)));
  lines.push(...indented(`→ ${remedy}`, width));
  return lines;
}

function indented(text: string, width: number): string[] {
  return wrapLine(`${INDENT}${text}`, width, INDENT.length);
}
