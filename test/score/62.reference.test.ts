/** The reference run of graphs that round activations, or that load only with graph optimization. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import { TYPE } from '#bpb/onnx/element-types';
import { withExactProducts } from '#bpb/onnx/exact-products';
import { readSummary } from '#bpb/onnx/summary';
import { onnxModel } from '#bpb/onnx/writer';
import { workerSetup } from '#bpb/run/worker-setup';
import { score } from '#bpb/score/score';
import { verifyRows } from '#bpb/score/verify';
import { byteModel } from '../helpers/byte-models.js';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { temporaryFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals, uniform } from '../helpers/models.js';
import { pythonWith } from '../helpers/python.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const options = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, tail: 'score' } as const;

const WIDTH = 64;
const BLOCK = 32;

/** Sums of the tokens so far, then RMSNorm, GELU and a product with 4-bit weights and int8 activations, three times. */
function rounding(g: GraphBuilder): string {
  const embedded = g.op('Gather', [g.weights([VOCABULARY, WIDTH], 1), 'input_ids']);
  let x = g.op('CumSum', [embedded, g.ints([1], [])]);
  for (const width of [WIDTH, WIDTH, VOCABULARY])
    x = quantizedProduct(g, gelu(g, normed(g, x)), width);
  return x;
}

function normed(g: GraphBuilder, x: string): string {
  const square = g.op('Pow', [x, g.scalar(2)]);
  const mean = g.op('ReduceMean', [square, g.ints([-1])], { keepdims: { int: 1 } });
  const norm = g.op('Div', [x, g.op('Sqrt', [g.op('Add', [mean, g.scalar(1e-5)])])]);
  return g.op('Mul', [norm, g.weights([WIDTH], 1)]);
}

/** As exporters spell it out: ONNX Runtime fuses it with graph optimization. */
function gelu(g: GraphBuilder, x: string): string {
  const erf = g.op('Erf', [g.op('Div', [x, g.scalar(Math.SQRT2)])]);
  return g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, g.scalar(1)])]), g.scalar(0.5)]);
}

function quantizedProduct(g: GraphBuilder, x: string, width: number): string {
  const next = uniform(g.initializers.length);
  const blocks = WIDTH / BLOCK;
  const name = `q${g.initializers.length}`;
  const dims = [width, blocks, BLOCK / 2];
  const data = Uint8Array.from({ length: (width * WIDTH) / 2 }, () => Math.floor(next() * 256));
  g.initializers.push({ name, type: 'uint8', dims, data });
  const scales = g.floats(Float32Array.from({ length: width * blocks }, () => 0.05 * (1 + next())));
  const attributes = { K: WIDTH, N: width, bits: 4, block_size: BLOCK, accuracy_level: 4 };
  return g.op(
    'MatMulNBits',
    [x, name, scales],
    Object.fromEntries(Object.entries(attributes).map(([key, int]) => [key, { int }])),
    undefined,
    'com.microsoft',
  );
}

