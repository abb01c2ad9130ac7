/**
 * Markdown reporter: a heading and tables, for a pull request comment or a job summary.
 */
import type { BpbError } from '../errors.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { claimedRows } from './claimed-text.js';
import { doctorVerdict } from './doctor-text.js';
import { exact } from './format.js';
import { generalisationRows } from './generalisation-rows.js';
import { initRows } from './init-text.js';
import { ledgerFacts, outcomeMark } from './ledger-text.js';
import { auditMarkdown } from './markdown-audit.js';
import { claimMarkdown } from './markdown-claim.js';
import { blocks, code, escaped, heading, notes, rowsTable, table } from './markdown-format.js';
import { checksTable, findingsTable, verdictsTable, violationsTable } from './markdown-verdicts.js';
import { probeRows, probeSummary } from './probe-text.js';
import type { ReportDocuments, Reporter } from './reporter.js';
import { interval, scoreRows, unconfirmed, unverified } from './score-rows.js';
import { tokenizeNotes, tokenizeRows } from './tokenize-text.js';
import { verifyFigure, verifyRows } from './verify-text.js';

export const markdownReporter: Reporter = {
  name: 'markdown',
  errors: 'both',
  formats: {
    score: scoreMarkdown,
    'claimed-score': claimedMarkdown,
    verify: verifyMarkdown,
    audit: auditMarkdown,
    claim: claimMarkdown,
    probe: probeMarkdown,
    ledger: ledgerMarkdown,
    tokenize: tokenizeMarkdown,
    doctor: doctorMarkdown,
    init: initMarkdown,
    error: errorMarkdown,
  },
};

function scoreMarkdown(result: ScoreResult): string {
  const name = code(result.artifact.name);
  return blocks(
    heading(`${name}: ${figure(result)}`),
    findingsTable(result.findings),
    rowsTable(scoreRows(result)),
    generalisationTable(result),
    result.probes === null ? '' : verdictsTable(result.probes),
    notes(result.notes),
  );
}

function generalisationTable({ generalisation }: ScoreResult): string {
  return generalisation === null ? '' : rowsTable(generalisationRows(generalisation));
}

function claimedMarkdown(result: ClaimedResult): string {
  return blocks(
    heading(`Claimed: ${figure(result)}`),
    findingsTable(result.findings),
    rowsTable(claimedRows(result)),
    notes(result.notes),
  );
}

function figure(result: ScoreResult | ClaimedResult): string {
  const { score, coverage } = result;
  if (score.val_bpb === null) return '**no score**';
  const partial = coverage.partial ? ', partial' : '';
  const words = [
    unconfirmed(result),
    // That a claim is one stands before its number.
    result.verification === null ? '' : unverified(result),
  ].filter((text) => text !== '');
  const marks = words.map((text) => `, ${escaped(text)}`).join('');
  return `**${exact(score.val_bpb)} bits per byte**${escaped(interval(score))}${partial}${marks}`;
}

function verifyMarkdown(report: ReportDocuments['verify']): string {
  return blocks(
    heading(`**${report.verdict}** ${escaped(verifyFigure(report))}`),
    notes([report.why]),
    checksTable(report.checks),
    rowsTable(verifyRows(report)),
  );
}

function probeMarkdown(report: ReportDocuments['probe']): string {
  return blocks(
    heading(
      `**${report.verdict}** ${code(report.artifact.name)}: ${escaped(probeSummary(report))}`,
    ),
    findingsTable(report.findings),
    verdictsTable(report.verdicts),
    rowsTable(probeRows(report)),
    notes(report.notes),
  );
}

function ledgerMarkdown(report: ReportDocuments['ledger']): string {
  const { ledger, verdict, verdicts, violations } = report;
  return blocks(
    heading(
      `**${verdict}** ledger ${code(ledger.file)} of ${code(ledger.evaluator)}${outcomeMark(report)}`,
    ),
    escaped(ledgerFacts(report).replace(/ {3,}/g, ' · ')),
    verdictsTable(verdicts),
    violationsTable(violations),
  );
}

function tokenizeMarkdown(result: ReportDocuments['tokenize']): string {
  const { documents } = result;
  const partial = documents.partial ? ', partial' : '';
  const what = `${result.tokens.toLocaleString('en-US')} tokens of ${documents.count} documents`;
  return blocks(
    heading(`${what} in ${code(result.directory)}${partial}`),
    rowsTable(tokenizeRows(result)),
    notes(tokenizeNotes(result)),
  );
}

function doctorMarkdown(report: ReportDocuments['doctor']): string {
  const rows = report.findings.map(({ name, for: use, found, detail, hint }) => [
    escaped(use),
    code(name),
    found ? 'found' : '**missing**',
    escaped(hint === null ? detail : `${detail} → ${hint}`),
  ]);
  return blocks(
    heading(escaped(doctorVerdict(report))),
    table(['for', 'what', 'state', 'detail'], rows),
  );
}

function initMarkdown(result: ReportDocuments['init']): string {
  const { score, probe } = result.commands;
  return blocks(
    heading(`${code(result.file)} ${result.replaced ? 'replaced' : 'written'}`),
    rowsTable(initRows(result)),
    notes(result.unknown.map(({ what, message, hint }) => `${what}: ${message} → ${hint}`)),
    notes([score, probe]),
  );
}

function errorMarkdown(error: BpbError): string {
  const { path, expected, actual, hint } = error;
  const facts = Object.entries({ path, expected, found: actual, hint });
  const rows = facts.flatMap(([name, text]) =>
    text === undefined ? [] : [[name, name === 'path' ? code(text) : escaped(text)]],
  );
  const codes = ['code', `${code(error.code)}, exit ${error.exitCode}`];
  return blocks(heading(`Error: ${escaped(error.message)}`), table(['', ''], [...rows, codes]));
}
