/** Results of `--every-row`, and such whose bound, counts or verdict were edited and hashed again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { attention, byteModel, lookAhead } from '../helpers/byte-models.js';
import { fileFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { type Bent, bend, copyOf, resultOf } from './results.js';

const folder = fileFolder();
const NAME = 'every-row';
const MODELS = {
  honest: byteModel(attention),
  faint: byteModel(lookAhead(1, 5e-6)),
  leaking: byteModel(lookAhead(1, 3)),
} as const;

beforeAll(async () => {
  const { docs } = await scoreFixture({ folder });
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify({ format: 'bpb-rules/1', name: 'all', required: [NAME] }));
  const windows = {
    document: { window: 'document', seqLen: 64 },
    single: { window: 'chunk', seqLen: 1 },
  } as const;
  const common = { tokenizer: 'byte260', workers: 1, verifyRows: 0, docs, rules, cuts: 2 } as const;
  for (const [name, model] of Object.entries(MODELS)) {
    const artifact = join(folder, `${name}.onnx`);
    writeFileSync(artifact, model);
    await score({ ...common, ...windows.document, artifact, out: join(folder, name) });
  }
  const artifact = join(folder, 'honest.onnx');
  await score({ ...common, ...windows.single, artifact, out: join(folder, 'single') });
});

const checkOf = async (result: string) => {
  const { checks } = await verify({ result, rules: join(folder, 'rules.json') });
  return checks.find(({ name }) => name === NAME);
};

test.each([
  ['honest', 'pass'],
  ['faint', 'warn'],
  ['leaking', 'fail'],
  ['single', 'not_applicable'],
])('%s: as it was written it is consistent', async (name, verdict) => {
  const result = join(folder, name);
  expect(resultOf(result).probes!.at(-1)).toMatchObject({ name: NAME, verdict });
  expect(await checkOf(result)).toMatchObject({ verdict: 'pass' });
});

test('an older result, and one whose rows were scored once, are not asked for it', async () => {
  const edits: ((result: Bent) => void)[] = [
    (result) => delete result.every_row,
    (result) => (result.every_row = null),
  ];
  for (const edit of edits) {
    const bent = bend(copyOf(join(folder, 'honest')), (result) => {
      edit(result);
      result.probes = null;
    });
    expect(await checkOf(bent)).toBeUndefined();
  }
});

const passed = (verdict: Bent) => Object.assign(verdict, { verdict: 'pass', note: null });
const nothingMoved = {
  ...{ moved_cuts: 0, moved_targets: 0, largest_nats: 0, mean_nats: 0, worst: null },
};

test.each<[string, string, (of: Bent, verdict: Bent, result: Bent) => void, string]>([
  ['honest', 'a better bound', (e) => (e.leak_at_most /= 10), 'leak_at_most'],
  ['honest', 'a better confidence', (e) => (e.confidence = 0.999), 'confidence'],
  [
    'honest',
    'a bound of more cuts than there were',
    (e) => Object.assign(e, { effective_cuts: 1e4, leak_at_most: -Math.log(0.01) / 1e4 }),
    'effective_cuts',
  ],
  ['honest', 'more cuts', (e) => (e.cuts *= 10), 'every_row.cuts'],
  ['honest', 'more cuts a row', (e) => (e.cuts_per_row = 20), 'every_row.cuts'],
  [
    'honest',
    'more rows than targets',
    (e) => Object.assign(e, { rows: 1e6, cuts: 2 * (1e6 - e.rows_without_later_input) }),
    'every_row.rows',
  ],
  ['honest', 'another seed', (e) => (e.seed = (e.seed + 1) % 2 ** 32), 'every_row.seed'],
  ['honest', 'no figures', (_, __, r) => (r.every_row = null), 'every_row'],
  ['honest', 'no verdict', (_, __, r) => r.probes.pop(), 'verdict'],
  ['faint', 'passed', (_, v) => passed(v), 'verdict'],
  ['faint', 'fewer that moved', (e) => (e.moved_targets = 0), 'moved_targets'],
  ['leaking', 'passed', (_, v) => passed(v), 'verdict'],
  [
    'leaking',
    'passed, with a bound',
    (e, v) => {
      passed(v);
      Object.assign(e, nothingMoved, { largest_nats: 3, leak_at_most: 0.01 });
    },
    'largest_nats',
  ],
  ['leaking', 'a bound', (e) => (e.leak_at_most = 0.1), 'leak_at_most'],
])('%s: %s', async (name, _, edit, field) => {
  const bent = bend(copyOf(join(folder, name)), (result) => {
    edit(result.every_row, result.probes.at(-1), result);
  });
  const check = await checkOf(bent);
  expect(check).toMatchObject({ verdict: 'fail' });
  expect(`${check!.expected} ${check!.found}`).toContain(field);
});
