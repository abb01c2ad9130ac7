/** Logits of scored positions only, the softcap left to the scorer, halves, and the axes fixed. */
import { describe, expect, test } from 'vitest';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { readSummary } from '#bpb/onnx/summary';
import {
  GraphBuilder,
  largestDifference,
  runLogits,
  someIds,
  VOCAB,
} from '../helpers/graph-builder.js';
import { checked, TOLERANCE_LOGIT } from '../helpers/optimized.js';
import { refusalOf } from '../helpers/refusal.js';

const [D, T, ROWS] = [16, 8, 2];

/** Means over earlier positions, then an MLP and a head: all but the first is position by position. */
function model(finish?: (g: GraphBuilder, hidden: string) => string, flat = false): Uint8Array {
  const g = new GraphBuilder();
  const x = g.embed(D);
  const triangle = Array.from({ length: T * T }, (_, k) => (k % T <= Math.floor(k / T) ? 0.2 : 0));
  const mixed = g.op('MatMul', [g.floats(triangle, [T, T]), x]);
  const residual = g.op('Add', [x, mixed]);
  const hidden = flat ? g.reshape(residual, [-1, D]) : residual;
  const up = g.op('Relu', [g.op('MatMul', [hidden, g.weights([D, 2 * D])])]);
  const squares = g.op('Mul', [up, up]);
  const down = g.op('MatMul', [squares, g.weights([2 * D, D], 0.1)]);
  const last = g.op('Mul', [g.op('Add', [hidden, down]), g.weights([D])]);
  const logits = g.op('MatMul', [last, g.weights([D, VOCAB])]);
  const shaped = flat ? g.reshape(logits, [-1, T, VOCAB]) : logits;
  g.op('Identity', [finish?.(g, shaped) ?? shaped], {}, 'logits');
  return g.file();
}

const cap =
  (inside: number, outside: number) =>
  (g: GraphBuilder, z: string): string => {
    const inner = g.op('Tanh', [g.op('Div', [z, g.scalar(inside)])]);
    return g.op('Mul', [inner, g.scalar(outside)]);
  };

describe('axes', () => {
  test.each([
    ['a time axis that is fixed otherwise', { seqLen: 9 }, ['batch', 8]],
    ['a batch axis that is fixed otherwise', { seqLen: 8, batch: 3 }, [2, 'time']],
  ] as const)('refused: %s', async (_, options, dims) => {
    const g = new GraphBuilder();
    const bytes = g.model(g.embed(D), D, { dims });
    const error = await refusalOf(() => optimize(bytes, { precision: 'fp32', ...options }));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_OPTIMIZE' });
  });

  test('refused: an input of another name', async () => {
    const error = await refusalOf(() =>
      optimize(model(), { precision: 'fp32', seqLen: T, tokensInput: 'ids' }),
    );
    expect(error.expected).toContain('ids');
  });

  test('are written into the model, and the same bytes come out each time', () => {
    const options = { precision: 'fp16', seqLen: T, batch: ROWS } as const;
    const { bytes } = optimize(model(), options);
    const { inputs, outputs } = readSummary(bytes, 'm.onnx');
    expect(inputs).toEqual([{ name: 'input_ids', elementType: 7, dims: [ROWS, T] }]);
    expect(outputs).toEqual([{ name: 'logits', elementType: 10, dims: [ROWS, T, VOCAB] }]);
    expect(Buffer.from(optimize(model(), options).bytes).equals(Buffer.from(bytes))).toBe(true);
  });
});

