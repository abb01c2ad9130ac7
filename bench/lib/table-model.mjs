/** A model whose logits are looked up in a table: it costs nothing, so the harness shows. */
import { onnxModel } from '../../dist/onnx/writer.js';

/** `logits[r, t] = table[input_ids[r, t]]`, seeded values. */
export function tableModelBytes(vocabulary) {
  const table = new Float32Array(vocabulary * vocabulary);
  for (let i = 0; i < table.length; i++)
    table[i] = ((Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24) * 8;
  const dims = ['batch', 'time'];
  return onnxModel({
    nodes: [{ op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] }],
    inputs: [{ name: 'input_ids', type: 'int64', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: [...dims, vocabulary] }],
    initializers: [{ name: 'table', type: 'float32', dims: [vocabulary, vocabulary], data: table }],
  });
}
