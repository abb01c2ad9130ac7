/**
 * Markdown report of an audit: the verdict, a table of findings, then the totals.
 */
import type { AuditReport, Finding } from '../audit/types.js';
import { auditRows, auditSubject, auditSummary, effectText } from './audit-rows.js';
import { blocks, code, escaped, heading, rowsTable, table } from './markdown-format.js';

export function auditMarkdown(report: AuditReport): string {
  const { verdict, findings } = report;
  return blocks(
    heading(
      `**${verdict.replace('_', ' ')}** ${code(auditSubject(report))}: ${escaped(auditSummary(report))}`,
    ),
    findings.length === 0 ? '' : findingsTable(findings),
    rowsTable(auditRows(report)),
  );
}

function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ severity, check, detail, effect, remedy }) => [
    severity === 'fail' ? '**fail**' : severity,
    code(check),
    escaped(detail),
    effect === null ? '' : escaped(effectText(effect)),
    severity === 'info' ? '' : escaped(remedy),
  ]);
  return table(['severity', 'check', 'finding', 'effect', 'what to do'], rows);
}