describe('MatMulNBits with accuracy level 4', () => {
  const model = byteModel(rounding);

  test('with and without graph optimization it is two models: what the verdict must not depend on', async () => {
    const next = uniform(9);
    const ids = Array.from({ length: 40 }, () =>
      Array.from({ length: 32 }, () => 4 + Math.floor(next() * 256)),
    );
    const nats = await Promise.all(
      [true, false].map(async (optimize) => {
        const engine = await openEngine('onnx-js', model, { optimize });
        const scored = await engine.score(fullBatch(ids, ids));
        await engine.close();
        return scored.nats;
      }),
    );
    const differences = nats[0]!.map((value, k) => Math.abs(value - nats[1]![k]!));
    expect(Math.max(...differences)).toBeGreaterThan(1e-4);
  });

  test('every row agrees with the reference, so that any seed gives the same verdict', async () => {
    const w = await scoreFixture({ model });
    const all = await score({ ...options, artifact: w.model, docs: w.docs, verifyRows: 1000 });
    expect(all.verification).toMatchObject({ verdict: 'pass', optimized: true });
    expect(all.verification.rows).toBeGreaterThan(20);
    expect(all.verification.max_abs_nats).toBeLessThan(1e-5);
    expect(all.verification.note).toMatch(/same graph optimization/);
    expect(all.score.val_bpb).not.toBeNull();
  });

  test('a run that reports less than it computed fails', async () => {
    const w = await scoreFixture({ model });
    const asked = { ...options, artifact: w.model, docs: w.docs, workers: 1, threads: 1 } as const;
    const evaluation = await openEvaluation(asked, 'plan');
    const setup = workerSetup(evaluation, asked);
    const { plan } = evaluation.workload;
    const rows = [0, 1, 2, 3];
    const engine = await openEngine('onnx-cpu', model);
    const honest = new Map<number, Float32Array>();
    for (const row of rows) {
      const { start, length } = plan.row(row);
      const ids = [...w.ids.slice(start, start + length)];
      const targets = [...w.ids.slice(start + 1, start + length + 1)];
      honest.set(row, (await engine.score(fullBatch([ids], [targets]))).nats);
    }
    await engine.close();
    const verdictOf = async (change: (nats: number, k: number) => number) => {
      const { verdict } = await verifyRows({
        setup,
        groups: rows.map((row) => Uint32Array.of(row)),
        noiseGroups: rows.map((row) => Uint32Array.of(row)),
        ofRun: new Map([...honest].map(([row, nats]) => [row, nats.map(change)])),
        seed: 1,
        tolerance: 1e-5,
        rounded: true,
        onGpu: false,
      });
      return verdict;
    };
    expect(await verdictOf((nats) => nats)).toBe('pass');
    expect(await verdictOf((nats) => nats - 1e-3)).toBe('fail');
    expect(await verdictOf((nats, k) => (k % 20 === 0 ? nats - 0.5 : nats))).toBe('fail');
    expect(await verdictOf((nats) => nats * 0.99)).toBe('fail');
  });

  test('for a GPU the reference runs it without the rounding', () => {
    const exact = withExactProducts(model, 'm.onnx');
    expect(readSummary(exact, 'm.onnx').activations.rounded).toEqual([]);
    expect(readSummary(model, 'm.onnx').activations.rounded).toHaveLength(3);
    expect(withExactProducts(exact, 'm.onnx')).toEqual(exact);
  });
});

/** A cast of fp16 to fp16 before a product, as `value.dtype` leaves it: no session without optimization. */
function castInHalves(): Uint8Array {
  const half = Uint16Array.from(normals(VOCABULARY * 16, 3), (value) =>
    value > 0 ? 0x3800 : 0xb400,
  );
  const cast = (to: number, from: string, into: string) => ({
    op: 'Cast',
    inputs: [from],
    outputs: [into],
    attributes: { to: { int: to } },
  });
  return onnxModel({
    nodes: [
      { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x'] },
      { op: 'Softmax', inputs: ['x'], outputs: ['p'], attributes: { axis: { int: -1 } } },
      cast(TYPE.float16, 'p', 'same'),
      { op: 'MatMul', inputs: ['same', 'head'], outputs: ['y'] },
      cast(TYPE.float32, 'y', 'logits'),
    ],
    inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'time'] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'time', VOCABULARY] }],
    initializers: [
      { name: 'table', type: 'float16', dims: [VOCABULARY, 16], data: half },
      { name: 'head', type: 'float16', dims: [16, VOCABULARY], data: half },
    ],
    opset: 17,
  });
}

/** Logits stored in fp16, looked up and used in fp32. */
function tableInHalves(): Uint8Array {
  return onnxModel({
    nodes: [
      { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x'] },
      { op: 'Cast', inputs: ['x'], outputs: ['logits'], attributes: { to: { int: TYPE.float32 } } },
    ],
    inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'time'] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'time', VOCABULARY] }],
    initializers: [
      {
        ...{ name: 'table', type: 'float16', dims: [VOCABULARY, VOCABULARY] },
        data: Uint16Array.from(normals(VOCABULARY ** 2, 3), (value) =>
          value > 0 ? 0x3800 : 0xb400,
        ),
      },
    ],
    opset: 17,
  });
}

