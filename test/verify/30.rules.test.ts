/** Results that were scored by an organizer's rules: what these change of them, and what is only said. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { identityOf } from '#bpb/score/identity';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { fileFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { type Bent, bend, copyOf, resultOf } from './results.js';

const folder = fileFolder();
const [artifact, rules, run, free] = ['artifact', 'rules.json', 'run', 'free'].map((name) =>
  join(folder, name),
) as [string, string, string, string];

beforeAll(async () => {
  const { model, docs } = await scoreFixture({ folder });
  mkdirSync(artifact);
  copyFileSync(model, join(artifact, 'model.onnx'));
  writeFileSync(join(artifact, 'train.py'), 'import torch\nprint(torch.ones(1))\n');
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'small',
    model: { path: 'model.onnx' },
    tokenizer: { kind: 'byte260' },
    evaluation: { window: 'chunk', seqLen: 32 },
    counted: ['model.onnx', 'train.py'],
  };
  writeFileSync(join(artifact, 'artifact.json'), JSON.stringify(manifest));
  const given = {
    format: 'bpb-rules/1',
    name: 'small cup',
    windows: { modes: ['chunk'], compat: ['none'] },
    size: { limit: 4_000_000, counted: ['model', 'code'] },
  };
  writeFileSync(rules, JSON.stringify(given));
  const options = { artifact, docs, workers: 1, threads: 1, verifyRows: 0, saveTargets: true };
  await score({ ...options, rules, out: run });
  await score({ ...options, out: free });
});

const check = (result: string, source?: string) =>
  verify({ result, artifact, rules: source, rows: 1, threads: 1 });

const verdicts = async (result: string, source?: string) => {
  const { checks, verdict } = await check(result, source);
  const named = (which: string) =>
    checks.flatMap((each) => (each.verdict === which ? [each.name] : []));
  return { verdict, failed: named('fail'), open: named('not_checked') };
};

describe('scored by rules with a cap of their own', () => {
  test('confirmed with the rules; without them all but what they decide', async () => {
    expect(resultOf(run).artifact).toMatchObject({ bytes_limit: 4_000_000, within_limit: true });
    expect(await verdicts(run, rules)).toEqual({ verdict: 'confirmed', failed: [], open: [] });
    const open = ['size', 'rules'];
    expect(await verdicts(run)).toEqual({ verdict: 'confirmed', failed: [], open });
  });

  const edits: readonly [string, (result: Bent) => void, readonly string[]][] = [
    ['another cap', (r) => (r.artifact.bytes_limit *= 2), ['size', 'stream']],
    ['a verdict turned', (r) => (r.rules.verdicts[0].verdict = 'fail'), ['findings', 'rules']],
    ['a verdict taken out', (r) => r.rules.verdicts.shift(), ['rules']],
    ['a field of the rules taken out', (r) => delete r.artifact.not_counted, ['rules']],
    ['another type of field', (r) => (r.totals.documents_altered = 'none'), ['rules', 'bytes']],
  ];

  test.each(edits)('edited: %s', async (_, edit, names) => {
    const bent = await verdicts(bend(copyOf(run), edit), rules);
    expect(bent).toMatchObject({ verdict: 'failed', failed: names });
  });

  test('a cap that the artifact exceeds fails, whoever set it', async () => {
    const bent = bend(copyOf(run), (r) => (r.artifact.bytes_limit = 10));
    expect((await verdicts(bent)).failed).toContain('size');
  });
});

describe('scored without rules', () => {
  const edits: readonly [string, (result: Bent) => void, readonly string[]][] = [
    ['a higher cap', (r) => (r.artifact.bytes_limit = 32_000_000), ['size', 'stream']],
    [
      'a setting that rules decided',
      (r) => (r.decided_by.window = 'rules'),
      ['rules', 'decided-by'],
    ],
    ['what is not counted', (r) => (r.artifact.not_counted = ['code']), ['stream']],
    ['altered documents', (r) => (r.totals.documents_altered = 7), ['bytes']],
    ['a normalizer', (r) => (r.tokenizer.normalizer_sha256 = 'a'.repeat(64)), ['stream']],
  ];

  test.each(edits)('edited: %s', async (_, edit, names) => {
    const { verdict, failed } = await verdicts(bend(copyOf(free), edit));
    expect({ verdict, failed }).toEqual({ verdict: 'failed', failed: names });
  });
});

test('what the artifact decided of the number, and a dropped tail, are not taken out', async () => {
  const decided = (r: Bent) => {
    r.window.tail = 'score';
    r.decided_by.tail = 'artifact';
    r.identity = identityOf(r);
  };
  const tail = (r: Bent) => {
    const dropped = Math.ceil(r.coverage.tokens / 2);
    r.coverage.skipped = [{ reason: 'tail', targets: dropped }];
    r.coverage.scored = r.totals.targets = r.coverage.tokens - 1 - dropped;
  };
  for (const [edit, id] of [
    [decided, 'artifact-decides (note)'],
    [tail, 'dropped-tail (warn), artifact-decides (note)'],
  ] as const) {
    const { checks } = await verify({ result: bend(copyOf(free), edit) });
    const findings = checks.find(({ name }) => name === 'findings');
    expect(findings).toMatchObject({ verdict: 'fail', expected: id });
  }
});
