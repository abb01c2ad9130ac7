/**
 * Equivalent graph without the forms that ONNX Runtime refuses once the shapes are known.
 *
 * Where the axes are fixed, shape arithmetic folds into constants, and shape inference, which reads
 * constants only, checks values that were unknown before:
 * - Range takes scalars. The runtime's kernels also take vectors of one element, which exporters
 *   write, and with open axes nothing checks them. A Squeeze before each input makes both a scalar.
 * - Shapes that a graph declares of its inner values (`value_info`) may be those of the example that it
 *   was traced with. They are optional: the runtime infers them itself.
 */
import { bytes, type Chunk } from '../protobuf/encode.js';
import type { Message } from '../protobuf/message.js';
import { domainOf } from './check-names.js';
import { readModel } from './reader.js';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE } from './schema.js';

/**
 * The graph with its Range inputs squeezed and without declared inner shapes, in its subgraphs and
 * local functions too; null where it has neither. What it computes is the same.
 *
 * @throws BPB_MODEL_NOT_ONNX
 */
export function makeLoadable(model: Uint8Array, path: string): Uint8Array | null {
  const root = readModel(model, path);
  let changed = false;
  // Part of every new name, and of none that the file has.
  const all = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  let stem = '/scalar_';
  while (all.includes(stem)) stem = `/${stem}`;

  const chunks = root.rewritten(({ type, message }) => {
    if (type !== MODEL.graph && type !== MODEL.functions) return null;
    return [bytes(type.number, rewriteBody(message!))];
  });
  return changed ? new Uint8Array(Buffer.concat(chunks)) : null;

  /** Of a graph or a function. */
  function rewriteBody(body: Message): Chunk[] {
    return body.rewritten(({ type, message }) => {
      if (type === GRAPH.node || type === FUNCTION.node) return rewriteNode(type.number, message!);
      if (type !== GRAPH.value_info && type !== FUNCTION.value_info) return null;
      changed = true;
      return [];
    });
  }

  /** A node, and before it the nodes that it needs. */
  function rewriteNode(field: number, node: Message): Chunk[] {
    if (node.string(NODE.op_type) !== 'Range' || domainOf(node, NODE.domain) !== '') {
      const inner = node.rewritten(({ type, message }) =>
        type === NODE.attribute ? [bytes(type.number, rewriteAttribute(message!))] : null,
      );
      return [bytes(field, inner)];
    }
    changed = true;
    const output = node.strings(NODE.output).at(-1) ?? '';
    const inputs = node.strings(NODE.input);
    const scalars = inputs.map((_, k) => `${output}${stem}${k}`);
    const squeezes = inputs.map((input, k) =>
      bytes(field, [
        bytes(NODE.input.number, input),
        bytes(NODE.output.number, scalars[k]!),
        bytes(NODE.op_type.number, 'Squeeze'),
      ]),
    );
    const rest = node.rewritten(({ type }) => (type === NODE.input ? [] : null));
    return [
      ...squeezes,
      bytes(field, [...scalars.map((name) => bytes(NODE.input.number, name)), ...rest]),
    ];
  }

  function rewriteAttribute(attribute: Message): Chunk[] {
    return attribute.rewritten(({ type, message }) => {
      if (type !== ATTRIBUTE.g && type !== ATTRIBUTE.graphs) return null;
      return [bytes(type.number, rewriteBody(message!))];
    });
  }
}
