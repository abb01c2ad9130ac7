/**
 * What a person wants to read of the results so far: steps, speeds, differences.
 *
 *   node scripts/gpu/summary.mjs RESULTS
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelTable } from '../../native/bench/table.mjs';
import { readLines } from './lines.mjs';

const [results] = process.argv.slice(2);
const json = (name) =>
  existsSync(join(results, name)) ? JSON.parse(readFileSync(join(results, name), 'utf8')) : null;
const lines = (name) => readLines(join(results, name));
const count = (number) => Math.round(number).toLocaleString('en-US');

function steps() {
  const all = readdirSync(join(results, 'steps')).map((name) => json(join('steps', name)));
  return all
    .sort((a, b) => (a.stage + a.began).localeCompare(b.stage + b.began))
    .map(({ stage, step, status, seconds, answer }) =>
      `${stage} ${step}: ${status}, ${seconds} s ${answer}`.trim(),
    );
}

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

const run = json('run.json');
const machine = json('machine.json');
const text = [
  `bpb on a GPU, commit ${run.commit}${run.dry_run ? ', DRY RUN: no value here means anything' : ''}`,
  machine === null ? 'no machine facts' : `${machine.date}, ${JSON.stringify(machine.gpu)}`,
  '',
  ...steps(),
  '',
  ...sotu(),
  '',
  ...endToEnd(),
  '',
  ...kernelTable(lines('kernel-lab.jsonl'), lines('peers.jsonl')),
];
console.log(text.join('\n'));
