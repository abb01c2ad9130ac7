/**
 * What a person wants to read of the results so far, what matters most last: a terminal shows the end, and
 * a machine that is lent may hand back no more of what was printed.
 *
 *   node scripts/gpu/summary.mjs RESULTS
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelTable } from '../../native/bench/table.mjs';
import { readLines } from './lines.mjs';

const [results] = process.argv.slice(2);
const json = (name) =>
  existsSync(join(results, name)) ? JSON.parse(readFileSync(join(results, name), 'utf8')) : null;
const lines = (name) => readLines(join(results, name));
const count = (number) => Math.round(number).toLocaleString('en-US');

const WIDTH = 80;

/** Lines of at most WIDTH where words allow it; those that go on are indented. */
function wrapped(text) {
  const rows = [];
  let row = '';
  for (const word of text.split(' ')) {
    if (row.trim() !== '' && row.length + word.length >= WIDTH) {
      rows.push(row);
      row = '   ';
    }
    row += row === '' ? word : ` ${word}`;
  }
  return [...rows, row];
}

/** Each step in the order of their list, and how many ended in which way. */
function steps() {
  const list = readFileSync(new URL('steps', import.meta.url), 'utf8').split('\n');
  const names = list.filter((line) => /^[A-Z] /.test(line)).map((line) => line.split(' ')[1]);
  const found = names.map((name) => json(join('steps', `${name}.json`)));
  const counts = new Map();
  for (const step of found) {
    const status = step?.status ?? 'without result';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const rows = found.flatMap((step) => {
    if (step === null) return [];
    const said = step.answer === '' || step.answer === step.status ? '' : `: ${step.answer}`;
    return [`${step.stage} ${step.step}: ${step.status}, ${step.seconds} s${said}`];
  });
  const all = [...counts].map(([status, number]) => `${number} ${status}`);
  return [...rows, '', `${names.length} steps: ${all.join(', ')}`];
}

/** A table of Markdown without what only Markdown needs. */
const narrow = (row) =>
  row
    .replace(/^\| | \|$/g, '')
    .split(' | ')
    .join('  ');

function endToEnd() {
  return lines('end-to-end.jsonl').map((line) => {
    const what = `${line.shape} ${line.window} ${line.who} ${line.variant} ${line.purpose}`;
    if (line.error) return `${what}: ${line.error}`;
    const share =
      line.scorer_share == null ? '' : `, scorer ${(100 * line.scorer_share).toFixed(1)} %`;
    const batch = line.batch_tokens ?? '';
    return `${what} ${batch}: ${count(line.targets_per_s)} targets/s, val_loss ${line.val_loss?.toFixed(6)}${share}`;
  });
}

function sotu() {
  return lines('sotu.jsonl').map((line) => {
    if (line.compare) {
      return `${line.compare} against ${line.against}: mean size ${line.mean_abs} (<= ${line.limit_abs}), signed mean ${line.mean_signed}, ${line.ok === null ? 'not judged' : line.ok ? 'within' : 'BEYOND'}`;
    }
    if (line.repeat) return `${line.repeat} repeated: ${line.equal ? 'equal bits' : 'DIFFERENT'}`;
    if (line.ci) return `ci: exit ${line.code}, val_bpb ${line.val_bpb}`;
    return `${line.run}: exit ${line.code}, ${line.error ?? `val_bpb ${line.val_bpb}, ${count(line.targets_per_s)} targets/s`}`;
  });
}

const paragraph = (rows) => (rows.length > 0 ? ['', ...rows] : []);

const run = json('run.json');
const machine = json('machine.json');
const text = [
  `bpb on a GPU, commit ${run.commit}${run.dry_run ? ', DRY RUN: no value here means anything' : ''}`,
  machine === null ? 'no machine facts' : `${machine.date}, ${JSON.stringify(machine.gpu)}`,
  '',
  ...kernelTable(lines('kernel-lab.jsonl'), lines('peers.jsonl'))
    .filter((row) => !row.startsWith('| ---'))
    .map(narrow),
  ...paragraph(endToEnd()),
  ...paragraph(sotu()),
  ...paragraph(steps()),
];
console.log(text.flatMap(wrapped).join('\n'));
