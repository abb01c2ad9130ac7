/**
 * Markdown report of a claim, and of every final score of training logs.
 */

import type { LogClaim } from '../submission/claim/log-types.js';
import type { Claim } from '../submission/claim/types.js';
import type { ClaimReport } from '../submission/claim.js';
import { claimRemedy, claimRows } from './claim-text.js';
import { blocks, code, escaped, heading, notes, rowsTable, table } from './markdown-format.js';

export function claimMarkdown(report: ClaimReport): string {
  if (report.logs === undefined) return pairMarkdown(report.claim);
  return blocks(...report.logs.map(logMarkdown));
}

function pairMarkdown(claim: Claim): string {
  const remedy = claimRemedy(claim);
  return blocks(
    heading(`**${claim.verdict}** ${escaped(claim.explanation)}`),
    rowsTable(claimRows(claim)),
    notes(remedy === null ? [] : [remedy]),
  );
}

function logMarkdown(log: LogClaim): string {
  return blocks(
    heading(`${code(log.path)}, ${escaped(log.family ?? 'tokenizer not known')}`),
    finalsTable(log),
    findingsTable(log),
  );
}

/** An arrow marks the headline. */
function finalsTable({ finals, headline }: LogClaim): string {
  const rows = finals.map((final) => {
    const { line, claim, window } = final;
    return [
      final === headline ? `→ ${line.lineNumber}` : String(line.lineNumber),
      code(line.label),
      `${escaped(line.valLoss)} / ${escaped(line.valBpb)}`,
      window.mode,
      claim === null ? '**not a score**' : claim.verdict,
      escaped(claim?.fits[0]?.name ?? ''),
    ];
  });
  return table(['line', 'label', 'val_loss / val_bpb', 'window', 'verdict', 'fits'], rows);
}

/** Empty where a log has no findings. */
function findingsTable({ findings }: LogClaim): string {
  if (findings.length === 0) return '';
  const rows = findings.map(({ severity, check, line, explanation, remedy }) => [
    severity === 'fail' ? '**fail**' : severity,
    code(check),
    line === null ? '' : String(line),
    escaped(remedy === null ? explanation : `${explanation} → ${remedy}`),
  ]);
  return table(['severity', 'check', 'line', 'finding'], rows);
}
