import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { errorLines } from '#bpb/report/error';
import { temporaryFolder } from '../helpers/folder.js';
import {
  appended,
  archived,
  DEVICE,
  documents,
  figures,
  goodResults,
  part,
  run,
  step,
  without,
  writeResults,
} from './results.js';

const { figures: made } = await part('figures');
const { replaceBlocks } = await part('markers');
const { readResults } = await part('results');

/** A refusal as a reader sees it: where, what, and what was found. */
function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BpbError) return errorLines(error);
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('refused, with the file’s name and nothing written', () => {
  const good = goodResults();
  const lab = good['kernel-lab.jsonl'];
  const cases: [string, Record<string, string>, string[]][] = [
    [
      'a dry run',
      { ...good, 'run.json': good['run.json']!.replace('false', 'true') },
      ['run.json', 'dry run'],
    ],
    [
      'a step of a dry run',
      { ...good, 'steps/ci.json': JSON.stringify(step('ci', 'ok', { dry_run: true })) },
      ['run.json', 'dry run'],
    ],
    [
      'values not judged',
      { ...good, 'steps/ci.json': JSON.stringify(step('ci', 'values not judged')) },
      ['steps/ci.json', 'not judged'],
    ],
    ['no run.json', without(good, 'run.json'), ['run.json', 'not there']],
    [
      'another schema',
      { ...good, 'run.json': good['run.json']!.replace('results/1', 'results/2') },
      ['run.json', 'schema'],
    ],
    [
      'NaN',
      { ...good, 'kernel-lab.jsonl': lab!.replace('0.98', 'NaN') },
      ['kernel-lab.jsonl:3', 'not JSON'],
    ],
    [
      'a null where a figure must be',
      { ...good, 'kernel-lab.jsonl': lab!.replace('2900', 'null') },
      ['kernel-lab.jsonl:3', 'gbs'],
    ],
    [
      'a number as text',
      { ...good, 'kernel-lab.jsonl': lab!.replace('2960', '"2960"') },
      ['kernel-lab.jsonl:2', 'copy_gbs'],
    ],
    [
      'a speed of nothing',
      appended('end-to-end.jsonl', run({ targets_per_s: 0 })),
      ['end-to-end.jsonl:7', 'targets_per_s'],
    ],
    [
      'an infinite speed',
      { ...good, 'end-to-end.jsonl': good['end-to-end.jsonl']!.replace('5000000', '1e999') },
      ['end-to-end.jsonl:2', 'targets_per_s'],
    ],
    [
      'a negative time',
      { ...good, 'steps/ci.json': JSON.stringify(step('ci', 'ok', { seconds: -1 })) },
      ['steps/ci.json', 'seconds'],
    ],
    [
      'an unknown status',
      { ...good, 'steps/ci.json': JSON.stringify(step('ci', 'fine')) },
      ['steps/ci.json', 'status'],
    ],
    [
      'a step of another name',
      { ...good, 'steps/ci.json': JSON.stringify(step('sessions')) },
      ['steps/ci.json', 'is of sessions'],
    ],
    [
      'a line torn in the middle',
      { ...good, 'sotu.jsonl': `{"run":"fp\n${good['sotu.jsonl']}` },
      ['sotu.jsonl:1', 'not JSON'],
    ],
    [
      'a share beyond 1',
      appended('end-to-end.jsonl', run({ scorer_share: 40 })),
      ['end-to-end.jsonl:7', 'scorer_share'],
    ],
    [
      'another device than the machine’s',
      { ...good, 'kernel-lab.jsonl': lab!.replace(DEVICE, 'NVIDIA A100') },
      ['kernel-lab.jsonl', 'found NVIDIA A100'],
    ],
    [
      'a profile that is none',
      { ...good, 'ncu-a-fp16.csv': 'x\n', 'ncu-a-fp16.json': '{}' },
      ['ncu-a-fp16.json', 'shape'],
    ],
    [
      'a profile without its command',
      { ...good, 'ncu-a-fp16.csv': 'x\n' },
      ['ncu-a-fp16.csv', 'without'],
    ],
  ];

  test.each(cases)('%s', (_, files, words) => {
    const out = writeResults(files);
    const refusal = refusalOf(() => readResults(out));
    for (const word of words) expect(refusal).toContain(word);
  });

  test('by the command too, with exit code 3 and nothing written', () => {
    const { folder, read } = documents();
    const before = read('gpu.md');
    const [, files, words] = cases[0]!;
    const ran = figures(writeResults(files), '--docs', folder);
    expect(ran.status).toBe(3);
    for (const word of words) expect(ran.stderr).toContain(word);
    expect(ran.stdout).toBe('');
    expect(read('gpu.md')).toBe(before);
  });

  test('an archive that is none, a link in place of a file, an empty folder', () => {
    const broken = temporaryFolder();
    writeFileSync(join(broken, 'results.tar.gz'), 'not an archive');
    expect(refusalOf(() => readResults(broken))).toContain('not an archive with a folder results/');
    const linked = writeResults(without(goodResults(), 'adaptive.jsonl'));
    symlinkSync('/etc/passwd', join(linked, 'results', 'adaptive.jsonl'));
    expect(refusalOf(() => readResults(linked))).toContain('a link, folder or device');
    const empty = temporaryFolder();
    expect(refusalOf(() => readResults(empty))).toContain('give OUT of scripts/gpu-check.sh');
  });

  test.each([
    ['no end', '<!-- figures:machine -->\n\ntext\n', 'has no end'],
    ['no beginning', 'text\n<!-- /figures -->\n', 'an end without a beginning'],
    [
      'twice',
      '<!-- figures:long -->\n<!-- /figures -->\n<!-- figures:long -->\n<!-- /figures -->\n',
      'is there twice',
    ],
    [
      'one in another',
      '<!-- figures:long -->\n<!-- figures:sotu -->\n<!-- /figures -->\n',
      'has no end before',
    ],
    ['not alone', 'see <!-- figures:long -->\n<!-- /figures -->\n', 'not alone on its line'],
  ])('a marker with %s', (_, text, sentence) => {
    const refusal = refusalOf(() => replaceBlocks(text, made(null).contents, 'roofline.md'));
    expect(refusal).toContain('roofline.md:');
    expect(refusal).toContain(sentence);
  });

  test('a dry run before anything else in it, by the name of the archive', () => {
    const files: Record<string, string> = {
      ...good,
      'kernel-lab.jsonl': lab!.replace('1755', '0'),
    };
    expect(refusalOf(() => readResults(archived(files)))).toContain(
      'results.tar.gz/results/kernel-lab.jsonl:2: sm_mhz',
    );
    files['run.json'] = good['run.json']!.replace('false', 'true');
    expect(refusalOf(() => readResults(archived(files)))).toContain('results of a dry run');
  });

  test('one document with a wrong marker leaves the others alone', () => {
    const { folder, read } = documents();
    writeFileSync(join(folder, 'roofline.md'), '<!-- figures:roofline -->\n');
    const before = read('gpu.md');
    expect(figures(writeResults(goodResults()), '--docs', folder).status).toBe(3);
    expect(read('gpu.md')).toBe(before);
  });

  test('wrong usage', () => {
    for (const args of [[], ['--unmeasured', 'a'], ['--bad']]) {
      const ran = figures(...args);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toContain('usage: node scripts/gpu-figures.mjs OUT');
    }
  });
});
