/**
 * Inputs of a claim: each has its own answer, folders are searched, copies count once, nothing is waited for.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ClaimReport, claim } from '#bpb/submission/claim';
import { temporaryFolder } from '../helpers/folder.js';

const bpbOf = (loss: number) => (loss / Math.LN2 / 2.43593).toFixed(8);
const logOf = (loss: number) =>
  `tokenizer_path=fineweb_1024_bpe.model\nfinal_exact val_loss:${loss.toFixed(8)} val_bpb:${bpbOf(loss)}\n`;
const RIGHT = logOf(2.0);

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return (name) => join(folder, name);
}

async function answers(...logs: string[]): Promise<(string | undefined)[][]> {
  const { inputs } = (await claim({ logs })) as Extract<ClaimReport, { inputs: unknown }>;
  return inputs.map(({ path, verdict, error }) => [path, verdict, error?.code]);
}

describe('a bad input never costs the others', () => {
  test('each kind of bad input has an entry with its error', async () => {
    const at = folderOf({
      'a.log': RIGHT,
      'none.log': 'step:1 train_loss:3\n',
      'binary.log': new Uint8Array([0, 255, 254, 7, 0, 1, 2, 3]),
      'empty.log': '',
      'broken.json': '{"val_loss": 2.0,',
      'other.json': '{"a": 1}',
      'z.log': logOf(2.1),
    });
    mkdirSync(at('folder'));
    const bad = [
      ['none.log', 'BPB_LOG_NO_SCORE'],
      ['binary.log', 'BPB_LOG_NO_SCORE'],
      ['empty.log', 'BPB_LOG_NO_SCORE'],
      ['broken.json', 'BPB_CLAIM_JSON'],
      ['other.json', 'BPB_CLAIM_JSON_SCORE'],
      ['nowhere.log', 'BPB_LOG_MISSING'],
      ['folder', 'BPB_CLAIM_FOLDER_EMPTY'],
    ] as const;
    const names = [at('a.log'), ...bad.map(([name]) => at(name)), at('z.log')];
    expect(await answers(...names)).toEqual([
      [at('a.log'), 'pass', undefined],
      ...bad.map(([name, code]) => [at(name), 'not_judged', code]),
      [at('z.log'), 'pass', undefined],
    ]);
  });

  test('a failing log decides over one that cannot be judged, which decides over a good one', async () => {
    const wrong = `tokenizer_path=fineweb_1024_bpe.model\nfinal val_loss:2.00000000 val_bpb:${(2 / Math.LN2 / (2.43593 * 1.17)).toFixed(8)}\n`;
    const at = folderOf({ 'a.log': RIGHT, 'b.log': wrong });
    const verdictOf = async (...logs: string[]) => (await claim({ logs })).verdict;
    expect(await verdictOf(at('a.log'), at('no.log'))).toBe('not_judged');
    expect(await verdictOf(at('a.log'), at('no.log'), at('b.log'))).toBe('fail');
    expect(await verdictOf(at('a.log'))).toBe('pass');
  });

  test('nothing known explains it: not judged, alone or among others', async () => {
    const pair = { valLoss: '2.00000000', valBpb: '1.10000000', family: 'sp1024' };
    expect(await claim(pair)).toMatchObject({
      verdict: 'not_judged',
      claim: { verdict: 'unknown' },
    });
    const blunt = await claim({ valLoss: 2, valBpb: 1 });
    expect(blunt).toMatchObject({ verdict: 'not_judged', claim: { verdict: 'ambiguous' } });
  });

  test('the only input that cannot be read is the error of the call', async () => {
    await expect(claim({ logs: ['/no/such.log'] })).rejects.toMatchObject({
      code: 'BPB_LOG_MISSING',
      path: '/no/such.log',
    });
  });
});

describe('what is no plain file is refused, not waited for', () => {
  test.skipIf(process.platform === 'win32')('a FIFO, a device, a huge sparse file', async () => {
    const at = folderOf({ 'a.log': RIGHT, 'sparse.log': '' });
    execFileSync('mkfifo', [at('fifo.log')]);
    truncateSync(at('sparse.log'), 10 * 2 ** 30);
    expect(await answers(at('fifo.log'), '/dev/zero', at('sparse.log'), at('a.log'))).toEqual([
      [at('fifo.log'), 'not_judged', 'BPB_LOG_MISSING'],
      ['/dev/zero', 'not_judged', 'BPB_LOG_MISSING'],
      [at('sparse.log'), 'not_judged', 'BPB_LOG_TOO_LARGE'],
      [at('a.log'), 'pass', undefined],
    ]);
  });

  test('a folder with a FIFO, a link to itself and a broken link is searched to its end', async () => {
    const at = folderOf({ 'a/train.log': RIGHT });
    execFileSync('mkfifo', [at('a/fifo.log')]);
    symlinkSync('..', at('a/up'));
    symlinkSync('nowhere', at('a/broken.log'));
    symlinkSync('train.log', at('a/linked.log'));
    expect(await answers(at('a'))).toEqual([
      [at('a/linked.log'), 'pass', undefined],
      [at('a/train.log'), 'pass', undefined],
    ]);
  });
});

test('a log with more finals than runs can have, and standard input twice, are refused', async () => {
  const at = folderOf({ 'a.log': RIGHT.split('\n')[1]!.concat('\n').repeat(2001) });
  await expect(claim({ logs: [at('a.log')] })).rejects.toMatchObject({ code: 'BPB_LOG_TOO_LARGE' });
  await expect(claim({ logs: ['-', '-'] })).rejects.toMatchObject({ code: 'BPB_USAGE_CLAIM' });
});

describe('folders', () => {
  test('are searched to any depth, by name; what has no score is skipped, but for a log', async () => {
    const at = folderOf({
      'b/train.txt': logOf(2.2),
      'a/logs/train0.log': RIGHT,
      'a/requirements.txt': 'torch\n',
      'a/submission.json': JSON.stringify({ val_loss: 2, val_bpb: Number(bpbOf(2)) }),
      'a/train_gpt.py': RIGHT,
      'c/broken.log': 'Traceback (most recent call last)\n',
    });
    expect(await answers(at('.'))).toEqual([
      [at('a/logs/train0.log'), 'pass', undefined],
      [at('a/requirements.txt'), 'skipped', 'BPB_LOG_NO_SCORE'],
      [at('a/submission.json'), 'pass', undefined],
      [at('b/train.txt'), 'pass', undefined],
      [at('c/broken.log'), 'not_judged', 'BPB_LOG_NO_SCORE'],
    ]);
  });

  test('a folder in which all is skipped is not judged', async () => {
    const at = folderOf({ 'a.txt': 'torch\n', 'b.txt': 'numpy\n' });
    expect((await claim({ logs: [at('.')] })).verdict).toBe('not_judged');
  });
});

describe('equal logs', () => {
  const mean = async (...logs: string[]) => {
    const { means, inputs } = (await claim({ logs })) as Extract<ClaimReport, { inputs: unknown }>;
    return { means, same: inputs.map(({ sameAs }) => sameAs) };
  };

  test('are named, also under other line ends, and count once in the mean', async () => {
    const at = folderOf({
      'a.log': logOf(2.0),
      'b.log': logOf(2.2),
      'copy.log': logOf(2.0),
      'windows.log': `${logOf(2.0).replaceAll('\n', '\r\n')}\r\n`,
    });
    const { means, same } = await mean(at('.'));
    expect(same).toEqual([null, null, at('a.log'), at('a.log')]);
    expect(means).toMatchObject([{ scores: 2, logs: [at('a.log'), at('b.log')] }]);
    expect(means[0]!.valLoss.mean).toBeCloseTo(2.1, 12);
    expect(means[0]!.valLoss.deviation).toBeCloseTo(Math.sqrt(0.02), 12);
  });

  test('a log that was changed by a byte has the same score, which counts once', async () => {
    const at = folderOf({
      'a.log': logOf(2.0),
      'b.log': logOf(2.2),
      'changed.log': `${logOf(2.0)}done\n`,
    });
    const { means, same } = await mean(at('.'));
    expect(same).toEqual([null, null, null]);
    expect(means).toMatchObject([{ scores: 2, repeated: 1, logs: [at('a.log'), at('b.log')] }]);
    expect(means[0]!.valLoss.mean).toBeCloseTo(2.1, 12);
  });

  test('few digits may be those of two runs', async () => {
    const text = 'final val_loss:2.0723 val_bpb:1.2274\n';
    const at = folderOf({ 'a.log': text, 'b.log': `${text}done\n` });
    expect((await mean(at('.'))).means).toMatchObject([{ scores: 2, repeated: 0 }]);
  });

  test('a copy in another folder counts in the mean of that folder', async () => {
    const at = folderOf({
      'x/a.log': logOf(2.0),
      'x/b.log': logOf(2.2),
      'y/a.log': logOf(2.0),
      'y/c.log': logOf(2.4),
    });
    const { means } = await mean(at('.'));
    expect(means.map(({ valLoss }) => valLoss.mean)).toEqual(
      [2.1, 2.2].map((x) => expect.closeTo(x, 12)),
    );
  });
});

test('what a caller states stands in where a log does not say it', async () => {
  const at = folderOf({ 'a.log': RIGHT.split('\n')[1]! });
  const report = await claim({ logs: [at('a.log')], family: 'sp1024', tokens: 62_021_632 });
  expect(report.logs?.[0]?.headline.claim).toMatchObject({ family: 'sp1024', tokens: 62_021_632 });
  await expect(claim({ logs: [at('a.log')], family: 'gpt2' })).rejects.toMatchObject({
    code: 'BPB_CLAIM_FAMILY',
  });
  await expect(claim({ logs: [at('a.log')], tokens: -1 })).rejects.toMatchObject({
    code: 'BPB_CLAIM_TOKENS',
  });
});
