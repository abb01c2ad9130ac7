/**
 * A copy of a graph without what keeps ONNX Runtime from opening it once it knows the shapes.
 *
 * Where the axes are fixed, shape arithmetic folds into constants, and shape inference, which looks at
 * constants only, sees what it did not see before:
 * - Range asks for scalars. The runtime's kernels also take vectors of one element, which exporters
 *   write, and with open axes nobody looks. A Squeeze before each input makes both a scalar.
 * - Shapes that a graph declares of its inner values (`value_info`) may be those of the example that it
 *   was traced with. They are notes: the runtime infers them itself.
 */
import { bytes, type Chunk, join } from '../protobuf/encode.js';
import { WIRE, WireReader } from '../protobuf/wire.js';

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7, functions: 25 } as const;
const GRAPH = { node: 1, values: 13 } as const;
const FUNCTION = { node: 7, values: 12 } as const;
const NODE = { input: 1, output: 2, op: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { graph: 6, graphs: 11 } as const;

/** As deep as the project's reader of models goes. */
const MAX_DEPTH = 32;

/**
 * The graph with its Range inputs squeezed and without declared inner shapes, in its subgraphs and
 * local functions too; null where it has neither. What it computes is the same.
 *
 * @throws BPB_MODEL_NOT_ONNX
 */
export function makeLoadable(model: Uint8Array, path: string): Uint8Array | null {
  const source = { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' } as const;
  let changed = false;
  // Part of every new name, and of none that the file has.
  const all = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  let stem = '/scalar_';
  while (all.includes(stem)) stem = `/${stem}`;

  const chunks = rewrite(model, (field, payload) => {
    if (field === MODEL.graph) return [bytes(field, body(payload, GRAPH, 0))];
    if (field === MODEL.functions) return [bytes(field, body(payload, FUNCTION, 0))];
    return null;
  });
  return changed ? join(chunks) : null;

  /** The message with the fields that `replace` gives others for; null keeps a field. */
  function rewrite(
    message: Uint8Array,
    replace: (field: number, payload: Uint8Array) => readonly Chunk[] | null,
  ): Chunk[] {
    const reader = new WireReader(message, source);
    const fields: Chunk[] = [];
    for (let from = 0; reader.next(); from = reader.offset) {
      const { field } = reader;
      let other: readonly Chunk[] | null = null;
      if (reader.wire === WIRE.bytes) other = replace(field, reader.bytes());
      else reader.skip();
      fields.push(...(other ?? [message.subarray(from, reader.offset)]));
    }
    return fields;
  }

  /** Of a graph or a function. */
  function body(
    message: Uint8Array,
    fields: { readonly node: number; readonly values: number },
    depth: number,
  ): Chunk[] {
    return rewrite(message, (field, payload) => {
      if (field === fields.node) return nodes(field, payload, depth);
      if (field !== fields.values) return null;
      changed = true;
      return [];
    });
  }

  /** A node, and before it what it needs. */
  function nodes(field: number, message: Uint8Array, depth: number): Chunk[] {
    const { op, inputs, output } = readNode(new WireReader(message, source));
    if (op !== 'Range') {
      const inner = rewrite(message, (part, payload) =>
        part === NODE.attribute && depth < MAX_DEPTH
          ? [bytes(part, attribute(payload, depth + 1))]
          : null,
      );
      return [bytes(field, inner)];
    }
    changed = true;
    const scalars = inputs.map((_, k) => `${output}${stem}${k}`);
    const squeezes = inputs.map((input, k) =>
      bytes(field, [
        bytes(NODE.input, input),
        bytes(NODE.output, scalars[k]!),
        bytes(NODE.op, 'Squeeze'),
      ]),
    );
    const rest = rewrite(message, (part) => (part === NODE.input ? [] : null));
    return [
      ...squeezes,
      bytes(field, [...scalars.map((name) => bytes(NODE.input, name)), ...rest]),
    ];
  }

  function attribute(message: Uint8Array, depth: number): Chunk[] {
    return rewrite(message, (field, payload) => {
      const holds = field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs;
      return holds ? [bytes(field, body(payload, GRAPH, depth))] : null;
    });
  }
}

/** `op` is empty where it is no operator of ONNX's own domain. */
function readNode(reader: WireReader): { op: string; inputs: string[]; output: string } {
  const inputs: string[] = [];
  let [op, domain, output] = ['', '', ''];
  while (reader.next()) {
    if (reader.field === NODE.input) inputs.push(reader.string());
    else if (reader.field === NODE.output) output = reader.string();
    else if (reader.field === NODE.op) op = reader.string();
    else if (reader.field === NODE.domain) domain = reader.string();
    else reader.skip();
  }
  return { op: domain === '' || domain === 'ai.onnx' ? op : '', inputs, output };
}
