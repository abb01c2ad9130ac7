/**
 * Measures `bpb audit --source` on the public scripts of the challenge (lib/source-records.mjs says how).
 *
 * node bench/source-records.mjs CHECKOUT [--out FILE] [--only TEXT]
 *
 * CHECKOUT is a clone of openai/parameter-golf at the commit of test/submission/public-defects.json.
 */
import { writeFileSync } from 'node:fs';
import { auditRecord, compareRecords, recordScripts } from './lib/source-records.mjs';

const [checkout, ...rest] = process.argv.slice(2);
if (checkout === undefined) {
  throw new Error('node bench/source-records.mjs CHECKOUT [--out FILE] [--only TEXT]');
}
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : null);

const files = recordScripts(checkout).filter((file) => file.includes(option('--only') ?? ''));
const records = [];
for (const [k, file] of files.entries()) {
  process.stderr.write(`${k + 1}/${files.length} ${file}\r`);
  records.push(await auditRecord(checkout, file));
}

const { found, missed, falseFails } = compareRecords(records);
const verdicts = records.flatMap(({ parts }) => parts).map(({ verdict }) => verdict);
const count = (verdict) => verdicts.filter((each) => each === verdict).length;
const seconds = records.map((record) => record.seconds);
const refused = records.filter(({ error }) => error !== undefined);
console.log(
  `\nscripts ${records.length}   defects found ${found.length} of ${found.length + missed.length}`,
);
console.log(
  `parts: ${['pass', 'warn', 'fail', 'not_judged'].map((v) => `${v} ${count(v)}`).join(', ')}`,
);
console.log(
  `seconds: longest ${Math.max(...seconds).toFixed(1)}, all ${seconds.reduce((s, x) => s + x, 0).toFixed(0)}`,
);
print('missed', missed, ({ file, line, kind, reached }) => {
  return `${file}:${line} ${kind}${reached === true ? '' : ` (${reached})`}`;
});
print('fail without a fail of the list', falseFails, ({ file, line, check, explanation }) => {
  return `${file}:${line} ${check}: ${explanation}`;
});
print('refused', refused, ({ file, error }) => `${file}: ${error}`);

const out = option('--out');
if (out !== null) writeFileSync(out, `${JSON.stringify(records, null, 1)}\n`);

function print(title, entries, line) {
  console.log(`\n${title} ${entries.length}\n${entries.map(line).join('\n')}`);
}