describe('scored positions', () => {
  test.each([
    ['rows and positions apart', undefined, false],
    ['flat', undefined, true],
    ['behind a softcap', cap(30, 30), false],
    ['flat behind a softcap', cap(30, 30), true],
  ] as const)('%s: the same logits, of those positions alone', async (_, finish, flat) => {
    const bytes = model(finish, flat);
    const ids = someIds(ROWS, T);
    const all = await runLogits(bytes, ids, ROWS);
    for (const batch of [ROWS, undefined]) {
      const options = { precision: 'fp32', seqLen: T, batch, scoredPositions: true } as const;
      const result = optimize(bytes, options);
      expect(result.scoredInput).toBe('scored_positions');
      // Everything after the mixing: the MLP, the residual sum and the head.
      expect(
        result.rewrites.find(({ name }) => name === 'scored-positions')!.count,
      ).toBeGreaterThan(6);
      for (const scored of [[3], [0, 15], [15, 3, 3, 8, 7]]) {
        const some = await runLogits(result.bytes, ids, ROWS, scored);
        const wanted = scored.flatMap((p) => [...all.subarray(p * VOCAB, (p + 1) * VOCAB)]);
        expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
      }
    }
  });

  test.each([
    ['value', (g: GraphBuilder, x: string) => g.op('Sin', [x], {}, 'scored_positions')],
    [
      'initializer',
      (g: GraphBuilder, x: string) => {
        g.weights([D]);
        g.initializers.push({ ...g.initializers.at(-1)!, name: 'scored_positions' });
        return g.op('Add', [x, 'scored_positions']);
      },
    ],
  ] as const)(
    'their input gets another name where the model has a %s of its name',
    async (_, put) => {
      const g = new GraphBuilder();
      const mixed = g.op('CumSum', [g.embed(D), g.ints([1])]);
      const bytes = g.model(g.op('Tanh', [put(g, mixed)]), D);
      const { bytes: made, scoredInput } = optimize(bytes, {
        precision: 'fp32',
        seqLen: T,
        scoredPositions: true,
      });
      expect(scoredInput).toMatch(/^bpb\/scored_positions_/);
      const ids = someIds(ROWS, T);
      const all = await runLogits(bytes, ids, ROWS);
      const scored = [15, 3];
      const some = await runLogits(made, ids, ROWS, scored, scoredInput!);
      const wanted = scored.flatMap((p) => [...all.subarray(p * VOCAB, (p + 1) * VOCAB)]);
      expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
    },
  );

  test('not where the logits mix positions after the head', () => {
    const shifted = model((g, z) => {
      const first = g.slice(z, 1, 0, 1);
      return g.op('Concat', [first, g.slice(z, 1, 0, T - 1)], { axis: { int: 1 } });
    });
    const options = { precision: 'fp32', seqLen: T, batch: ROWS, scoredPositions: true } as const;
    const result = optimize(shifted, options);
    expect(result.scoredInput).toBeNull();
    expect(result.untouched.join()).toContain('head:');
  });

  test('not what depends on the position itself', async () => {
    const g = new GraphBuilder();
    const placed = g.op('Add', [g.embed(D), g.weights([T, D])]);
    const bytes = g.model(placed, D);
    const options = { precision: 'fp32', seqLen: T, batch: ROWS, scoredPositions: true } as const;
    const result = optimize(bytes, options);
    expect(result.rewrites.find(({ name }) => name === 'scored-positions')?.count).toBe(1);
    const ids = someIds(ROWS, T);
    const all = await runLogits(bytes, ids, ROWS);
    const some = await runLogits(result.bytes, ids, ROWS, [9]);
    const wanted = all.slice(9 * VOCAB, 10 * VOCAB);
    expect(largestDifference(wanted, some)).toBeLessThan(TOLERANCE_LOGIT);
  });
});

