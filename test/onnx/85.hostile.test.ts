/** Strangers' graphs: refused or rewritten, never a crash, a hang or a flood of memory. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { type OptimizeOptions, optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder, runLogits, someIds } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';

const options: OptimizeOptions = {
  precision: 'fp16',
  seqLen: 8,
  batch: 2,
  liftSoftcap: true,
  scoredPositions: true,
  operators: new Set(['SumNorm', 'SquaredRelu', 'SwiGlu']),
};

/** A norm, a rotation-like slice, a mask and a head: a bit of everything that is matched. */
function sample(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.embed(16);
  const square = g.op('Pow', [x, g.scalar(2)]);
  const mean = g.op('ReduceMean', [square, g.ints([-1])], { keepdims: { int: 1 } });
  const normal = g.op('Div', [x, g.op('Sqrt', [g.op('Add', [mean, g.scalar(1e-5)])])]);
  const heads = g.transpose(g.reshape(normal, [0, 0, 2, 8]), [0, 2, 1, 3]);
  const scores = g.op('MatMul', [heads, g.transpose(heads, [0, 1, 3, 2])]);
  const ones = g.op('Expand', [g.scalar(1), g.ints([8, 8])]);
  const keep = g.op('Cast', [g.op('Trilu', [ones], { upper: { int: 0 } })], { to: { int: 9 } });
  const masked = g.op('Where', [keep, scores, g.scalar(-1e9)]);
  const y = g.op('MatMul', [g.op('Softmax', [masked], { axis: { int: -1 } }), heads]);
  const flat = g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, 16]);
  // A residual, a product that is taken apart, factors one after the other.
  const [left, right] = g.split(g.op('MatMul', [normal, g.weights([16, 32])]), 2, -1);
  const sum = g.op('Add', [flat, g.op('Mul', [left!, g.op('Tanh', [right!])])]);
  const scale = g.op('Mul', [g.op('Mul', [sum, g.weights([16])]), g.weights([16])]);
  return g.model(g.op('Add', [scale, g.op('Mul', [x, g.weights([16])])]), 16);
}

describe('a damaged model', () => {
  const model = sample();
  test('is whole to begin with', async () => {
    const { rewrites } = optimize(model, options);
    expect(rewrites.map(({ name }) => name)).toContain('attention');
    await expect(runLogits(model, someIds(2, 8), 2)).resolves.toBeDefined();
  });

  test('any two bytes changed', () => {
    const byte = fc.tuple(fc.nat(model.length - 1), fc.nat(255));
    fc.assert(
      fc.property(byte, byte, (...changes) => {
        const damaged = model.slice();
        for (const [at, value] of changes) damaged[at] = value;
        try {
          optimize(damaged, options);
        } catch (error) {
          expect(error).toBeInstanceOf(BpbError);
          expect((error as BpbError).kind).toBe('input');
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a hostile one', () => {
  const small = (build: (g: GraphBuilder, x: string) => string): Uint8Array => {
    const g = new GraphBuilder();
    return g.model(build(g, g.embed(4)), 4);
  };

  test('nodes in a circle', async () => {
    const bytes = small((g, x) => {
      g.op('Transpose', ['b'], { perm: { ints: [1, 0] } }, 'a');
      g.op('Transpose', ['a'], { perm: { ints: [1, 0] } }, 'b');
      return g.op('Add', [x, 'b']);
    });
    const error = await refusalOf(() => optimize(bytes, options));
    expect(error).toMatchObject({ code: 'BPB_OPTIMIZE', expected: 'nodes in topological order' });
  });

  test.each<[string, (g: GraphBuilder) => string]>([
    [
      'a range without end',
      (g) => {
        return g.op('Range', [g.scalar(0), g.scalar(1e30), g.scalar(1)]);
      },
    ],
    [
      'a range that stands still',
      (g) => {
        return g.op('Range', [g.scalar(0), g.scalar(1), g.scalar(0)]);
      },
    ],
    [
      'an expansion to 2⁴⁰ values',
      (g) => {
        const wide = g.op('Expand', [g.scalar(1), g.ints([2 ** 20, 2 ** 20])]);
        return g.op('ReduceMax', [wide, g.ints([0, 1])], { keepdims: { int: 0 } });
      },
    ],
    [
      'an expansion of that by a product',
      (g) => {
        const [a, b] = [g.ints([2 ** 20, 1]), g.ints([1, 2 ** 20])];
        const wide = g.op('Mul', [
          g.op('Expand', [g.scalar(1), a]),
          g.op('Expand', [g.scalar(1), b]),
        ]);
        return g.op('ReduceMax', [wide, g.ints([0, 1])], { keepdims: { int: 0 } });
      },
    ],
  ])('%s is left to the runtime', (_, build) => {
    const bytes = small((g, x) => g.op('Add', [x, build(g)]));
    expect(optimize(bytes, options).bytes.length).toBeLessThan(1e7);
  });

  test('an index beyond the table', async () => {
    const bytes = small((g, x) => {
      return g.op('Mul', [x, g.op('Gather', [g.ints([1, 2]), g.ints([7])])]);
    });
    try {
      optimize(bytes, options);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BPB_OPTIMIZE' });
    }
  });

  test('a chain of 20,000 negations', () => {
    const bytes = small((g, x) => {
      let y = x;
      for (let k = 0; k < 20_000; k++) y = g.op('Neg', [y]);
      return g.op('Mul', [y, g.weights([4])]);
    });
    expect(() => optimize(bytes, options)).not.toThrow();
  });

  test('more nodes than any model has', async () => {
    const bytes = small((g, x) => {
      for (let k = 0; k < 50_001; k++) g.op('Neg', [x]);
      return x;
    });
    const error = await refusalOf(() => optimize(bytes, options));
    expect(error).toMatchObject({ code: 'BPB_OPTIMIZE', expected: 'at most 50000 nodes' });
  });
});
