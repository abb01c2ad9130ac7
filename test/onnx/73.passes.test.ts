/** Passes over the hidden states outside products and attention, of the bundled model as a GPU would run it. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { optimize } from '#bpb/onnx/optimize/optimize';
import type { OwnOperator } from '#bpb/onnx/optimize/own-operators';
import { activationPasses, totalOf } from '../helpers/activation-passes.js';

const [LAYERS, WIDTH, MLP] = [8, 256, 3];
const [ROWS, TIME] = [2, 64];

test('the more operators an engine takes, the fewer passes a layer', async () => {
  const path = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));
  const { model } = await loadArtifact(path);
  const passes = (...operators: OwnOperator[]) => {
    const { bytes } = optimize(model.bytes, {
      precision: 'fp16',
      seqLen: TIME,
      batch: ROWS,
      liftSoftcap: true,
      operators: new Set(operators),
    });
    return activationPasses(bytes, { tokens: ROWS * TIME, width: WIDTH });
  };
  const [without, sums] = [passes(), passes('SumNorm')];
  expect(totalOf(without) / LAYERS).toBeCloseTo(34.4, 1);
  expect(totalOf(sums) / LAYERS).toBeCloseTo(28, 1);
  // The MLP is three times as wide: 12 for a rectifier and its square, 6 for both in one.
  // Norms and rotations of queries and keys: 6 passes, and 4 with the split of their product.
  const all = passes('SumNorm', 'SquaredRelu', 'SplitNormRotary');
  expect(totalOf(all) / LAYERS).toBeCloseTo(20, 1);
  // As the challenge's baseline has it, with an MLP of twice the width, 18 at most.
  expect(totalOf(all) / LAYERS - 2 * (MLP - 2)).toBeLessThanOrEqual(18);
  // Heads' norms of queries and keys are 3 of them.
  expect(sums.get('SumNorm')! / LAYERS - 3).toBeLessThan(10);
});
