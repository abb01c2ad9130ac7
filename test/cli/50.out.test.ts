/** `--out`, `--ledger` and `--force`: what is checked first, what a refused run leaves. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ScoreOptions, score, tokenize } from '#bpb/index';
import { bpb } from '../helpers/command.js';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture, seededTexts } from '../helpers/score-fixture.js';

let w: ScoreFixture;
const folder = fileFolder();
beforeAll(async () => {
  w = await scoreFixture({ texts: seededTexts(4), folder });
});

const options = (more: Partial<ScoreOptions>): ScoreOptions => ({
  artifact: w.model,
  tokenizer: 'byte260',
  docs: w.docs,
  window: 'chunk',
  seqLen: 32,
  tail: 'score',
  engine: 'onnx-js',
  verifyRows: 0,
  ...more,
});

/** A run that would be refused for its artifact, were the directory not looked at first. */
const nowhere = (more: Partial<ScoreOptions>) =>
  refusalOf(() => score(options({ artifact: '/nowhere.onnx', ...more })));

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

describe('--out is checked before anything is loaded', () => {
  const RUN = ['journal.jsonl', 'documents.csv', 'result.json', 'targets.f32'];

  test.each(RUN)(
    'a file of another program, %s: refused with --force too, and left',
    async (name) => {
      const out = temporaryFolder();
      writeFileSync(join(out, name), 'mine');
      for (const force of [false, true]) {
        const error = await nowhere({ out, force });
        expect(error).toMatchObject({ code: 'BPB_OUT_IN_USE', exitCode: 2 });
      }
      expect(readFileSync(join(out, name), 'utf8')).toBe('mine');
      expect(readdirSync(out)).toEqual([name]);
    },
  );

  test('a link in place of a file of ours is not followed', async () => {
    const out = temporaryFolder();
    const target = join(temporaryFolder(), 'result.json');
    writeFileSync(target, '{\n  "schema": "bpb-result/1"\n}');
    symlinkSync(target, join(out, 'result.json'));
    const error = await nowhere({ out, force: true });
    expect(error).toMatchObject({ code: 'BPB_OUT_IN_USE', path: join(out, 'result.json') });
    expect(existsSync(target)).toBe(true);
  });

  test.each([
    ['a file', (at: string) => writeFileSync(join(at, 'x'), ''), 'x', /ENOTDIR/],
    ['a folder in a file', (at: string) => writeFileSync(join(at, 'x'), ''), 'x/y/z', /ENOTDIR/],
    ['a dangling link', (at: string) => symlinkSync('none', join(at, 'x')), 'x', /ENOENT/],
  ])('%s: exit 4', async (_, make, name, actual) => {
    const at = temporaryFolder();
    make(at);
    const error = await nowhere({ out: join(at, name) });
    expect(error).toMatchObject({ code: 'BPB_WRITE_FAILED', exitCode: 4 });
    expect(error.actual).toMatch(actual);
  });

  test
    .skipIf(!existsSync('/proc/self'))
    .each(['/proc/x', '/proc/x/y/z', '/proc/self/fdinfo', '/dev/null/x'])(
    '%s, where nothing can be made: exit 4, at once (needs /proc)',
    async (out) => {
      expect(await nowhere({ out })).toMatchObject({ code: 'BPB_WRITE_FAILED', exitCode: 4 });
      const tokens = { docs: '/nowhere', tokenizer: 'byte260', out };
      expect(await refusalOf(() => tokenize(tokens))).toMatchObject({ code: 'BPB_WRITE_FAILED' });
    },
  );

  test.skipIf(process.getuid?.() === 0)('no permission: exit 4 (root has it)', async () => {
    const out = temporaryFolder();
    chmodSync(out, 0o500);
    expect(await nowhere({ out })).toMatchObject({ code: 'BPB_WRITE_FAILED' });
  });

  test('--force without --out: exit 2', async () => {
    expect(await nowhere({ force: true })).toMatchObject({ code: 'BPB_USAGE_FORCE' });
  });
});

