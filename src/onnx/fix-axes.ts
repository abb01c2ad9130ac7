/**
 * Model with the open axes of one input fixed, so that all shapes are known before a run.
 *
 * Exporters leave arithmetic on shapes behind (Shape, Gather, Concat, …). The CUDA provider runs it on
 * the CPU, in every layer; with the axes known it folds into constants before anything runs.
 */

import { inputError } from '../errors.js';
import { bytes } from '../protobuf/encode.js';
import { portFields, readPort } from './port.js';
import { readModel } from './reader.js';
import { GRAPH, MODEL, VALUE_INFO } from './schema.js';

interface Fixed {
  readonly model: Uint8Array;
  /** The input's dimensions now: those that the graph had fixed itself are as they were. */
  readonly shape: readonly number[];
}

/**
 * A copy of the model whose input `name` has `shape` for the axes that the graph leaves open;
 * its other bytes are the same.
 *
 * @throws BpbError (input) where the file is no ONNX model or has no such input.
 */
export function fixAxes(
  model: Uint8Array,
  name: string,
  shape: readonly number[],
  path: string,
): Fixed {
  const root = readModel(model, path);
  const graph = root.child(MODEL.graph)!;
  const inputs = graph.children(GRAPH.input);
  const input = inputs.find((each) => each.string(VALUE_INFO.name) === name);
  if (input === undefined) {
    throw inputError('BPB_MODEL_INPUT', {
      message: `The model has no input "${name}".`,
      path,
      expected: `an input "${name}"`,
      actual: 'none of that name',
    });
  }
  const own = readPort(input);
  const fixed = shape.map((size, axis) => {
    const dim = own.dims?.[axis];
    return typeof dim === 'number' ? dim : size;
  });
  const port = bytes(GRAPH.input.number, portFields({ ...own, dims: fixed }));
  const fields = graph.rewritten(({ message }) => (message === input ? [port] : null));
  const fixedGraph = bytes(MODEL.graph.number, fields);
  const chunks = root.rewritten(({ message }) => (message === graph ? [fixedGraph] : null));
  return { model: Buffer.concat(chunks), shape: fixed };
}
