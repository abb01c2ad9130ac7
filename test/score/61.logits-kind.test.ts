/** Probabilities in place of logits are found out, whatever made them; honest logits are not. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { TYPE, type TypeName } from '#bpb/onnx/element-types';
import { onnxModel } from '#bpb/onnx/writer';
import { score } from '#bpb/score/score';
import { byteGraph, changedTable, table } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

const TEXTS = seededTexts(12);
const LAST = { axis: { int: -1 } };

interface Made {
  readonly width?: number;
  /** Type of the output, to which it is cast. */
  readonly type?: TypeName;
  /** Without the width in the declared output. */
  readonly open?: boolean;
}

function model(build: (g: GraphBuilder) => string, { width, type = 'float32', open }: Made) {
  const cast = (g: GraphBuilder) =>
    type === 'float32' ? build(g) : g.op('Cast', [build(g)], { to: { int: TYPE[type] } });
  const graph = byteGraph(cast, { width: width ?? VOCABULARY });
  const [output] = graph.outputs;
  const dims = open ? ['batch', 'time', 'vocabulary'] : output!.dims;
  return onnxModel({ ...graph, outputs: [{ ...output!, type, dims }] });
}

async function scored(
  build: (g: GraphBuilder) => string,
  made: Made = {},
  over: Partial<ScoreOptions> = {},
) {
  const w = await scoreFixture({ model: model(build, made), texts: TEXTS });
  const data = { artifact: w.model, docs: w.docs, tokenizer: 'byte260' };
  return score({ ...data, window: 'chunk', seqLen: 32, tail: 'score', ...over });
}

const softmax = (g: GraphBuilder, x = table(g)) => g.op('Softmax', [x], LAST);

describe('no number is given of', () => {
  test.each<[string, (g: GraphBuilder) => string, Made, Partial<ScoreOptions>]>([
    ['a softmax', softmax, {}, {}],
    ['a softmax, without verification', softmax, {}, { verifyRows: 0 }],
    ['a softmax on onnx-js', softmax, {}, { engine: 'onnx-js' }],
    ['a softmax, optimized', softmax, {}, { optimize: true }],
    ['a softmax whose width only a run shows', softmax, { open: true }, {}],
    ['a softmax in fp16', softmax, { type: 'float16' }, {}],
    ['a hot softmax', (g) => softmax(g, g.op('Mul', [table(g), g.scalar(0.1)])), {}, {}],
    ['a cold softmax', (g) => softmax(g, g.op('Mul', [table(g), g.scalar(20)])), {}, {}],
    [
      'a softmax with columns of zeros after it',
      (g) => g.op('Pad', [softmax(g), g.ints([0, 0, 0, 0, 0, 60])]),
      { width: VOCABULARY + 60 },
      {},
    ],
    [
      'counts over their sum',
      (g) => {
        const counts = g.op('Ceil', [g.op('Exp', [table(g)])]);
        const sum = g.op('ReduceSum', [counts, g.ints([-1])], { keepdims: { int: 1 } });
        return g.op('Div', [counts, sum]);
      },
      {},
      {},
    ],
  ])('%s', async (_, build, made, over) => {
    const result = await scored(build, made, over);
    expect(result.status).toBe('withheld');
    expect(result.findings[0]).toMatchObject({
      id: 'probabilities',
      severity: 'fail',
      hint: 'score with --logits-are probabilities',
    });
    expect(result.score).toMatchObject({ val_bpb: null, val_loss: null, bits_per_token: null });
    expect(result.totals.nats).toBeGreaterThan(0);
    expect(result.engine.vocabulary).toBe(made.width ?? VOCABULARY);
  });

  test('a softmax in bf16, whose logits only the graph shows here', async () => {
    const { findings } = await scored(softmax, { type: 'bfloat16' });
    expect(findings[0]).toMatchObject({ id: 'probabilities', severity: 'fail' });
    expect(findings[0]!.message).toMatch(/ends in a Softmax; the logits cannot be read here/);
  });
});

