/** What all commands share: where results and errors go, and the exit code. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { asksForJson, reportTarget } from '#bpb/cli/reports';
import { flagOf } from '#bpb/option-check';
import { bpb, bpbIn, preload } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CLAIM = ['claim', '--val-loss', '2.07234577', '--val-bpb', '1.22735990'];

/** Runs `bpb` with `stdout` in place of a pipe that is read to its end. */
function withStdout(args: readonly string[], stdout: number | 'closed' | 'first chunk') {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', 'pipe'],
  });
  if (stdout === 'closed') child.stdout!.destroy();
  else child.stdout?.once('data', () => child.stdout!.destroy());
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<{ code: number | null; stderr: string }>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stderr }));
  });
}

describe('the command line', () => {
  test('nothing at all: exit 2, the help on stderr', async () => {
    const { code, stdout, stderr } = await bpb();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/Usage: bpb .*Exit codes/s);
  });

  test('help that is asked for: exit 0, on stdout', async () => {
    const { code, stdout, stderr } = await bpb('help', 'claim');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/--report <name\[=file\]>/);
  });

  test.each([
    ['a flag without its value', ['claim', '--val-loss'], /--val-loss/],
    ['an unknown reporter', ['claim', '--report', 'html'], /--report.*text, json, markdown/],
    ['a reporter without its file', ['claim', '--report', 'json='], /--report/],
  ])('%s: exit 2', async (_, args, message) => {
    const { code, stdout, stderr } = await bpb(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('two formats on stdout: exit 2, one JSON document', async () => {
    const { code, stdout, stderr } = await bpb('doctor', '--json', '--report', 'markdown');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'bpb-error/1',
      error: { code: 'BPB_USAGE_REPORT', hint: '--report markdown=FILE', exit: 2 },
    });
  });

  test.each([
    [['--json'], true],
    [['claim', '--report=json'], true],
    [['claim', '--report', 'json'], true],
    [['claim', '--report', 'json=FILE'], false],
    [['claim', '--', '--json'], false],
    [[], false],
  ])('%j: errors as JSON is %j', (line, json) => {
    expect(asksForJson(line)).toBe(json);
  });

  test('names of flags', () => {
    expect(flagOf('limitDocs')).toBe('--limit-docs');
    expect(flagOf('json')).toBe('--json');
  });

  test('a file name may hold an equals sign', () => {
    const [one, two] = reportTarget('markdown=a=b', reportTarget('text'));
    expect(one).toMatchObject({ reporter: { name: 'text' }, file: null });
    expect(two).toMatchObject({ reporter: { name: 'markdown' }, file: 'a=b' });
  });
});

describe('a stdout that takes no result: exit 4, never 0', () => {
  const full = existsSync('/dev/full');
  test.skipIf(!full).each([
    ['text', CLAIM],
    ['json', [...CLAIM, '--json']],
    ['markdown', [...CLAIM, '--report', 'markdown']],
    ['help', ['claim', '--help']],
    ['version', ['--version']],
  ])('a full disk, %s (needs /dev/full)', async (_, args) => {
    const { code, stderr } = await withStdout(args, openSync('/dev/full', 'w'));
    expect(code).toBe(4);
    expect(stderr).toMatch(/stdout.*ENOSPC.*BPB_WRITE_FAILED, exit 4/s);
  });

  test('a reader that has gone before the first byte', async () => {
    const { code, stderr } = await withStdout(CLAIM, 'closed');
    expect(code).toBe(4);
    expect(stderr).toMatch(/the reader closed the pipe \(EPIPE\)/);
  });

  test('a reader that goes in the middle of more than a pipe holds', async () => {
    const log = join(temporaryFolder(), 'train.log');
    writeFileSync(log, 'final_int8_zlib_roundtrip_exact val_loss:2.07 val_bpb:1.22\n');
    const logs = Array.from({ length: 60 }, () => log);
    const whole = await bpb('claim', ...logs, '--json');
    expect(whole.stdout.length).toBeGreaterThan(4 * 2 ** 16);
    const { code, stderr } = await withStdout(['claim', ...logs, '--json'], 'first chunk');
    expect(code).toBe(4);
    expect(stderr).toMatch(/EPIPE/);
  });

  test('an error keeps its own exit code, and is on stderr', async () => {
    const { code, stderr } = await withStdout(['claim', '/nowhere.log', '--json'], 'closed');
    expect(code).toBe(3);
    expect(stderr).toMatch(/BPB_LOG_MISSING, exit 3/);
  });
});

