/**
 * Findings on a script and its parts (`submission/source`), in the form of an audit's report.
 */
import type { SourceAudit } from '../submission/source/types.js';
import type { Finding, SourceReport } from './types.js';

export function sourceFindings({ path, findings }: SourceAudit): Finding[] {
  return findings.map(
    ({ check, severity, file, line, column, layer, excerpt, explanation, remedy }) => ({
      check: `source/${check}`,
      severity,
      detail: `${file ?? path}:${line}:${column}${layer > 0 ? ` (in packed source ${layer})` : ''}: ${excerpt}`,
      explanation,
      remedy,
      effect: null,
      examples: [],
    }),
  );
}

export function sourceReport(audit: SourceAudit): SourceReport {
  const { path, files, layers, parts, couldNotJudge } = audit;
  const unjudged = parts.filter(({ verdict }) => verdict === 'not_judged');
  return {
    path,
    files: [...files],
    layers,
    parts: [...parts],
    judged: parts.length - unjudged.length,
    could_not_judge: [
      ...unjudged.map(({ part, reason }) => `${part}: ${reason}`),
      ...couldNotJudge,
    ],
  };
}
