/** Scores of models with fixed axes: no flag is needed, whatever the windows; the result says what was run. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { onnxModel } from '#bpb/onnx/writer';
import { probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import {
  byteGraph,
  byteModel,
  carry,
  lookup,
  meanOver,
  TABLE,
  table,
} from '../helpers/byte-models.js';
import { fileFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

const SEQ_LEN = 32;
const byte260 = { tokenizer: 'byte260', window: 'chunk', seqLen: SEQ_LEN, workers: 1 } as const;
const folder = fileFolder();
let fixture: ScoreFixture;

beforeAll(async () => {
  fixture = await scoreFixture({ folder });
});

/** The model of the fixture with these axes. */
function fixedTo(rows: number | string, time: number | string, name = `${rows}-${time}`): string {
  const path = join(folder, `fixed-${name}.onnx`);
  writeFileSync(path, tableModel(fixture.table, VOCABULARY, { dims: [rows, time] }));
  return path;
}

const scored = (artifact: string, options: Partial<ScoreOptions> = {}) =>
  score({ ...byte260, artifact, docs: fixture.docs, ...options });

describe('a fixed batch', () => {
  const cases: readonly (readonly [string, Partial<ScoreOptions>])[] = [
    ['chunk', {}],
    ['chunk, the tail scored', { tail: 'score' }],
    ['sliding', { window: 'sliding', stride: 5 }],
    ['documents', { window: 'document' }],
    ['documents, by strides', { window: 'document', stride: 7 }],
    ['the second of three parts', { part: [2, 3], batchTokens: 3 * SEQ_LEN }],
    ['onnx-js', { engine: 'onnx-js' }],
    ['more tokens a batch', { batchTokens: 10_000 }],
    ['fewer tokens a batch', { batchTokens: 1 }],
  ];
  test.each(cases)('%s: the totals of the open model', async (_, options) => {
    const open = await scored(fixture.model, options);
    const fixed = await scored(fixedTo(3, SEQ_LEN), options);
    if (options.part === undefined) expect(fixed.totals).toEqual(open.totals);
    expect(fixed.engine.batch).toEqual([3, SEQ_LEN]);
    expect(fixed.verification.verdict).toBe('pass');
  });

  test('is proved and verified with --optimize', async () => {
    const { totals, optimization, verification } = await scored(fixedTo(3, SEQ_LEN), {
      optimize: true,
    });
    expect([optimization?.verdict, verification.verdict]).toEqual(['pass', 'pass']);
    expect(totals.nats_q30).toBe((await scored(fixture.model)).totals.nats_q30);
  });

  test.each([1, 2, 8])('of %i rows passes every probe', async (rows) => {
    const { verdicts } = await probe({
      ...byte260,
      artifact: fixedTo(rows, SEQ_LEN),
      docs: fixture.docs,
      seed: 1,
    });
    expect(verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    const batch = verdicts.find(({ name }) => name === 'batch');
    expect(batch?.verdict).toBe(rows === 1 ? 'not_applicable' : 'pass');
  });
});

describe('a fixed time axis', () => {
  test('shorter than the rows: refused before anything is run, in the words of the command line', async () => {
    for (const options of [{}, { window: 'sliding', stride: 20 }, { tail: 'score' }] as const) {
      const { code, message, hint } = await refusalOf(() => scored(fixedTo(2, 16), options));
      expect([code, message]).toEqual([
        'BPB_MODEL_AXES',
        "the rows are longer than the model's fixed time axis",
      ]);
      const stride = 'stride' in options ? ' --stride 16' : '';
      expect(hint).toMatch(new RegExp(`^use --seq-len 16${stride},`));
    }
  });

  test('is refused before the data is read where every row is whole', async () => {
    const docs = join(fixture.folder, 'none.jsonl');
    expect(existsSync(docs)).toBe(false);
    const { code } = await refusalOf(() => scored(fixedTo('batch', 16), { docs }));
    expect(code).toBe('BPB_MODEL_AXES');
  });

  test('shorter than --seq-len but not than any document: scored', async () => {
    const texts = ['abc', 'defgh', 'ij'];
    const short = await scoreFixture({ texts });
    const options = { docs: short.docs, window: 'document' } as const;
    const { totals, engine } = await scored(fixedTo(2, 16), options);
    expect(totals).toEqual((await scored(fixture.model, options)).totals);
    expect(engine.batch).toEqual([2, 16]);
  });

  test('longer than the rows: padded, and so counted', async () => {
    const { totals, engine } = await scored(fixedTo('batch', 100), { batchTokens: 250 });
    expect(totals).toEqual((await scored(fixture.model)).totals);
    expect(engine.batch).toEqual([2, 100]);
  });

  test('probe refuses what score refuses', async () => {
    const { code, hint } = await refusalOf(() =>
      probe({ ...byte260, artifact: fixedTo(1, 16), docs: fixture.docs }),
    );
    expect([code, hint]).toEqual(['BPB_MODEL_AXES', expect.stringMatching(/^use --seq-len 16,/)]);
  });
});

test('axes of size 0 are refused', async () => {
  const { code, actual } = await refusalOf(() => scored(fixedTo(0, SEQ_LEN)));
  expect([code, actual]).toEqual(['BPB_MODEL_AXES', `[0, ${SEQ_LEN}]`]);
});

test.each([
  ['negative sizes', -1, -1],
  ['one name for both axes', 'n', 'n'],
])('%s are open axes', async (_, rows, time) => {
  const open = await scored(fixture.model);
  const { totals } = await scored(fixedTo(rows, time));
  expect(totals).toEqual(open.totals);
});

describe('a model that fixes its batch and looks beyond a row', () => {
  /** Logits lean on how many rows of the batch are padding. */
  const countsPadding = (g: GraphBuilder): string => {
    const ids = g.op('Cast', ['input_ids'], { to: { int: 1 } });
    const sums = g.op('ReduceSum', [ids, g.ints([1])]);
    const padding = g.op('Cast', [g.op('Equal', [sums, g.scalar(0)])], { to: { int: 1 } });
    const share = g.op('Mul', [g.op('ReduceMean', [padding, g.ints([0, 1])]), g.scalar(0.01)]);
    return g.op('Add', [table(g), g.op('Mul', [share, lookup(g, TABLE)])]);
  };
  test.each([
    ['at padding', countsPadding],
    ['at the row before', carry(0.01)],
    ['at the mean of the batch', meanOver(0, 0.01)],
  ])('%s: the batch probe fails', async (_, build) => {
    const artifact = join(fixture.folder, 'cheat.onnx');
    writeFileSync(artifact, byteModel(build, { dims: [4, 'time'] }));
    const { verdicts } = await probe({ ...byte260, artifact, docs: fixture.docs, seed: 1 });
    expect(verdicts.find(({ name }) => name === 'batch')?.verdict).toBe('fail');
  });
});

test('a batch that the graph computes as a constant, under an open input', async () => {
  const artifact = join(fixture.folder, 'baked.onnx');
  const graph = byteGraph((g) => g.reshape(table(g), [2, SEQ_LEN, VOCABULARY]));
  const outputs = [{ ...graph.outputs[0]!, dims: [2, SEQ_LEN, VOCABULARY] }];
  writeFileSync(artifact, onnxModel({ ...graph, outputs }));
  const open = join(fixture.folder, 'open.onnx');
  writeFileSync(open, byteModel(table));
  const result = await scored(artifact, { tail: 'score' });
  expect(result.totals).toEqual((await scored(open, { tail: 'score' })).totals);
  expect(result.engine.batch).toEqual([2, SEQ_LEN]);
  expect(result.notes.join()).toContain('contradict its open input');
});

const CASE = sharedCase('fixed-batch');
test.skipIf(CASE === null)(
  'the model fixed to [1, 64] of the shared cases, as in float64',
  async () => {
    const { score: figures, engine } = await score({
      artifact: join(CASE!, 'model.onnx'),
      data: [join(CASE!, 'fineweb_val_000000.bin')],
      tokenizer: 'byte260',
      window: 'chunk',
      seqLen: 64,
    });
    expect(Math.abs(figures.val_bpb! - 9.310601597996)).toBeLessThan(1e-7);
    expect(engine.batch).toEqual([1, 64]);
  },
);
