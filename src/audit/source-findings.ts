/**
 * Findings on a script (`submission/source`), in the form of an audit's findings.
 */
import type { SourceAudit } from '../submission/source/audit.js';
import type { Finding, SourceReport } from './types.js';

export function sourceFindings({ path, findings }: SourceAudit): Finding[] {
  return findings.map(({ check, severity, line, column, layer, excerpt, explanation, remedy }) => ({
    check: `source/${check}`,
    severity,
    detail: `${path}:${line}:${column}${layer > 0 ? ` (in packed source ${layer})` : ''}: ${excerpt}`,
    explanation,
    remedy,
    effect: null,
    examples: [],
  }));
}

export function sourceReport({ path, layers, couldNotJudge }: SourceAudit): SourceReport {
  return { path, layers, could_not_judge: [...couldNotJudge] };
}
