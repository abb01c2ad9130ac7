/**
 * Measures `bpb audit --source` on the public scripts of the challenge, against the list of their defects that was
 * made by reading (test/submission/public-defects.json, docs/source-audit-records.md).
 *
 * node bench/source-records.mjs CHECKOUT [--out FILE] [--only TEXT]
 *
 * CHECKOUT is a clone of openai/parameter-golf at the commit of the list. A defect counts as found where the audit of
 * its file has a finding of its kind that is no mere information; of several of a kind in a file, as many as there are
 * findings. A `fail` without a defect listed as `fail` in that file is printed as false, to be judged by a reader.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { simulate } from '../dist/submission/simulation/index.js';
import { auditSource } from '../dist/submission/source/audit.js';

const [checkout, ...rest] = process.argv.slice(2);
if (checkout === undefined)
  throw new Error('node bench/source-records.mjs CHECKOUT [--out FILE] [--only TEXT]');
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : null);
const list = JSON.parse(
  readFileSync(new URL('../test/submission/public-defects.json', import.meta.url), 'utf8'),
);
/** The checks that name a defect of the list's kind: a gap may lie at the head, in the middle or at the end. */
const NAMES = {
  'head-not-scored': ['head-not-scored', 'truncated-set'],
  'tail-not-scored': ['tail-not-scored', 'rank-remainder'],
  'rank-remainder': ['rank-remainder', 'truncated-set', 'tail-not-scored'],
  'scored-twice': ['scored-twice'],
  'wrong-bytes': ['wrong-bytes', 'lut-by-decode'],
  'not-reduced': ['not-reduced', 'rank-remainder', 'truncated-set'],
};

const files = execFileSync('find', [checkout, '-name', '*.py', '-size', '+0'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .sort()
  .filter((file) => file.includes(option('--only') ?? ''));
const report = [];
for (const [k, path] of files.entries()) {
  const file = relative(checkout, path);
  process.stderr.write(`${k + 1}/${files.length} ${file}\r`);
  const started = performance.now();
  const audit = await auditSource(path, simulate).catch((error) => ({ error }));
  const seconds = (performance.now() - started) / 1000;
  if (audit.error !== undefined) {
    report.push({ file, error: String(audit.error), seconds, findings: [], parts: [] });
    continue;
  }
  const findings = audit.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ check, severity, line, layer, file: inFile, explanation }) => ({
      check,
      severity,
      line,
      layer,
      file: inFile,
      explanation,
    }));
  report.push({ file, seconds, findings, parts: audit.parts });
}

let found = 0;
let total = 0;
const missed = [];
const falseFails = [];
for (const entry of report) {
  const listed = list.defects.filter((d) => join(d.folder, d.file) === entry.file);
  const left = [...entry.findings];
  for (const defect of listed) {
    total++;
    const names = NAMES[defect.kind] ?? [defect.kind];
    const at = left.findIndex(({ check }) => names.includes(check));
    if (at === -1) missed.push(`${entry.file}:${defect.line} ${defect.kind}`);
    else {
      found++;
      left.splice(at, 1);
    }
  }
  for (const finding of entry.findings) {
    if (finding.severity !== 'fail') continue;
    if (listed.some(({ severity }) => severity === 'fail')) continue;
    falseFails.push(`${entry.file}:${finding.line} ${finding.check}: ${finding.explanation}`);
  }
}
const count = (verdict) =>
  report.flatMap(({ parts }) => parts).filter((p) => p.verdict === verdict).length;
console.log(`\nscripts ${report.length}   defects found ${found} of ${total}`);
console.log(
  `parts: pass ${count('pass')}, warn ${count('warn')}, fail ${count('fail')}, not judged ${count('not_judged')}`,
);
console.log(
  `seconds: longest ${Math.max(...report.map(({ seconds }) => seconds)).toFixed(1)}, all ${report.reduce((s, r) => s + r.seconds, 0).toFixed(0)}`,
);
console.log(`\nmissed ${missed.length}\n${missed.join('\n')}`);
console.log(`\nfail without a fail of the list ${falseFails.length}\n${falseFails.join('\n')}`);
const out = option('--out');
if (out !== null) writeFileSync(out, `${JSON.stringify(report, null, 1)}\n`);