describe('report files', () => {
  test('beside the text: JSON and Markdown, in place of an earlier report', async () => {
    const folder = temporaryFolder();
    const [json, markdown] = [join(folder, 'claim.json'), join(folder, 'claim.md')];
    writeFileSync(json, 'earlier '.repeat(10_000));
    const files = ['--report', `json=${json}`, '--report', `markdown=${markdown}`];
    const { code, stdout } = await bpb(...CLAIM, ...files);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\s*fits /);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ schema: 'bpb-claim/1' });
    expect(readFileSync(markdown, 'utf8')).toMatch(/^### \*\*fits\*\* .*\n\n\|.*\|\n$/s);
  });

  test('hold the error where there is no result', async () => {
    const file = join(temporaryFolder(), 'error.json');
    const { code, stderr } = await bpb('claim', '/nowhere.log', '--report', `json=${file}`);
    expect(code).toBe(3);
    expect(stderr).toMatch(/BPB_LOG_MISSING/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ error: { exit: 3 } });
  });

  test.each([
    ['two reports', 'a.txt', '../a.txt'],
    ['two names of one file', 'a.txt', 'link'],
  ])('%s in one file: exit 2, and the file holds the error', async (_, one, other) => {
    const folder = temporaryFolder();
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    symlinkSync('../a.txt', join(inside, 'link'));
    writeFileSync(join(folder, one), 'earlier '.repeat(1000));
    const second = join(inside, other);
    const files = ['--report', `json=${join(folder, one)}`, '--report', `markdown=${second}`];
    const { code, stdout, stderr } = await bpb(...CLAIM, ...files);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/BPB_USAGE_REPORT, exit 2/);
    const held = JSON.parse(readFileSync(join(folder, one), 'utf8'));
    expect(held).toMatchObject({ error: { code: 'BPB_USAGE_REPORT', path: second } });
  });

  test('the file that stdout goes to: exit 2', async () => {
    const file = join(temporaryFolder(), 'out.txt');
    const line = [...CLAIM, '--report', `json=${file}`];
    const { code, stderr } = await withStdout(line, openSync(file, 'w'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/BPB_USAGE_REPORT/);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  test('a file before one that cannot be opened holds the error', async () => {
    const folder = temporaryFolder();
    const good = join(folder, 'good.json');
    writeFileSync(good, 'earlier '.repeat(1000));
    const files = ['--report', `json=${good}`, '--report', `text=${join(folder, 'none', 'x')}`];
    expect((await bpb(...CLAIM, ...files)).code).toBe(4);
    expect(JSON.parse(readFileSync(good, 'utf8'))).toMatchObject({
      error: { code: 'BPB_WRITE_FAILED' },
    });
  });

  test('a folder that is not there: exit 4 before anything runs', async () => {
    const file = join(temporaryFolder(), 'none', 'claim.json');
    const { code, stdout } = await bpb(
      'claim',
      '/nowhere.log',
      '--json',
      '--report',
      `json=${file}`,
    );
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BPB_WRITE_FAILED', path: file } });
  });

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk: exit 4, the result is on stdout all the same',
    async () => {
      const { code, stdout, stderr } = await bpb(...CLAIM, '--json', '--report', 'text=/dev/full');
      expect(code).toBe(4);
      expect(JSON.parse(stdout)).toMatchObject({ schema: 'bpb-claim/1' });
      expect(stderr).toMatch(/\/dev\/full: the report cannot be written/);
    },
  );
});

test('Markdown on stdout: an error is there too, and on stderr for whoever reads the log', async () => {
  const { code, stdout, stderr } = await bpb('claim', '/nowhere.log', '--report', 'markdown');
  expect(code).toBe(3);
  expect(stdout).toMatch(/^### Error: /);
  expect(stderr).toMatch(/BPB_LOG_MISSING, exit 3/);
});

test('what nobody catches is a bug of ours: exit 70', async () => {
  const env = preload(`process.on('newListener', (event) => {
    if (event === 'uncaughtException') setImmediate(() => { throw new Error('boom'); });
  });`);
  const { code, stderr } = await bpbIn(env, CLAIM);
  expect(code).toBe(70);
  expect(stderr).toMatch(/boom[\s\S]*BPB_BUG, exit 70/);
});