describe('a graph of fp16 that loads only with graph optimization', () => {
  const unoptimized = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;

  test('is scored, and verified with it', async () => {
    const model = castInHalves();
    await expect(InferenceSession.create(model, unoptimized)).rejects.toThrow(/Type Error/);
    const w = await scoreFixture({ model });
    const result = await score({ ...options, artifact: w.model, docs: w.docs });
    expect(result.verification).toMatchObject({ verdict: 'pass', optimized: true });
    expect(result.verification.note).toMatch(/does not run without it: Type Error/);
    expect(result.score.val_bpb).toBeGreaterThan(0);
  });

  test('one that no reference loads is scored without a verdict, and why', async () => {
    const w = await scoreFixture({ model: castInHalves() });
    const asked = { ...options, artifact: w.model, docs: w.docs, workers: 1, threads: 1 } as const;
    const setup = workerSetup(await openEvaluation(asked, 'plan'), asked);
    const graph = { ...setup.options.graph, model: Uint8Array.of(1, 2, 3) };
    const verification = await verifyRows({
      setup: { ...setup, options: { ...setup.options, graph } },
      groups: [Uint32Array.of(0)],
      noiseGroups: [],
      ofRun: new Map([[0, new Float32Array(32)]]),
      seed: 1,
      tolerance: 1e-5,
      rounded: false,
      onGpu: true,
    });
    expect(verification).toMatchObject({ verdict: 'not_possible', rows: 0, mean_abs_nats: null });
    expect(verification.note).toMatch(/not an ONNX model/);
  });

  test('computes in fp16 whatever its logits are, and says so: the tolerance is that of fp16', async () => {
    const w = await scoreFixture({ model: castInHalves() });
    const result = await score({ ...options, artifact: w.model, docs: w.docs });
    expect(result.engine.precision).toBe('fp16');
    expect(result.verification.tolerance_nats).toBe(1e-3);
    const said = result.findings.find(({ id }) => id === 'half-precision');
    expect(said).toMatchObject({ severity: 'note' });
    // The first cast is of fp16 to fp16, and the last of fp16 to fp32: neither rounds.
    expect(said!.message).toMatch(
      /fp16 though its logits are fp32: 2 nodes: Softmax \(p\), MatMul \(y\)$/,
    );
    const optimized = await score({
      ...{ ...options, artifact: w.model, docs: w.docs },
      ...{ optimize: true, precision: 'fp32' as const },
    });
    expect(optimized.optimization).toMatchObject({ verdict: 'pass', precision: 'fp16' });
    expect(optimized.verification).toMatchObject({ verdict: 'pass', tolerance_nats: 5e-3 });
  });

  test('one look at a table in fp16 is no computation in it: the tolerance stays', async () => {
    const w = await scoreFixture({ model: tableInHalves() });
    const result = await score({ ...options, artifact: w.model, docs: w.docs });
    expect(result.engine.precision).toBe('fp32');
    expect(result.verification).toMatchObject({ verdict: 'pass', tolerance_nats: 1e-5 });
    expect(result.findings.map(({ id }) => id)).not.toContain('half-precision');
  });

  const python = pythonWith('torch', 'onnx', 'onnxruntime.transformers.float16');
  test.runIf(python)('made by ONNX Runtime’s converter of a legacy export', async () => {
    const path = `${temporaryFolder()}/half.onnx`;
    const generator = fileURLToPath(new URL('half-export.py', import.meta.url));
    const made = spawnSync(python!, [generator, path], { encoding: 'utf8' });
    expect([made.status, made.stderr.slice(-500)]).toEqual([0, expect.any(String)]);
    await expect(InferenceSession.create(path, unoptimized)).rejects.toThrow(/Type Error/);
    const w = await scoreFixture();
    const result = await score({ ...options, artifact: path, docs: w.docs });
    expect(result.verification).toMatchObject({ verdict: 'pass', optimized: true });
  });
});

