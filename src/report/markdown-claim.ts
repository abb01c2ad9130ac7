/**
 * Markdown report of a claim, and of logs, summaries and tables of claims.
 */

import type { InputAnswer, LogMean } from '../submission/claim/input/types.js';
import type { LogClaim } from '../submission/claim/log-types.js';
import type { SummaryClaim } from '../submission/claim/summary/types.js';
import type { TableClaim } from '../submission/claim/table/types.js';
import type { Claim } from '../submission/claim/types.js';
import type { ClaimReport } from '../submission/claim.js';
import { claimRemedy, claimRows } from './claim-text.js';
import { blocks, code, escaped, heading, notes, rowsTable, table } from './markdown-format.js';

export function claimMarkdown(report: ClaimReport): string {
  if (report.claim !== undefined) return pairMarkdown(report.claim);
  const { inputs, logs, summaries, tables, means } = report;
  return blocks(
    ...logs.map(logMarkdown),
    ...summaries.map(summaryMarkdown),
    ...tables.map(tableMarkdown),
    meansMarkdown(means),
    refusedMarkdown(inputs),
  );
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
      `${escaped(line.valLoss || '–')} / ${escaped(line.valBpb)}`,
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

function summaryMarkdown({ path, verdict, explanation, scores, findings }: SummaryClaim): string {
  const rows = scores.map(({ name, valLoss, valBpb, claim, log }) => [
    escaped(name),
    `${escaped(valLoss || '–')} / ${escaped(valBpb || '–')}`,
    claim?.verdict ?? 'not judged',
    log === null ? '' : `${code(log.path)} line ${log.line}`,
  ]);
  const found = findings.map(
    ({ severity, check, explanation: what }) => `${severity} ${check}: ${what}`,
  );
  return blocks(
    heading(`${code(path)}: **${verdict.replace('_', ' ')}** ${escaped(explanation)}`),
    table(['score', 'val_loss / val_bpb', 'verdict', 'log'], rows),
    notes(found),
  );
}

function tableMarkdown({ path, verdict, counts, rows }: TableClaim): string {
  const { pass, fail, not_judged } = counts;
  const total = `${pass} pass, ${fail} fail, ${not_judged} not judged`;
  const lines = rows.map(({ row, name, valLoss, valBpb, claim, error }) => [
    String(row),
    escaped(name),
    `${escaped(valLoss || '–')} / ${escaped(valBpb || '–')}`,
    claim === null ? 'not judged' : claim.verdict,
    escaped(claim === null ? (error?.message ?? '') : (claim.fits[0]?.name ?? '')),
  ]);
  return blocks(
    heading(`${code(path)}: **${verdict.replace('_', ' ')}** ${total}`),
    table(['row', 'name', 'val_loss / val_bpb', 'verdict', 'fits'], lines),
  );
}

function meansMarkdown(means: readonly LogMean[]): string {
  if (means.length === 0) return '';
  const rows = means.map(({ folder, label, logs, scores, repeated, valLoss, valBpb }) => {
    const spread = valBpb.deviation === null ? '' : ` ± ${valBpb.deviation.toFixed(6)}`;
    const figures = [valLoss.mean.toFixed(8), `${valBpb.mean.toFixed(8)}${spread}`];
    const again = repeated === 0 ? '' : `, ${repeated} more with the figures of one of them`;
    return [code(folder), code(label), `${scores} in ${logs.length} logs${again}`, ...figures];
  });
  return table(['mean of', 'label', 'scores', 'val_loss', 'val_bpb'], rows);
}

function refusedMarkdown(inputs: readonly InputAnswer[]): string {
  const rows = inputs.flatMap(({ path, error, verdict }) =>
    error === null || verdict === 'skipped' ? [] : [[code(path), escaped(error.message)]],
  );
  return rows.length === 0 ? '' : table(['not judged', 'why'], rows);
}
