/** `--every-row` on models of ONNX, from the commands to the documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { onnxModel } from '#bpb/onnx/writer';
import { probe } from '#bpb/probes/probe';
import type { ScoreResult } from '#bpb/score/result';
import { score } from '#bpb/score/score';
import { writeCounts, writeLag } from '../helpers/adaptive.js';
import { attention, byteGraph, byteModel, lookAhead, meanOver } from '../helpers/byte-models.js';
import { bpb } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { languageModel } from '../helpers/language-model.js';
import { eventsOf } from '../helpers/ledger.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const asked = {
  ...({ tokenizer: 'byte260', window: 'document', seqLen: 64 } as const),
  ...({ workers: 1, seed: 7 } as const),
};
/** Rules alone turn it on without the other probes, which take most of the time. */
const rules = (required: readonly string[]): string => {
  const path = join(temporaryFolder(), 'rules.json');
  writeFileSync(path, JSON.stringify({ format: 'bpb-rules/1', name: 'all', required }));
  return path;
};
const everyRow = () => ({ rules: rules(['every-row']) });

/** What may differ between two runs of the same thing. */
function number({ score, totals, coverage, identity, verification }: ScoreResult) {
  return { loss: score.val_loss, totals, coverage, identity, verified: verification.mean_nats };
}

describe('an honest model never moves, and its score is the same to the last bit', () => {
  const fixed = byteModel(attention, { dims: [4, 80] });
  test.each([
    ['document windows', byteModel(attention), { window: 'document', seqLen: 64 }],
    ['chunk windows', byteModel(attention), { window: 'chunk', seqLen: 64 }],
    ['sliding windows', byteModel(attention), { window: 'sliding', seqLen: 64, stride: 16 }],
    ['a scored tail', byteModel(attention), { window: 'chunk', seqLen: 60, tail: 'score' }],
    [
      'the historical evaluator',
      byteModel(attention),
      { window: 'sliding', seqLen: 64, stride: 16, compat: 'sliding-2026-03-19' },
    ],
    ['fixed axes', fixed, { window: 'document', seqLen: 64 }],
    ['batches of many rows', byteModel(attention), { ...asked, batchTokens: 4096, workers: 2 }],
    ['a rewritten model', languageModel(), { window: 'chunk', seqLen: 32, optimize: true }],
    ['the JavaScript engine', byteModel(attention), { ...asked, engine: 'onnx-js' }],
  ] as const)('%s', async (_, model, over) => {
    const w = await scoreFixture({ model });
    const options = { ...asked, ...over, artifact: w.model, docs: w.docs };
    const files = [temporaryFolder(), temporaryFolder()] as const;
    const plain = await score({ ...options, out: join(files[0], 'o'), saveTargets: true });
    const checked = await score({
      ...{ ...options, ...everyRow(), cuts: 2 },
      ...{ out: join(files[1], 'o'), saveTargets: true },
    });
    expect(checked.every_row).toMatchObject({
      ...{ moved_cuts: 0, moved_targets: 0, largest_nats: 0, mean_nats: 0, noise_nats: 0 },
      ...{ cuts_per_row: 2, worst: null, confidence: 0.99 },
    });
    expect(checked.every_row!.cuts).toBeGreaterThan(10);
    expect(checked.probes!.at(-1)).toMatchObject({ name: 'every-row', verdict: 'pass', effect: 0 });
    expect(plain.every_row).toBeNull();
    expect(number(checked)).toEqual(number(plain));
    for (const file of ['documents.csv', 'targets.f32']) {
      expect(readFileSync(join(files[1], 'o', file))).toEqual(
        readFileSync(join(files[0], 'o', file)),
      );
    }
  });
});

test('a leak: no headline, exit 1, the row named; probe says the same', async () => {
  const w = await scoreFixture({ model: byteModel(lookAhead(1, 3)) });
  const flags = [
    '--tokenizer',
    'byte260',
    '--docs',
    w.docs,
    '--window',
    'document',
    '--seq-len',
    '64',
  ];
  const scored = await bpb('score', w.model, ...flags, '--strict', '--every-row', '--seed', '5');
  expect(scored.code).toBe(1);
  const words = scored.stdout.replace(/\s+/g, ' ');
  expect(words).toMatch(/the probes found something wrong: .*every-row/);
  expect(words).toMatch(/all rows \d+ cuts in \d+ rows, seed 5: moved behind \d+ cuts/);
  const probed = await bpb('probe', w.model, ...flags, '--every-row', '--cuts', '3', '--json');
  expect(probed.code).toBe(1);
  const { every_row, verdicts } = JSON.parse(probed.stdout);
  expect(every_row).toMatchObject({ cuts_per_row: 3, leak_at_most: null });
  expect(verdicts.at(-1)).toMatchObject({ name: 'every-row', verdict: 'fail' });
  expect(verdicts.at(-1).note).toMatch(/^row \d+ of the plan with .* moved by \d/);
});

