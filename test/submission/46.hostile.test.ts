/** Scripts that ask for more than they may have: every audit ends, within counted steps and memory. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { Sum } from '#bpb/submission/python/sums';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSource, auditSourceText } from '#bpb/submission/source/audit';

const CORPUS = fileURLToPath(new URL('corpus/', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'bpb-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Comes to a score, so that it is run on every set and by every rank. */
const SCORES = `
import math, glob, os, numpy as np, torch, torch.nn.functional as F
t = torch.from_numpy(np.fromfile(sorted(glob.glob("data/fineweb_val_*.bin"))[0], "<u2", offset=1024).astype("i8"))
most = int(os.environ.get("MOST", "3000000"))
t = t[:most]
y = t[1:]
losses = F.cross_entropy(model(t[:-1]), y, reduction="none")
S = losses.sum().item()
print(f"val_bpb: {S / math.log(2) / len(y)}")
`;

const audited = (text: string) => auditSourceText(text, 'train.py', simulate);

describe('sums', () => {
  test('added to themselves, again and again, have the terms that they would have', () => {
    const first = new Sum('loss', new Map([[3, 1]]), 0).plus(new Sum('loss', new Map([[5, 2]]), 0));
    let sum = first;
    for (let i = 0; i < 100; i++) sum = sum.plus(sum);
    expect(sum.terms).toEqual(
      new Map([
        [3, 2 ** 100],
        [5, 2 ** 101],
      ]),
    );
  });

  test('keep no more parts than are added up at once', () => {
    let sum = new Sum('loss', new Map([[1, 1]]), 0);
    for (let i = 2; i < 3000; i++) sum = sum.plus(new Sum('loss', new Map([[i, 1]]), 0));
    for (let i = 0; i < 100_000; i++) sum = sum.scaled(-1);
    expect(sum.weight).toBeLessThanOrEqual(16_384);
    expect(sum.terms.size).toBe(2999);
  });
});

describe('what is paid for', () => {
  test.each(['min_sliding.py', 'sidecar_patterns.py'])(
    'numbers of a model are not: %s',
    async (name) => {
      const { parts } = await auditSource(join(CORPUS, 'right', name), simulate);
      expect(parts.map(({ verdict }) => verdict)).not.toContain('not_judged');
    },
  );
});

describe('limits', () => {
  const checks = async (text: string) => (await audited(text)).findings.map(({ check }) => check);

  test('count where the run came to its end', async () => {
    expect(await checks(SCORES)).toContain('truncated-set');
  });
  test('count for nothing where the steps were spent before', async () => {
    expect(await checks(`${SCORES}while True: pass\n`)).not.toContain('truncated-set');
  });
});

test('a failure of the simulation costs no finding of the text', async () => {
  const text = 'import math\nval_bpb = val_loss / math.log(2) / 2.436\n';
  const plain = await auditSourceText(text, 'train.py');
  const failed = await auditSourceText(text, 'train.py', (program) =>
    simulate({ ...program, entries: [null as never] }),
  );
  expect(plain.findings.length).toBeGreaterThan(0);
  expect(failed.findings).toEqual(plain.findings);
  const [table] = failed.parts;
  expect(table!.verdict).toBe('not_judged');
  expect(table!.reason).toMatch(/BPB_BUG: TypeError.*BPB_DEBUG=1/);
});

test('what would be called alone with steps that are spent says nothing', async () => {
  const { parts } = await audited(`
def eval_val(tokens):
  losses = F.cross_entropy(model(tokens[:-1]), tokens[1:])
  return losses / bytes_of(tokens)
while True: pass
`);
  for (const { reason } of parts)
    expect(reason).toMatch(/^not followed .* the steps of the run are spent$/);
});

/** More than a call takes arguments; the number is 1 where all of them were followed. */
test.each([
  ['d = collections.deque(range(200_000))\nd.rotate(150_000)', 'd[0] - 49_999'],
  ['u = torch.cat([torch.ones(1)] * 130_000)', 'len(u) / 130_000'],
  ['u = max(*range(130_000))', 'u / 129_999'],
  ['c = collections.Counter([1] * 200_000).copy()', 'c[1] / 200_000'],
])('large collections are followed: %s', async (text, one) => {
  const [before, after] = SCORES.split('{S / ');
  const scored = `import collections${before!.replace('print(', `${text}\nprint(`)}{(${one}) * S / ${after}`;
  const verdicts = async (script: string) =>
    (await audited(script)).parts.map(({ verdict }) => verdict);
  expect(await verdicts(scored)).toEqual(await verdicts(SCORES));
});

test('numbers of a model cost nothing until they are used', async () => {
  const weights = 'kept = [torch.zeros(2**17) for _ in range(300)]\n';
  const { findings } = await audited(`import torch\n${weights}${SCORES}`);
  expect(findings.map(({ check }) => check)).toContain('truncated-set');
});

/** The budget is one for all runs: on every set, by every rank, of every script of a folder. */
const HOSTILE: Readonly<Record<string, string>> = {
  'a sum of itself': 'u = S\nwhile True: u = u + u',
  'a scaled sum': 'u = S\nwhile True: u = u * 1.5',
  'lists without an end': 'l = []\nwhile True: l.append([])',
  'a growing set': 's = set()\ni = 0\nwhile True:\n  s.add((i, i))\n  i += 1',
  'arrays without an end': 'l = []\nwhile True: l.append(torch.zeros(2**18))',
  'an array filled with what is not known': 'u = torch.zeros(100000)\nwhile True: u[5:] = model(3)',
  'arrays without an end that are filled':
    'l = []\nwhile True:\n  l.append(torch.zeros(2**18))\n  l[-1][0] = 1',
  'calls of a model without an end': 'while True: u = model(t)',
  'counts without an end': 'while True: u = torch.bincount(y)',
  'a count of large numbers': 'u = torch.bincount(y * 2**22)\nwhile True: pass',
};

describe('the command', () => {
  test.each(Object.entries(HOSTILE))(
    'ends in a small heap: %s',
    (name, text) => {
      const path = join(folder, `${name.replaceAll(' ', '_')}.py`);
      writeFileSync(path, `${SCORES}${text}\n`);
      const args = ['--max-old-space-size=400', CLI, 'audit', '--source', path, '--json'];
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      // A heap that is exhausted ends the process by a signal.
      expect(status).toBeLessThanOrEqual(3);
      expect(JSON.parse(stdout).source.parts).toHaveLength(5);
    },
    60_000,
  );
});