describe('what the second session cannot read or run', () => {
  /** A table behind casts; its logits are of the last type. */
  const cast = (...types: (keyof typeof TYPE)[]): Uint8Array =>
    onnxModel({
      nodes: [
        { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['v0'] },
        ...types.map((type, k) => ({
          op: 'Cast',
          inputs: [`v${k}`],
          outputs: [k + 1 === types.length ? 'logits' : `v${k + 1}`],
          attributes: { to: { int: TYPE[type] } },
        })),
      ],
      inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'time'] }],
      outputs: [{ name: 'logits', type: types.at(-1)!, dims: ['batch', 'time', VOCABULARY] }],
      initializers: [
        {
          ...{ name: 'table', type: 'float32', dims: [VOCABULARY, VOCABULARY] },
          data: normals(VOCABULARY ** 2, 3),
        },
      ],
      opset: 17,
    });

  test.each<[string, Uint8Array, RegExp | null]>([
    ['bf16 logits', cast('bfloat16'), /bf16 logits are cast to fp32/],
    ['bf16 logits of fp16', cast('float16', 'bfloat16'), /bf16 logits are cast to fp32/],
    ['float64 logits', cast('float64'), null],
  ])('%s are verified, in each way to run', async (_, model, note) => {
    const w = await scoreFixture({ model });
    for (const over of [{}, { optimize: true }]) {
      const { verification, score: figures } = await score({
        ...{ ...options, artifact: w.model, docs: w.docs },
        ...over,
      });
      expect(verification.verdict).toBe('pass');
      if (note === null) expect(verification.note).toBeNull();
      else expect(verification.note).toMatch(note);
      expect(figures.val_bpb).toBeGreaterThan(0);
    }
  });

  const verified = async (model: Uint8Array, nats = 5) => {
    const w = await scoreFixture();
    const asked = { ...options, artifact: w.model, docs: w.docs, workers: 1, threads: 1 } as const;
    const setup = workerSetup(await openEvaluation(asked, 'plan'), asked);
    const graph = { ...setup.options.graph, model };
    return verifyRows({
      setup: { ...setup, options: { ...setup.options, graph } },
      groups: [Uint32Array.of(0)],
      noiseGroups: [],
      ofRun: new Map([[0, new Float32Array(32).fill(nats)]]),
      ...{ seed: 1, tolerance: 1e-5, rounded: false, onGpu: true },
    });
  };

  test('a product in bf16, which only a GPU has: not possible, and why', async () => {
    const model = byteModel((g) => {
      const to = (type: number) => ({ to: { int: type } });
      const x = g.op('Gather', [g.weights([VOCABULARY, WIDTH]), 'input_ids']);
      const [a, b] = [x, g.weights([WIDTH, VOCABULARY])].map((each) =>
        g.op('Cast', [each], to(TYPE.bfloat16)),
      );
      return g.op('Cast', [g.op('MatMul', [a!, b!])], to(TYPE.float32));
    });
    const found = await verified(model);
    expect(found).toMatchObject({ verdict: 'not_possible', rows: 0 });
    expect(found.note).toMatch(/no kernel of MatMul for bf16/);
  });

  test('logits that it finds to be no numbers contradict the run', async () => {
    const model = byteModel((g) => {
      const x = g.op('Gather', [g.weights([VOCABULARY, VOCABULARY]), 'input_ids']);
      return g.op('Div', [x, g.op('Mul', [x, g.scalar(0)])]);
    });
    const found = await verified(model);
    expect(found).toMatchObject({ verdict: 'fail', rows: 0, mean_abs_nats: null });
    expect(found.note).toMatch(/no distribution/);
  });

  test('fewer logits than ids, and another shape: not possible, and no refusal', async () => {
    const narrow = byteModel((g) => g.op('Gather', [g.weights([VOCABULARY, 8]), 'input_ids']), {
      width: 8,
    });
    expect((await verified(narrow)).verdict).toBe('not_possible');
  });
});
