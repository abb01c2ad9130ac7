/**
 * Summaries: each seed judged, means and deviations computed again, and compared with the logs beside them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ClaimReport, claim } from '#bpb/submission/claim';
import { temporaryFolder } from '../helpers/folder.js';

type Inputs = Extract<ClaimReport, { inputs: unknown }>;

const bpbOf = (loss: number) => Number((loss / Math.LN2 / 2.43593).toFixed(8));
const pair = (loss: number) => ({ val_loss: loss, val_bpb: bpbOf(loss) });
const logOf = (loss: number) =>
  `tokenizer_path=fineweb_1024_bpe.model\nfinal_exact val_loss:${loss.toFixed(8)} val_bpb:${bpbOf(loss).toFixed(8)}\n`;

const LOSSES = { '42': 2.01234567, '7': 2.02345678, '1337': 2.03456781 };
const SEEDS = Object.fromEntries(Object.entries(LOSSES).map(([seed, loss]) => [seed, pair(loss)]));
const values = Object.values(LOSSES);
const mean = values.reduce((sum, loss) => sum + loss, 0) / 3;
const deviation = Math.sqrt(values.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 2);

async function judged(summary: unknown, logs: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'submission.json'), JSON.stringify(summary));
  for (const [name, text] of Object.entries(logs)) writeFileSync(join(folder, name), text);
  const report = (await claim({ logs: [join(folder, 'submission.json')] })) as Inputs;
  return report.summaries[0]!;
}

const checks = ({ findings }: Inputs['summaries'][number]) =>
  findings.map(({ check, severity }) => `${check} ${severity}`);

describe('seeds', () => {
  test('each is judged, and the mean and the deviation are computed again', async () => {
    const right = { ...pair(Number(mean.toFixed(8))), val_loss_std: deviation.toFixed(5) };
    const found = await judged({ ...right, seed_results: SEEDS });
    expect(found.scores.map(({ name, role, claim: c }) => [name, role, c?.verdict])).toEqual([
      ['score', 'headline', 'fits'],
      ['seed 7', 'seed', 'fits'],
      ['seed 42', 'seed', 'fits'],
      ['seed 1337', 'seed', 'fits'],
    ]);
    expect(found.means[0]).toMatchObject({ figure: 'val_loss', seeds: 3 });
    expect(found.means[0]!.mean).toBeCloseTo(mean, 12);
    expect(found.means[0]!.deviation).toBeCloseTo(deviation, 12);
    expect(checks(found)).toEqual([]);
    expect(found.verdict).toBe('pass');
  });

  test.each([
    ['an object by seed', { seed_results: SEEDS }],
    [
      'an array',
      { seeds: Object.entries(SEEDS).map(([seed, p]) => ({ seed: Number(seed), ...p })) },
    ],
    ['lists', { seeds: [7, 42, 1337], val_loss: values, val_bpb: values.map(bpbOf) }],
    [
      'results under another name',
      {
        runs: Object.values(SEEDS).map((p) => ({
          post_ttt_val_loss: p.val_loss,
          post_ttt_val_bpb: p.val_bpb,
        })),
      },
    ],
  ])('as %s', async (_, summary) => {
    const found = await judged(summary);
    expect(found.scores.filter(({ role }) => role === 'seed').map((s) => s.claim?.verdict)).toEqual(
      ['fits', 'fits', 'fits'],
    );
  });

  test('a mean that is not theirs fails, also one that is off in the last digit but one', async () => {
    for (const wrong of [mean + 0.001, mean + 2e-7]) {
      const found = await judged({ ...pair(Number(wrong.toFixed(8))), seed_results: SEEDS });
      expect(checks(found)).toContain('mean fail');
      expect(found.verdict).toBe('fail');
    }
  });

  test('a mean that was rounded or cut off is theirs', async () => {
    for (const digits of [4, 5, 6]) {
      const unit = 10 ** -digits;
      for (const loss of [Number(mean.toFixed(digits)), Math.floor(mean / unit) * unit]) {
        const val_loss = Number(loss.toFixed(digits));
        const found = await judged({
          val_loss,
          val_bpb: Number(bpbOf(mean).toFixed(digits)),
          seed_results: SEEDS,
        });
        expect([digits, checks(found)]).toEqual([digits, []]);
      }
    }
  });

  test('the best seed in place of the mean is said, and so is a deviation that is not theirs', async () => {
    const found = await judged({ ...pair(LOSSES['42']), val_bpb_std: 0.5, seed_results: SEEDS });
    expect(checks(found)).toEqual(['best-seed warn', 'best-seed warn', 'deviation warn']);
  });

  test('one run under two seeds is said', async () => {
    const found = await judged({ seed_results: { '1': pair(2.01234567), '2': pair(2.01234567) } });
    expect(checks(found)).toEqual(['same-seed warn']);
  });

  test('a mean that nothing known explains is not judged, whatever its seeds are', async () => {
    const found = await judged({
      val_loss: 2.02345678,
      val_bpb: 1.10000003,
      seed_results: SEEDS,
      tokenizer: 'sp1024',
    });
    expect(found.scores[0]!.claim?.verdict).toBe('unknown');
    expect(found.verdict).not.toBe('pass');
  });

  test('a known mistake of one seed fails the summary', async () => {
    const wrong = { val_loss: 2.01234567, val_bpb: Number((bpbOf(2.01234567) / 1.17).toFixed(8)) };
    const found = await judged({ tokenizer: 'sp1024', seed_results: { ...SEEDS, '9': wrong } });
    expect(checks(found)).toEqual(['accounting fail']);
  });
});

describe('logs beside a summary', () => {
  const logs = Object.fromEntries(
    Object.entries(LOSSES).map(([seed, loss]) => [`train_seed${seed}.log`, logOf(loss)]),
  );

  test('print each seed: their lines are named', async () => {
    const found = await judged({ seed_results: SEEDS }, logs);
    expect(found.scores.map(({ log }) => log?.path.split('/').at(-1))).toEqual([
      'train_seed7.log',
      'train_seed42.log',
      'train_seed1337.log',
    ]);
    expect(found.family).toBe('sp1024');
    expect(checks(found)).toEqual([]);
  });

  test('a seed whose log prints another score is said, though another log prints it', async () => {
    const swapped = { ...SEEDS, '42': SEEDS['7'], '7': SEEDS['42'] };
    const found = await judged({ seed_results: swapped }, logs);
    expect(checks(found)).toEqual(['log warn', 'log warn']);
  });

  test('a score that none prints is said, and one that is their mean is not', async () => {
    expect(checks(await judged(pair(1.99), logs))).toEqual(['log warn']);
    expect(checks(await judged(pair(Number(mean.toFixed(8))), logs))).toEqual([]);
  });

  test('one of several logs is said with the mean of all', async () => {
    expect(checks(await judged(pair(LOSSES['42']), logs))).toEqual(['best-seed info']);
  });

  test('val_bpb alone is judged by the logs, and is not judged without them', async () => {
    const val_bpb = bpbOf(mean);
    expect(await judged({ val_bpb }, logs)).toMatchObject({ verdict: 'pass' });
    expect(await judged({ val_bpb: bpbOf(LOSSES['7']) }, logs)).toMatchObject({ verdict: 'pass' });
    const alone = await judged({ val_bpb });
    expect(alone.verdict).toBe('not_judged');
    expect(alone.explanation).toMatch(/val_bpb alone.*add val_loss/);
  });

  const bpb = (of: number) => ({ val_bpb: of });
  const right = bpbOf(LOSSES['42']);

  test.each([
    ['a figure of one digit, to which a log rounds', bpb(1)],
    ['a pair of single digits', { val_loss: 2, val_bpb: 1 }],
    ['a seed that no log has', { ...bpb(1), seed_results: { 42: bpb(right), 3: bpb(2 - right) } }],
    [
      'a seed beside one with a pair',
      { ...bpb(1), seed_results: { 42: pair(LOSSES['42']), 3: bpb(2 - right) } },
    ],
    ['seeds alone, of which no log has one', { seed_results: { 42: bpb(right), 3: bpb(0.9) } }],
    ['a digit for the mean of seeds', { ...bpb(1), seed_results: SEEDS }],
  ])('%s is not what a log or a seed confirms', async (_, summary) => {
    expect((await judged(summary, logs)).verdict).toBe('not_judged');
  });

  test.each([
    ['two decimals of a log', bpb(Number(right.toFixed(2)))],
    ['the mean of seeds with pairs', { ...bpb(bpbOf(mean)), seed_results: SEEDS }],
    ['the score of one such seed', { ...bpb(right), seed_results: SEEDS }],
    ['seeds that logs print', { seed_results: { 42: bpb(right), 7: bpb(bpbOf(LOSSES['7'])) } }],
  ])('%s is', async (_, summary) => {
    expect((await judged(summary, logs)).verdict).toBe('pass');
  });

  test('names of figures in capitals are read', async () => {
    const found = await judged({ Val_Loss: 2.06, VAL_BPB: 1.05 }, logs);
    expect([found.verdict, found.scores[0]!.valBpb]).toEqual(['fail', '1.05']);
  });

  test('val_bpb under the name of val_loss fails', async () => {
    const found = await judged({ val_loss: Number(bpbOf(mean).toFixed(5)) }, logs);
    expect(checks(found)).toEqual(['log fail']);
    expect(found.explanation).toMatch(/other’s name/);
  });
});

test.each([
  ['nested', { metrics: { final: pair(2.01234567) } }],
  ['beside others', { config: { lr: 1 }, result: pair(2.01234567), date: 'x' }],
])('the score of a document that has it %s is read', async (_, summary) => {
  const found = await judged(summary);
  expect(found.scores.map(({ claim: c }) => c?.verdict)).toEqual(['fits']);
});

test('results under the keys of seeds are a summary, those under other keys a table', async () => {
  expect((await judged({ seed_results: SEEDS })).scores.length).toBe(3);
  const file = join(temporaryFolder(), 'board.json');
  writeFileSync(file, JSON.stringify({ 'run a': pair(2), 'run b': pair(2.1) }));
  const report = (await claim({ logs: [file] })) as Inputs;
  expect(report.tables[0]!.rows.map(({ name }) => name)).toEqual(['run a', 'run b']);
});

test('several members with scores are rows, whatever else is beside them', async () => {
  const path = join(temporaryFolder(), 'summary.json');
  const right = pair(2.01234567);
  const wrong = { ...right, val_bpb: 1.0212 };
  writeFileSync(path, JSON.stringify({ author: 'x', first: right, second: wrong }));
  const { tables } = (await claim({ logs: [path], family: 'sp1024' })) as Inputs;
  expect(tables[0]!.rows.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['first', 'pass'],
    ['second', 'fail'],
  ]);
});

describe('hostile summaries', () => {
  test('__proto__ and constructor are names like any other', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'submission.json');
    const text = `{"__proto__": {"val_bpb": 9}, "constructor": 1, "val_loss": 2.01234567, "val_bpb": ${bpbOf(2.01234567)}, "seed_results": {"__proto__": {"val_loss": 2.01234567, "val_bpb": ${bpbOf(2.01234567)}}}}`;
    writeFileSync(file, text);
    const report = (await claim({ logs: [file] })) as Inputs;
    expect(report.summaries[0]!.scores.map(({ name }) => name)).toEqual([
      'score',
      'seed __proto__',
    ]);
    expect(({} as Record<string, unknown>)['val_bpb']).toBeUndefined();
  });

  test.each([
    ['NaN', '{"val_loss": NaN, "val_bpb": 1.2}'],
    ['1e999', '{"val_loss": 1e999, "val_bpb": 1.2}'],
    ['a negative loss', '{"val_loss": -2, "val_bpb": 1.2}'],
    ['nothing', '{"val_loss": null, "val_bpb": 1.2}'],
    ['words', '{"val_loss": "two", "val_bpb": "1.2.3"}'],
    [
      'a mean of none',
      '{"val_bpb": 1.2, "seed_results": {"1": {"val_bpb": 0}, "2": {"val_bpb": 1e999}}}',
    ],
  ])('%s is not judged, and no crash', async (_, text) => {
    const file = join(temporaryFolder(), 'submission.json');
    writeFileSync(file, text);
    const report = await claim({ logs: [file, file] });
    expect(report.verdict).toBe('not_judged');
  });

  test('thousands of seeds are no summary', async () => {
    const seed_results = Object.fromEntries(Array.from({ length: 101 }, (_, k) => [k, pair(2)]));
    await expect(judged({ seed_results })).rejects.toMatchObject({
      code: 'BPB_CLAIM_SUMMARY_LARGE',
    });
  });

  test('200,000 levels are refused', async () => {
    const file = join(temporaryFolder(), 'submission.json');
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const inner = open === '[' ? '' : '1';
      writeFileSync(file, `${open.repeat(200_000)}${inner}${close.repeat(200_000)}`);
      await expect(claim({ logs: [file] })).rejects.toMatchObject({
        code: expect.stringMatching(/^BPB_CLAIM_JSON/),
        kind: 'input',
      });
    }
  });
});
