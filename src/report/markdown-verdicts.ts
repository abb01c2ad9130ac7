/**
 * Markdown tables of findings, probe verdicts and ledger violations.
 */
import type { Finding } from '../finding.js';
import { type Violation, violationText } from '../ledger/violations.js';
import type { ProbeVerdict } from '../verdict.js';
import type { VerifyCheck } from '../verify/types.js';
import { code, escaped, table } from './markdown-format.js';
import { measured } from './probe-text.js';
import { failureFacts } from './verify-text.js';

const SHOWN = { pass: 'pass', warn: 'warn', fail: '**fail**', not_applicable: 'n/a' } as const;

/** Violations in the table; the JSON document has all that were kept. */
const MAX_LISTED = 20;

export function verdictsTable(verdicts: readonly ProbeVerdict[]): string {
  const rows = verdicts.map((each) => [
    SHOWN[each.verdict],
    code(each.name),
    escaped(each.what),
    escaped(measured(each)),
    escaped(each.note ?? ''),
  ]);
  return table(['verdict', 'probe', 'what is checked', 'effect', 'note'], rows);
}

const CHECKED = { pass: 'pass', fail: '**fail**', not_checked: 'not checked' } as const;

export function checksTable(checks: readonly VerifyCheck[]): string {
  const rows = checks.map((check) => [
    CHECKED[check.verdict],
    code(check.name),
    escaped(check.what),
    escaped(check.verdict === 'fail' ? failureFacts(check).join('; ') : (check.note ?? '')),
  ]);
  return table(['verdict', 'check', 'what is checked', 'note'], rows);
}

/** Empty where nothing was found. */
export function findingsTable(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  const rows = findings.map(({ id, severity, message, hint, accepted }) => {
    if (accepted) return [`${severity}, accepted`, escaped(message), escaped(`--accept ${id}`)];
    return [severity === 'fail' ? '**fail**' : severity, escaped(message), escaped(hint ?? '')];
  });
  return table(['severity', 'finding', 'what to do'], rows);
}

/** Empty where nothing is violated. */
export function violationsTable(violations: readonly Violation[]): string {
  if (violations.length === 0) return '';
  const rows = violations
    .slice(0, MAX_LISTED)
    .map((each) => [code(each.code), escaped(violationText(each))]);
  const more = violations.length - rows.length;
  return table(['violation', 'where'], more > 0 ? [...rows, ['', `${more} more`]] : rows);
}