describe('what is not the same for all positions', () => {
  const picked = async (
    finish: (g: GraphBuilder, x: string) => string,
    { rows = ROWS, open = false, opset = 18 } = {},
  ) => {
    const g = new GraphBuilder();
    const y = finish(g, g.embed(D));
    if (y === 'logits') g.op('Identity', ['made'], {}, 'logits');
    const bytes = y === 'logits' ? g.file({ opset }) : g.model(y, D, { opset });
    const batch = open ? undefined : rows;
    const options = { precision: 'fp32', seqLen: T, batch, scoredPositions: true } as const;
    const { bytes: model, scoredInput } = optimize(bytes, options);
    const [ids, scored] = [someIds(rows, T), [rows * T - 1, 0, 3, 3]];
    const all = await runLogits(bytes, ids, rows);
    const some = await runLogits(model, ids, rows, scoredInput === null ? undefined : scored);
    const wanted = (scoredInput === null ? [...ids.keys()] : scored).flatMap((k) => [
      ...all.subarray(k * VOCAB, (k + 1) * VOCAB),
    ]);
    expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
  };

  test('a constant for each position of the one row', async () => {
    const gate = (op: string) => (g: GraphBuilder, x: string) =>
      g.op('Mul', [x, g.op(op, [g.weights([1, T, D])])]);
    await picked(gate('Sigmoid'), { rows: 1 });
    await picked(
      (g, x) => {
        return g.op('Add', [x, g.op('MatMul', [g.weights([1, T, D]), g.weights([D, D])])]);
      },
      { rows: 1 },
    );
  });

  test('gains of a norm', async () => {
    const axis = { axis: { int: -1 } };
    await picked((g, x) => {
      return g.op('LayerNormalization', [x, g.weights([T, D]), g.weights([T, D])], axis);
    });
    await picked((g, x) => g.op('RMSNormalization', [x, g.weights([1, T, D])], axis), {
      opset: 23,
    });
  });

  test('logits of all positions from one vector a row', async () => {
    const pooled = (g: GraphBuilder, x: string) => {
      const mean = g.op('ReduceMean', [x, g.ints([1])], { keepdims: { int: 0 } });
      const wide = g.op('MatMul', [mean, g.weights([D, T * VOCAB])]);
      g.op('Reshape', [wide, g.ints([-1, T, VOCAB])], {}, 'made');
      return 'logits';
    };
    await picked(pooled);
    await picked(pooled, { open: true });
  });
});

describe('the softcap', () => {
  test('is left to the scorer', async () => {
    expect((await checked(model(cap(30, 30)), { liftSoftcap: true })).softcap).toBe(30);
    expect((await checked(model(cap(15, 15), true), { liftSoftcap: true })).softcap).toBe(15);
  });

  test('stays where it is asked to, or is none', async () => {
    expect((await checked(model(cap(30, 30)))).softcap).toBeNull();
    expect((await checked(model(cap(30, 20)), { liftSoftcap: true })).softcap).toBeNull();
    expect((await checked(model(), { liftSoftcap: true })).softcap).toBeNull();
  });

  test('divided by in the gain of the last norm', async () => {
    const g = new GraphBuilder();
    const gain = g.floats(new Float32Array(D).fill(1 / 30));
    const normal = g.op('RMSNormalization', [g.embed(D), gain], { axis: { int: -1 } });
    const tanh = g.op('Tanh', [g.op('MatMul', [normal, g.weights([D, VOCAB], 4)])]);
    g.op('Mul', [tanh, g.scalar(30)], {}, 'logits');
    const { softcap } = await checked(g.file({ opset: 23 }), { liftSoftcap: true });
    expect(softcap).toBe(30);
  });
});