describe('a number is given of', () => {
  const constant = (value: number) => changedTable((values) => values.fill(value));
  test.each<[string, (g: GraphBuilder) => string, Made]>([
    ['logits', table, {}],
    ['logs of probabilities', (g) => g.op('Log', [softmax(g)]), {}],
    ['zeros, of a head that is zero to begin with', constant(0), {}],
    [
      'logits near 0, of a model that has learned nothing',
      (g) => g.op('Mul', [table(g), g.scalar(1e-4)]),
      {},
    ],
    ['the same in fp16', (g) => g.op('Mul', [table(g), g.scalar(1e-4)]), { type: 'float16' }],
    ['sigmoids', (g) => g.op('Sigmoid', [table(g)]), {}],
    ['hyperbolic tangents', (g) => g.op('Tanh', [table(g)]), {}],
    [
      'logits of a sum of 1 that are not all positive',
      (g) => {
        const x = table(g);
        const mean = g.op('ReduceMean', [x, g.ints([-1])], { keepdims: { int: 1 } });
        return g.op('Add', [g.op('Sub', [x, mean]), g.scalar(1 / VOCABULARY)]);
      },
      {},
    ],
  ])('%s', async (_, build, made) => {
    const result = await scored(build, made);
    expect(result.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
    expect(result.status).toBe('scored');
    expect(result.score.val_bpb).not.toBeNull();
  });

  test('logits near 0 in bf16, with a note that they could not be read', async () => {
    const small = (g: GraphBuilder) => g.op('Mul', [table(g), g.scalar(1e-3)]);
    const { findings, score: figures } = await scored(small, { type: 'bfloat16' });
    expect(findings.at(-1)).toMatchObject({ id: 'logits-unread', severity: 'note' });
    expect(figures.val_bpb).not.toBeNull();
  });
});

describe('--logits-are is held against the logits', () => {
  const logs = (g: GraphBuilder) => g.op('Log', [softmax(g)]);

  test('probabilities and their logs have the number of the logits', async () => {
    const expected = (await scored(table)).score.val_bpb!;
    for (const [build, logitsAre] of [
      [softmax, 'probabilities'],
      [logs, 'log-probabilities'],
    ] as const) {
      const { findings, score: figures, status } = await scored(build, {}, { logitsAre });
      expect(findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
      expect(status).toBe('scored');
      expect(Math.abs(figures.val_bpb! - expected)).toBeLessThan(1e-6);
    }
  });

  test.each<[string, (g: GraphBuilder) => string, RegExp]>([
    ['probabilities', softmax, /they are probabilities: score with --logits-are probabilities/],
    ['logits', table, /without --logits-are/],
  ])('%s are no log-probabilities', async (_, build, hint) => {
    const result = await scored(build, {}, { logitsAre: 'log-probabilities', verifyRows: 0 });
    expect(result.findings[0]).toMatchObject({ id: 'logits-kind', severity: 'fail' });
    expect(result.findings[0]!.hint).toMatch(hint);
    expect(result.score).toMatchObject({ val_bpb: null, ci95_bpb: null });
  });

  test('sigmoids are no probabilities', async () => {
    const sigmoid = (g: GraphBuilder) => g.op('Sigmoid', [table(g)]);
    const { findings } = await scored(sigmoid, {}, { logitsAre: 'probabilities' });
    expect(findings[0]).toMatchObject({ id: 'logits-kind', severity: 'fail' });
  });

  test('logits below 0 have no log: refused with the flag that is wrong', async () => {
    const error = await refusalOf(() => scored(table, {}, { logitsAre: 'probabilities' }));
    expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', exitCode: 3 });
    expect(error.hint).toContain('score without --logits-are');
  });
});

const folder = sharedCase('probs-as-logits');
const absent = folder === null ? ' (the shared cases are not there)' : '';

test.skipIf(folder === null)(`case probs-as-logits${absent}`, async () => {
  const run = (name: string, over: Partial<ScoreOptions> = {}) =>
    score({
      ...over,
      artifact: join(folder!, name),
      data: [join(folder!, 'fineweb_val_000000.bin')],
      tokenizer: 'byte260',
      window: 'chunk',
      seqLen: 64,
    });
  expect((await run('bi_prob.onnx')).findings).toMatchObject([
    { id: 'probabilities' },
    { id: 'dropped-tail' },
  ]);
  const logged = await run('bi_prob.onnx', { logitsAre: 'probabilities' });
  expect(logged.findings).toMatchObject([{ id: 'dropped-tail' }]);
  expect(Math.abs(logged.score.val_bpb! - 1.566604193)).toBeLessThan(1e-7);
  const right = await run('bi_logp.onnx');
  expect(right.findings).toMatchObject([{ id: 'dropped-tail' }]);
  expect(Math.abs(right.score.val_bpb! - 1.566604193)).toBeLessThan(1e-7);
});
