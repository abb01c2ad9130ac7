/**
 * Model without declared shapes that contradict its open axes.
 *
 * A graph whose input was opened by hand, or by an exporter that was given open axes for the input alone, still declares
 * the logits and inner values of the example that it was traced with. ONNX Runtime takes a declared size
 * for the truth, and one name for one size. Without the declarations it infers what is so: an axis that
 * the graph computes as a constant is then seen to be fixed.
 */
import { bytes } from '../protobuf/encode.js';
import { type Dim, type Port, portFields, readPort } from './port.js';
import { readModel } from './reader.js';
import { GRAPH, MODEL, VALUE_INFO } from './schema.js';

/** Names of the axes; those of the logits are others, as they may be fixed. */
const NAMES = { tokens: ['bpb_batch', 'bpb_time'], logits: ['bpb_rows', 'bpb_positions'] } as const;

interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/**
 * The model with open batch and time axes of its logits and without declared inner shapes, where the
 * logits declare a size that the token ids leave open, or both axes of the ids have one name; null
 * where there is no such contradiction. What it computes is the same.
 *
 * @param ports of the model
 * @throws BPB_MODEL_NOT_ONNX
 */
export function openShapes(
  model: Uint8Array,
  ports: Ports,
  names: { readonly tokens: string; readonly logits: string },
  path: string,
): Uint8Array | null {
  const ids = dimsOf(ports.inputs, names.tokens, 2);
  const logits = dimsOf(ports.outputs, names.logits, 3);
  if (ids === null) return null;
  const isOneName = typeof ids[0] === 'string' && ids[0] !== '?' && ids[0] === ids[1];
  const isFalse =
    logits !== null && ids.some((dim, k) => typeof logits[k] === 'number' && logits[k] !== dim);
  if (!isOneName && !isFalse) return null;

  const root = readModel(model, path);
  const graph = root.child(MODEL.graph)!;
  const open = (port: Port, axes: readonly string[]): Port => ({
    ...port,
    dims: port.dims!.map((dim, k) => (k < 2 && isOpened(dim, axes) ? axes[k]! : dim)),
  });
  const isOpened = (dim: Dim, axes: readonly string[]) =>
    axes === NAMES.logits || typeof dim === 'string';
  const fields = graph.rewritten(({ type, message }) => {
    if (type === GRAPH.value_info) return [];
    const name = message?.string(VALUE_INFO.name);
    if (type === GRAPH.input && name === names.tokens) {
      return [bytes(type.number, portFields(open(readPort(message!), NAMES.tokens)))];
    }
    if (type === GRAPH.output && name === names.logits && logits !== null) {
      return [bytes(type.number, portFields(open(readPort(message!), NAMES.logits)))];
    }
    return null;
  });
  const opened = bytes(MODEL.graph.number, fields);
  const chunks = root.rewritten(({ message }) => (message === graph ? [opened] : null));
  return new Uint8Array(Buffer.concat(chunks));
}

/** Null where there is no such port, or where it declares no shape of that rank. */
function dimsOf(ports: readonly Port[], name: string, rank: number): readonly Dim[] | null {
  const dims = ports.find((port) => port.name === name)?.dims;
  return dims?.length === rank ? dims : null;
}