describe('halves', () => {
  test('what is not known to be sound in them stays in fp32', async () => {
    const bytes = model((g, z) => g.op('Log', [g.op('Exp', [z])]));
    const { counts, untouched, logits } = await checked(bytes, { precision: 'fp16' });
    expect(counts['half-precision-weights']).toBeGreaterThan(3);
    expect(untouched).toContain('fp16: left in fp32: 1 Exp');
    expect(logits).toBe('fp32');
  });

  const ROWS_OF_IDS = 1000;
  const whole = (g: GraphBuilder, name: string) => g.op('Cast', [name], { to: { int: 7 } });
  test.each<[string, (g: GraphBuilder) => string]>([
    [
      'numbers of rows that are divided as floats',
      (g) => {
        const id = g.op('Add', [g.op('Cast', ['input_ids'], { to: { int: 1 } }), g.scalar(2900)]);
        const row = whole(g, g.op('Floor', [g.op('Div', [id, g.scalar(3)])]));
        const odd = whole(g, g.op('Sub', [id, g.scalar(2100)]));
        const table = g.weights([ROWS_OF_IDS, D]);
        return g.op('Add', [g.op('Gather', [table, row]), g.op('Gather', [table, odd])]);
      },
    ],
    [
      'numbers of rows from a table of floats',
      (g) => {
        const numbers = g.floats(Float32Array.from({ length: VOCAB }, (_, k) => 2049 + 2 * k));
        const row = whole(g, g.op('Gather', [numbers, 'input_ids']));
        const table = g.weights([ROWS_OF_IDS, D]);
        return g.op('Gather', [table, g.op('Sub', [row, g.ints([2000])])]);
      },
    ],
    [
      'ids beyond the largest half',
      (g) => {
        const id = g.op('Cast', ['input_ids'], { to: { int: 1 } });
        const share = g.op('Div', [g.op('Mul', [id, g.scalar(9000)]), g.scalar(100_000)]);
        return g.op('Mul', [g.op('Unsqueeze', [share, g.ints([2])]), g.weights([D])]);
      },
    ],
    ...['Max', 'Add'].map((op): [string, (g: GraphBuilder) => string] => [
      `a length of zero with a guard by ${op}`,
      (g) => {
        const gates = Array.from({ length: T }, (_, k) => Math.min(k, 1));
        const x = g.op('Mul', [g.embed(D), g.floats(gates, [T, 1])]);
        const keep = { keepdims: { int: 1 } };
        const squares = g.op('ReduceSum', [g.op('Mul', [x, x]), g.ints([-1])], keep);
        return g.op('Div', [x, g.op(op, [g.op('Sqrt', [squares]), g.scalar(1e-12)])]);
      },
    ]),
  ])('%s', async (_, make) => {
    const g = new GraphBuilder();
    await checked(g.model(make(g), D), { precision: 'fp16' });
  });

  test('a value that is an output and used as well', async () => {
    const g = new GraphBuilder();
    const gate = g.op('Tanh', [g.op('MatMul', [g.embed(D), g.weights([D, D])])]);
    const heads = g.reshape(gate, [0, 0, 2, 8]);
    const bytes = g.model(g.reshape(g.op('Mul', [heads, heads]), [0, 0, D]), D, { extra: [heads] });
    await checked(bytes, { precision: 'fp16' });
  });

  test('operators that only few exporters write do not keep the model in fp32', async () => {
    const bytes = model((g, z) => {
      const slopes = g.weights([VOCAB]);
      const sum = g.op('Mean', [g.op('Sum', [z, z, g.op('PRelu', [z, slopes])]), z]);
      const norms = ['ReduceL1', 'ReduceL2', 'ReduceSumSquare'].map((op) => {
        return g.op('Sqrt', [g.op(op, [z, g.ints([-1])])]);
      });
      return g.op('Div', [sum, g.op('Add', [g.op('Sum', norms), g.scalar(1)])]);
    });
    const { counts, untouched } = await checked(bytes, { precision: 'fp16' });
    expect(counts['half-precision-weights']).toBeGreaterThan(3);
    expect(untouched.join()).not.toContain('not known');
    expect(untouched.join()).not.toMatch(/ (Sum|Mean|PRelu) stay/);
  });

  test('a model whose operators are not known is not touched', async () => {
    const bytes = model((g, z) => g.op('LpNormalization', [z]));
    const { logits, untouched } = await checked(bytes, { precision: 'fp16' });
    expect(logits).toBe('fp32');
    expect(untouched.join()).toContain('LpNormalization');
  });
});