test('what the whole row decides is found in nearly every cut', async () => {
  const w = await scoreFixture({ model: byteModel(meanOver(1, 0.1)) });
  const report = await probe({ ...asked, artifact: w.model, docs: w.docs, everyRow: true });
  const { cuts, moved_cuts } = report.every_row!;
  expect(moved_cuts).toBe(cuts);
});

test('logits that a replacement turns into NaN fail it, and do not end the run', async () => {
  // Not a number where the next input is an id that the data does not have.
  const used = new Set((await scoreFixture()).ids);
  const graph = byteGraph((g) => {
    const next = g.slice(g.op('Pad', ['input_ids', g.ints([0, 0, 0, 1])]), 1, 1, 2 ** 31);
    const values = new Float32Array(260)
      .fill(0)
      .map((_, id) => (id > 3 && !used.has(id) ? Number.NaN : 0));
    const hole = g.op('Gather', [g.floats(values, [260, 1]), next]);
    return g.op('Add', [attention(g), hole]);
  });
  const w = await scoreFixture({ model: onnxModel(graph) });
  const report = await probe({
    ...asked,
    artifact: w.model,
    docs: w.docs,
    everyRow: true,
    cuts: 8,
  });
  expect(report.verdicts.at(-1)).toMatchObject({ verdict: 'fail', effect: null });
  expect(report.every_row).toMatchObject({ largest_nats: null, mean_nats: null });
  expect(report.verdicts.at(-1)!.note).toMatch(/moved beyond any number/);
});

test('rows of one input have nothing to replace, and are probed also where the last id is a rare one', async () => {
  const w = await scoreFixture({ texts: ['aaa', 'ab~'], model: byteModel(attention) });
  for (const window of ['chunk', 'document'] as const) {
    const options = { ...asked, window, seqLen: 1, artifact: w.model, docs: w.docs };
    const { verdict, verdicts } = await probe({ ...options, everyRow: true });
    expect(verdict).toBe('pass');
    expect(verdicts.at(-1)).toMatchObject({ name: 'every-row', verdict: 'not_applicable' });
  }
});

test('few cuts bound nothing, and the report does not say that all targets may leak', async () => {
  const w = await scoreFixture({ model: byteModel(attention) });
  const data = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'sliding'];
  const flags = [...data, '--seq-len', '4', '--stride', '1', '--every-row'];
  for (const cuts of ['1', '4']) {
    const { code, stdout } = await bpb('probe', w.model, ...flags, '--cuts', cuts);
    const words = stdout.replace(/\s+/g, ' ');
    expect([code, words]).toEqual([0, expect.stringMatching(/too few for a bound, --cuts draws/)]);
    expect(words).not.toMatch(/100 %/);
  }
});

test('faint movement in every target: no line says that few of them read what follows', async () => {
  const w = await scoreFixture({ model: byteModel(lookAhead(1, 5e-6)) });
  const data = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'document'];
  const { code, stdout } = await bpb('probe', w.model, ...data, '--seq-len', '64', '--every-row');
  expect(code).toBe(0);
  const words = stdout.replace(/\s+/g, ' ');
  const line =
    /all rows .*: moved behind \d+ cuts within the tolerance; at most [\d.]+ % of the targets move by more/;
  expect(words).toMatch(line);
  expect(words).toMatch(/nothing moved by more than the tolerance in \d+ cuts: at most/);
  expect(words).not.toContain('read what follows them');
});

describe('misuse', () => {
  const model = byteModel(attention);
  test.each<[string, string[], RegExp]>([
    ['without --strict', ['score', '--every-row'], /--strict beside it.*bpb probe --every-row/],
    ['--cuts alone', ['score', '--strict', '--cuts', '2'], /--every-row beside it/],
    ['--cuts alone in a probe', ['probe', '--cuts', '2'], /--every-row beside it/],
    ['no cuts', ['score', '--strict', '--every-row', '--cuts', '0'], /--cuts/],
    [
      'more cuts than a batch can be interrupted in',
      ['probe', '--every-row', '--cuts', '1001'],
      /from 1 to 1000/,
    ],
    ['cuts that are no number', ['probe', '--every-row', '--cuts', 'many'], /--cuts/],
    [
      'a part of the plan',
      ['score', '--strict', '--every-row', '--part', '1/2'],
      /all rows of the plan.*--part 1\/2.*bpb probe --every-row/,
    ],
  ])('%s: exit 2, and the way out', async (_, [command, ...flags], message) => {
    const w = await scoreFixture({ model });
    const data = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'document'];
    const { code, stderr } = await bpb(command!, w.model, ...data, '--seq-len', '64', ...flags);
    expect(code).toBe(2);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(message);
  });

  test('without data there are no rows: exit 2', async () => {
    const w = await scoreFixture({ model });
    const flags = ['--tokenizer', 'byte260', '--window', 'document', '--seq-len', '64'];
    const { code, stderr } = await bpb('probe', w.model, ...flags, '--every-row');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--data/);
  });
});

