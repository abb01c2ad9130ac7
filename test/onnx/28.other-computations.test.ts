/** The same model computed in another way, for its reference: constants perturbed, logits in bf16 cast. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { perturbed } from '#bpb/onnx/perturbed';
import { withWidenedLogits } from '#bpb/onnx/widened-logits';
import { byteModel } from '../helpers/byte-models.js';
import { normals, tableModel } from '../helpers/models.js';

const float = (model: Uint8Array, name: string) =>
  OnnxGraph.parse(model, 'm')
    .initializers.find((item) => item.name === name)!
    .decode()!.values;

describe('constants perturbed', () => {
  const values = [0.1, -2.5, 3, 0, Number.NEGATIVE_INFINITY, 1e-30];
  const model = byteModel((g) => {
    g.initializers.push(
      { name: 'many', type: 'float32', dims: [values.length], data: Float32Array.from(values) },
      { name: 'one', type: 'float32', dims: [], data: Float32Array.of(0.3) },
      { name: 'whole', type: 'int64', dims: [2], data: BigInt64Array.of(5n, 7n) },
    );
    return g.op('Gather', [g.weights([260, 260]), 'input_ids']);
  });
  const changed = perturbed(model, 'm');

  test('fractions move by one unit in the last place, either way', () => {
    const [before, after] = [float(model, 'many'), float(changed, 'many')];
    for (const [k, value] of before.entries()) {
      const fraction = Number.isFinite(value) && !Number.isInteger(value);
      if (!fraction) expect(Object.is(after[k], value)).toBe(true);
      else expect(Math.abs(after[k]! / value - 1)).toBeLessThan(2 ** -22);
      expect(after[k] !== value).toBe(fraction);
    }
  });

  test('numbers of their own and integers stay, and so does the file given', () => {
    expect(float(changed, 'one')).toEqual(float(model, 'one'));
    expect(float(changed, 'whole')).toEqual(float(model, 'whole'));
    expect(perturbed(changed, 'm')).toEqual(model);
  });
});

describe('logits cast', () => {
  const table = normals(260 * 260, 1);

  test('only those of bf16, under a name that nothing has', () => {
    expect(withWidenedLogits(tableModel(table, 260), 'm', 'logits')).toBeNull();
    const model = tableModel(table, 260, { output: 'bfloat16' });
    const { model: bytes, logits } = withWidenedLogits(model, 'm', 'logits')!;
    const [port] = OnnxGraph.parse(bytes, 'm').ports('output');
    expect(port).toMatchObject({ name: logits, elementType: 1 });
    expect(logits).not.toBe('logits');
    expect(withWidenedLogits(bytes, 'm', logits)).toBeNull();
  });

  test('an output that is not there is left', () => {
    expect(withWidenedLogits(tableModel(table, 260), 'm', 'none')).toBeNull();
  });
});