describe('--ledger is checked before anything is loaded', () => {
  test.each([
    ['a file', (at: string) => writeFileSync(join(at, 'l'), ''), 'l', 'BPB_LEDGER_EXISTS'],
    ['a dangling link', (at: string) => symlinkSync('no', join(at, 'l')), 'l', 'BPB_LEDGER_EXISTS'],
    ['a folder that is not there', () => {}, 'none/l', 'BPB_WRITE_FAILED'],
    [
      'a folder in a file',
      (at: string) => writeFileSync(join(at, 'x'), ''),
      'x/l',
      'BPB_WRITE_FAILED',
    ],
    ['the directory of --out', () => {}, 'out', 'BPB_USAGE_LEDGER'],
    ['a file of --out', () => {}, 'out/result.json', 'BPB_USAGE_LEDGER'],
    ['the same by another name', () => {}, 'out/../out/./targets.f32', 'BPB_USAGE_LEDGER'],
  ])('%s', async (_, make, name, code) => {
    const at = temporaryFolder();
    make(at);
    const error = await nowhere({ ledger: `${at}/${name}`, out: join(at, 'out') });
    expect(error.code).toBe(code);
    expect(existsSync(join(at, 'out'))).toBe(false);
  });

  test('may be beside the files of --out, in a directory that is made for both', async () => {
    const out = join(temporaryFolder(), 'a', 'b');
    await score(options({ out, ledger: join(out, 'run.ledger') }));
    expect(readdirSync(out).sort()).toEqual([
      'documents.csv',
      'journal.jsonl',
      'result.json',
      'run.ledger',
    ]);
  });
});

describe('a refused run', () => {
  test('leaves error.json, which the next run that succeeds removes', async () => {
    const out = join(temporaryFolder(), 'out');
    const line = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'chunk', '--out', out];
    const refused = await bpb('score', '/nowhere.onnx', ...line, '--seq-len', '32', '--json');
    expect(refused.code).toBe(3);
    expect(readdirSync(out)).toEqual(['error.json']);
    expect(json(out, 'error.json')).toEqual(JSON.parse(refused.stdout));
    expect(json(out, 'error.json')).toMatchObject({
      schema: 'bpb-error/1',
      error: { code: 'BPB_ARTIFACT_MISSING', exit: 3 },
    });
    await score(options({ out }));
    expect(readdirSync(out).sort()).toEqual(['documents.csv', 'journal.jsonl', 'result.json']);
  });

  test('for a directory in use leaves its files as they were', async () => {
    const out = join(temporaryFolder(), 'out');
    const { run } = await score(options({ out, saveTargets: true }));
    const again = await refusalOf(() => score(options({ out })));
    expect(again).toMatchObject({ code: 'BPB_OUT_IN_USE', exitCode: 2 });
    expect(again.hint).toMatch(/--force/);
    expect(existsSync(join(out, 'error.json'))).toBe(false);
    expect(json(out, 'result.json').run.sha256).toBe(run.sha256);
  });

  test('of tokenize and audit leaves one too', async () => {
    const out = temporaryFolder();
    const wrong = { docs: '/nowhere.jsonl', tokenizer: 'byte260', out };
    await refusalOf(() => tokenize(wrong));
    expect(readdirSync(out)).toEqual(['error.json']);
    await tokenize({ ...wrong, docs: w.docs });
    expect(readdirSync(out).sort()).toEqual(['fineweb_val_000000.bin', 'tokenize-val.json']);
    const audited = temporaryFolder();
    const { code } = await bpb('audit', '/nowhere.model', '--out', audited);
    expect(code).toBe(3);
    expect(readdirSync(audited)).toEqual(['error.json']);
  });
});

describe('--force', () => {
  test('replaces the files of an earlier run, and no others', async () => {
    const out = join(temporaryFolder(), 'out');
    const first = await score(options({ out, saveTargets: true }));
    writeFileSync(join(out, 'notes.txt'), 'mine');
    mkdirSync(join(out, 'plots'));
    const second = await score(options({ out, force: true }));
    expect(second.run.sha256).not.toBe(first.run.sha256);
    expect(json(out, 'result.json').run.sha256).toBe(second.run.sha256);
    expect(readdirSync(out).sort()).toEqual([
      'documents.csv',
      'journal.jsonl',
      'notes.txt',
      'plots',
      'result.json',
    ]);
  });

  test('on a new directory changes nothing', async () => {
    const out = join(temporaryFolder(), 'out');
    await score(options({ out, force: true }));
    expect(existsSync(join(out, 'result.json'))).toBe(true);
  });
});