describe('rules that require it', () => {
  test('turn it on, and are judged by it', async () => {
    const honest = await scoreFixture({ model: byteModel(attention) });
    const options = { ...asked, docs: honest.docs, rules: rules(['every-row']) };
    const passed = await score({ ...options, artifact: honest.model, cuts: 2 });
    expect(passed.every_row).toMatchObject({ cuts_per_row: 2, moved_cuts: 0 });
    expect(passed.probes!.map(({ name }) => name)).toEqual(['every-row']);
    expect(passed.decided_by['every_row']).toBe('rules');
    const verdict = passed.rules!.verdicts.find(({ rule }) => rule === 'every-row');
    expect(verdict).toMatchObject({ verdict: 'pass', found: 'passed' });
    expect(passed.score.val_bpb).toBeGreaterThan(0);
    const cheat = await scoreFixture({ model: byteModel(lookAhead(5, 3)) });
    const failed = await score({ ...options, artifact: cheat.model });
    expect(failed.score.val_bpb).toBeNull();
    expect(failed.findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['probes-failed', 'rules-every-row']),
    );
  });

  test('turn it on in a probe too, which says who asked for it', async () => {
    const cheat = await scoreFixture({ model: byteModel(lookAhead(5, 3)) });
    const options = { ...asked, artifact: cheat.model, rules: rules(['every-row']) };
    const report = await probe({ ...options, docs: cheat.docs, cuts: 2 });
    expect(report.decided_by['every_row']).toBe('rules');
    expect(report.every_row).toMatchObject({ cuts_per_row: 2, leak_at_most: null });
    expect(report.verdicts.at(-1)).toMatchObject({ name: 'every-row', verdict: 'fail' });
    const other = await probe({ ...options, docs: cheat.docs, rules: rules(['probes']) });
    expect([other.every_row, other.decided_by['every_row']]).toEqual([null, 'default']);
    // All rows of no data are none.
    await expect(probe(options)).rejects.toMatchObject({ kind: 'usage', path: '--data' });
  });

  test('and allow no part', async () => {
    const w = await scoreFixture({ model: byteModel(attention) });
    const options = { ...asked, artifact: w.model, docs: w.docs, rules: rules(['every-row']) };
    await expect(score({ ...options, part: [1, 2] })).rejects.toMatchObject({
      ...{ kind: 'usage', code: 'BPB_USAGE_EVERY_ROW', path: '--part' },
      hint: expect.stringMatching(/in one run/),
    });
  });
});

describe('artifacts that carry state', () => {
  test.each<[string, (folder: string) => void, object]>([
    ['that adapt, by document', (folder) => writeCounts(folder, { chunk: 16, context: 7 }), {}],
    ['in several steps', (folder) => writeCounts(folder, { chunk: 16, steps: 2 }), {}],
    ['that never reset', (folder) => writeCounts(folder, { chunk: 16, reset: 'never' }), {}],
    ['that are recurrent', (folder) => writeLag(folder, { chunk: 8 }), {}],
    [
      'on the JavaScript engine',
      (folder) => writeCounts(folder, { chunk: 16 }),
      { engine: 'onnx-js' },
    ],
  ])('%s: same nats, same ledger, nothing moves', async (_, write, over) => {
    const artifact = temporaryFolder();
    write(artifact);
    const w = await scoreFixture();
    const run = (name: string, extra: object) => {
      const out = join(w.folder, name);
      const options = { artifact, docs: w.docs, workers: 1, seed: 7, saveTargets: true, ...over };
      return score({ ...options, ...extra, out, ledger: join(w.folder, `${name}.jsonl`) });
    };
    const plain = await run('plain', {});
    const checked = await run('checked', { ...everyRow(), cuts: 2 });
    expect(number(checked)).toEqual(number(plain));
    expect(checked.adaptive).toMatchObject({ adaptations: plain.adaptive!.adaptations });
    expect(checked.every_row).toMatchObject({ moved_targets: 0, largest_nats: 0, noise_nats: 0 });
    expect(checked.every_row!.cuts).toBeGreaterThan(50);
    const lines = (name: string) => eventsOf(join(w.folder, `${name}.jsonl`));
    expect(lines('plain').length).toBeGreaterThan(50);
    expect(lines('checked')).toEqual(lines('plain'));
    for (const file of ['documents.csv', 'targets.f32']) {
      const [one, other] = ['plain', 'checked'].map((name) =>
        readFileSync(join(w.folder, name, file)),
      );
      expect(other).toEqual(one);
    }
  });
});
