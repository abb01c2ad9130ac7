/** `--optimize` on constants of every element type, also those that it cannot compute with: left, never refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STORAGE, TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder, largestDifference, runLogits, someIds } from '../helpers/graph-builder.js';
import { nBits } from '../helpers/quantized.js';

const ELEMENTS = 4;
const SEQ = 8;
/** Element types of onnx.proto that have bytes of their own. */
const TYPES = STORAGE.flatMap((storage, type) =>
  storage?.bits ? [{ type, bits: storage.bits }] : [],
);
/** Stands for the constant until its type is written. */
const NAME = 'odd_constant';

type Move = (g: GraphBuilder, x: string) => string;
const MOVES: Readonly<Record<string, Move>> = {
  Identity: (g, x) => g.op('Identity', [x]),
  Transpose: (g, x) => g.transpose(x, [1, 0]),
  Reshape: (g, x) => g.reshape(x, [2, 2]),
  Slice: (g, x) => g.slice(x, 0, 0, 2),
  Concat: (g, x) => g.slice(g.op('Concat', [x, x], { axis: { int: 0 } }), 0, 0, 2),
  Unsqueeze: (g, x) => g.op('Squeeze', [g.op('Unsqueeze', [x, g.ints([0])]), g.ints([0])]),
  Gather: (g, x) => g.op('Gather', [x, g.ints([1, 0])]),
  Expand: (g, x) => g.op('Expand', [x, g.ints([2, 2])]),
  Where: (g, x) => g.op('Where', [g.bools([true, false, false, true], [2, 2]), x, x]),
  Add: (g, x) => g.op('Add', [x, x]),
  Mul: (g, x) => g.op('Mul', [x, x]),
};

/** Logits, and 0 times a number that is computed of the constant. */
function graphOf(
  moves: readonly string[],
  end: 'Cast' | 'DequantizeLinear',
  type: number,
  bits: number,
) {
  const g = new GraphBuilder();
  const x = g.embed(16);
  const size = Math.ceil((ELEMENTS * bits) / 8);
  const data = Uint8Array.from({ length: size }, (_, k) =>
    type === TYPE.bool ? k % 2 : 1 + (k % 7),
  );
  g.initializers.push({ name: NAME, type: 'uint8', dims: [2, 2], data });
  const moved = moves.reduce((at, move) => MOVES[move]!(g, at), NAME);
  const number =
    end === 'Cast'
      ? g.op('Cast', [moved], { to: { int: 1 } })
      : g.op('DequantizeLinear', [moved, g.scalar(0.5)]);
  const sum = g.op('ReduceSum', [number, g.ints([0, 1])], { keepdims: { int: 0 } });
  const model = g.model(g.op('Add', [x, g.op('Mul', [sum, g.scalar(0.001)])]), 16);
  return typed(model, type);
}

/** The model with the constant of that type: `data_type` stands before its name. */
function typed(model: Uint8Array, type: number): Uint8Array {
  const bytes = Buffer.from(model);
  // Field 2, a number, and field 8 with the name's length.
  const at = bytes.indexOf(Buffer.from([0x10, 2, 0x42, NAME.length, ...Buffer.from(NAME)]));
  expect(at).toBeGreaterThan(0);
  bytes[at + 1] = type;
  return new Uint8Array(bytes);
}

const moves = fc.array(fc.constantFrom(...Object.keys(MOVES)), { maxLength: 4 });
const end = fc.constantFrom('Cast' as const, 'DequantizeLinear' as const);
const options = (precision: 'fp16' | 'fp32') => ({ precision, seqLen: SEQ, batch: 2 }) as const;

describe.each(TYPES)('type $type', ({ type, bits }) => {
  test('is rewritten or left in any place, and computes the same where the runtime has it', async () => {
    const ids = someIds(2, SEQ);
    await fc.assert(
      fc.asyncProperty(moves, end, async (chain, last) => {
        const model = graphOf(chain, last, type, bits);
        for (const precision of ['fp32', 'fp16'] as const) {
          const { bytes } = optimize(model, options(precision));
          OnnxGraph.parse(bytes, 'rewritten');
        }
        const before = await runLogits(model, ids, 2).catch(() => null);
        if (before === null) return;
        const after = await runLogits(optimize(model, options('fp32')).bytes, ids, 2);
        const scale = Math.max(
          1,
          ...before.map((logit) => (Number.isFinite(logit) ? Math.abs(logit) : 1)),
        );
        const same = before.every((logit, k) => Object.is(logit, after[k]));
        if (!same) expect(largestDifference(before, after) / scale).toBeLessThan(1e-4);
      }),
      { seed: 11, numRuns: 12 },
    );
  });
});

describe('MatMulNBits of all widths, blocks and accuracy levels', () => {
  const shapes = [2, 4, 8].flatMap((bits) =>
    [16, 32, 128].flatMap((block) =>
      [false, true].flatMap((zeroPoints) =>
        [undefined, 0, 1, 2, 3, 4].map((accuracyLevel) => ({
          bits,
          block,
          zeroPoints,
          accuracyLevel,
        })),
      ),
    ),
  );
  test.each(shapes)('%j', async (shape) => {
    const g = new GraphBuilder();
    const made = nBits(g, g.embed(32), { K: 32, N: 32, ...shape } as never);
    const model = g.model(made, 32);
    const ids = someIds(2, SEQ);
    const { bytes } = optimize(model, options('fp32'));
    const [before, after] = [await runLogits(model, ids, 2), await runLogits(bytes, ids, 2)];
    expect(largestDifference(before, after)).toBeLessThan(1e-3);
    optimize(model, options('fp16'));
  });
});
