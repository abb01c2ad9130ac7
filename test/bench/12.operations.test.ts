/** What the CPU benchmark holds against the machine's peak: operations of a row, counted from its graph. */
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/index';
import { TYPE } from '#bpb/onnx/element-types';
import { readModel } from '#bpb/onnx/reader';
import { GRAPH, MODEL, TENSOR } from '#bpb/onnx/schema';

const { configOf, operationsOfRow } = await import(
  new URL('../../bench/lib/operations.mjs', import.meta.url).href
);

describe('operations that a row needs', () => {
  test('are those of the matrices in the graph, and of attention pair by pair', async () => {
    const { model } = await loadArtifact('models/sotu-8x256');
    const config = configOf(model.bytes);
    const graph = readModel(model.bytes, 'model.onnx').child(MODEL.graph)!;
    // Every int8 matrix is multiplied with once; the embedding is the head's too.
    const matrices = graph
      .children(GRAPH.initializer)
      .filter((tensor) => tensor.number(TENSOR.data_type) === TYPE.int8)
      .map((tensor) => Array.from(tensor.numbers(TENSOR.dims)).reduce((a, b) => a * b, 1));
    const time = 5;
    let expected = 2 * time * matrices.reduce((a, b) => a + b, 0);
    for (let query = 0; query < time; query++) {
      for (let key = 0; key <= query; key++) {
        expected += config.layers * config.heads * 4 * (config.dim / config.heads);
      }
    }
    expect(matrices).toHaveLength(4 * config.layers + 1);
    expect(operationsOfRow(config, time)).toBe(expected);
  });

  test('want a graph that says its sizes', () => {
    expect(() => configOf(Uint8Array.of(0x3a, 0))).toThrow(/models\/train did not export it/);
  });
});
