/**
 * The public scripts of the challenge, audited, against the list of their defects that was made by reading
 * (test/submission/public-defects.json, docs/source-audit-records.md).
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { simulate } from '../../dist/submission/simulation/index.js';
import { auditSource } from '../../dist/submission/source/audit.js';

export const LIST = JSON.parse(
  readFileSync(new URL('../../test/submission/public-defects.json', import.meta.url), 'utf8'),
);

/** The checks that name a defect of the list's kind: a gap may lie at the head, in the middle or at the end. */
const NAMES = {
  'head-not-scored': ['head-not-scored', 'truncated-set'],
  'tail-not-scored': ['tail-not-scored', 'rank-remainder'],
  'rank-remainder': ['rank-remainder', 'truncated-set', 'tail-not-scored'],
  'wrong-bytes': ['wrong-bytes', 'lut-by-decode'],
  'not-reduced': ['not-reduced', 'rank-remainder', 'truncated-set'],
};

/**
 * A finding stands where the figure is made, a defect where it is caused: further apart they are of different functions.
 */
const LINES_APART = 200;
/** Kinds of which a script has several places, right and wrong ones. */
const NEAR = new Set(['rank-remainder', 'tail-not-scored', 'head-not-scored', 'scored-twice']);

/** Python files of a checkout that are not empty, by their paths below it, in order. */
export function recordScripts(checkout) {
  return readdirSync(checkout, { recursive: true })
    .filter((file) => file.endsWith('.py') && statSync(join(checkout, file)).size > 0)
    .sort();
}

/** One script: its findings that are no mere information, its parts, the seconds that it took, or its error. */
export async function auditRecord(checkout, file) {
  const started = performance.now();
  const audit = await auditSource(join(checkout, file), simulate).catch((error) => ({ error }));
  const seconds = (performance.now() - started) / 1000;
  if (audit.error !== undefined) {
    return { file, error: String(audit.error), seconds, findings: [], parts: [] };
  }
  const findings = audit.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ excerpt: _, remedy: __, ...finding }) => finding);
  return { file, seconds, findings, parts: audit.parts };
}

/**
 * Audited scripts against the list. A defect is found where the audit of its file has a finding of its kind; of several
 * of a kind in a file, as many as there are findings. A `fail` without a defect listed as `fail` in its file is false
 * until a reader has judged it.
 */
export function compareRecords(records, { defects } = LIST) {
  const found = [];
  const missed = [];
  const falseFails = [];
  for (const { file, findings } of records) {
    const listed = defects.filter((defect) => join(defect.folder, defect.file) === file);
    const left = [...findings];
    for (const defect of listed) {
      const names = NAMES[defect.kind] ?? [defect.kind];
      const at = left.findIndex(
        ({ check, line, layer }) =>
          names.includes(check) &&
          layer === defect.layer &&
          (!NEAR.has(defect.kind) || Math.abs(line - defect.line) <= LINES_APART),
      );
      (at === -1 ? missed : found).push({ ...defect, file });
      if (at !== -1) left.splice(at, 1);
    }
    if (listed.some(({ severity }) => severity === 'fail')) continue;
    for (const finding of findings) {
      if (finding.severity === 'fail') falseFails.push({ ...finding, file });
    }
  }
  return { found, missed, falseFails };
}
