/** An artifact that decides what the organizer must decide: what is scored, and by which evaluator. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectClean, said, scoreOf, type World, world } from './world.js';

const evaluated = (evaluation: Readonly<Record<string, unknown>>) =>
  world({ manifest: { evaluation } });

/** An organizer who allows one way to score. */
function rulesOf({ folder }: World): string {
  const path = join(folder, 'rules.json');
  const windows = { modes: ['chunk'], seqLen: [32], tail: ['score'], compat: ['none'] };
  const rules = { format: 'bpb-rules/1', name: 'one way', windows, coverage: { least: 0.999 } };
  writeFileSync(path, JSON.stringify(rules));
  return path;
}

const HALF = { window: 'chunk', seqLen: 1100 };

describe('said directly under the headline', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['rows of half of the stream', HALF, /dropped-tail/],
    [
      'sliding rows of two thirds',
      { window: 'sliding', seqLen: 1400, stride: 700 },
      /dropped-tail/,
    ],
    [
      'the historical evaluator',
      { window: 'sliding', seqLen: 32, stride: 16, compat: 'sliding-2026-03-19' },
      /artifact-decides/,
    ],
    ['a stride of one', { window: 'sliding', seqLen: 32, stride: 1 }, /artifact-decides/],
  ])('%s', async (_, evaluation, finding) => {
    const bent = await evaluated(evaluation);
    const result = await scoreOf(bent, { verifyRows: 0 });
    expect(said(result).join()).toMatch(finding);
    expect(Object.values(result.decided_by)).toContain('artifact');
  });
});

test('rules go before the artifact: the bent one is scored as the honest one', async () => {
  const [bent, honest] = [await evaluated(HALF), await world()];
  const [ruled, plain] = [await scoreOf(bent, { rules: rulesOf(bent) }), await scoreOf(honest)];
  expect(ruled.window).toEqual(plain.window);
  expect(ruled.totals.nats_q30).toBe(plain.totals.nats_q30);
  expect(ruled.status).toBe('scored');
});

test('no flag goes before rules', async () => {
  const bent = await evaluated(HALF);
  const asked = scoreOf(bent, { rules: rulesOf(bent), seqLen: 1100 });
  await expect(asked).rejects.toMatchObject({ exitCode: 2 });
});

test('the honest twin scores all of it', async () => {
  expectClean(await scoreOf(await evaluated({ ...HALF, tail: 'score' }), { verifyRows: 0 }));
});
