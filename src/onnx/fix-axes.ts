/**
 * Writes a batch's rows and tokens into a graph, so that nothing about its shapes is left to a run.
 *
 * Exporters leave arithmetic on shapes behind (Shape, Gather, Concat, …). The CUDA provider has that
 * done on the CPU, in every layer; with the axes known it folds into constants before anything runs.
 */

import { inputError } from '../errors.js';
import { WireReader } from '../protobuf/wire.js';

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INPUT = 11;
const NAME = 1;

export interface Fixed {
  readonly model: Uint8Array;
  /** What the axes are now: those that the graph had fixed itself are as they were. */
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
  const source = { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' } as const;
  const graph = field(new WireReader(model, source), MODEL_GRAPH);
  const input =
    graph && field(reader(model, graph), GRAPH_INPUT, (at) => nameOf(reader(model, at)) === name);
  if (!graph || !input) {
    throw inputError('BPB_MODEL_INPUT', {
      message: `The model has no input "${name}".`,
      path,
      expected: `an input "${name}"`,
      actual: 'none of that name',
    });
  }
  const own = readPort(reader(model, input));
  const fixed = shape.map((size, axis) => own.dims[axis] ?? size);
  const port = message(GRAPH_INPUT, portOf(own, fixed));
  const inner = Buffer.concat([
    model.subarray(graph.from, input.start),
    port,
    model.subarray(input.to, graph.to),
  ]);
  const around = [model.subarray(0, graph.start), model.subarray(graph.to)] as const;
  return {
    model: Buffer.concat([around[0], message(MODEL_GRAPH, inner), around[1]]),
    shape: fixed,
  };

  function reader(bytes: Uint8Array, at: Extent): WireReader {
    return new WireReader(bytes.subarray(at.from, at.to), source, at.from);
  }
}

/** A field in the file: its key at `start`, its payload at `[from, to)`. */
interface Extent {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/** The first field of that number that is `wanted`. */
function field(
  reader: WireReader,
  number: number,
  wanted: (at: Extent) => boolean = () => true,
): Extent | null {
  let start = reader.offset;
  while (reader.next()) {
    if (reader.field === number) {
      const { length } = reader.bytes();
      const at = { start, from: reader.offset - length, to: reader.offset };
      if (wanted(at)) return at;
    } else reader.skip();
    start = reader.offset;
  }
  return null;
}

function nameOf(reader: WireReader): string {
  while (reader.next()) {
    if (reader.field === NAME) return reader.string();
    reader.skip();
  }
  return '';
}

interface Port {
  readonly name: string;
  readonly elementType: number;
  /** Null for an axis that is open. */
  readonly dims: readonly (number | null)[];
}

/** Reads a ValueInfoProto. */
function readPort(reader: WireReader): Port {
  let name = '';
  let type: Omit<Port, 'name'> = { elementType: 0, dims: [] };
  while (reader.next()) {
    if (reader.field === NAME) name = reader.string();
    else if (reader.field === 2) type = readType(reader.message());
    else reader.skip();
  }
  return { name, ...type };
}

/** Reads a TypeProto that is a tensor's. */
function readType(type: WireReader): Omit<Port, 'name'> {
  let elementType = 0;
  const dims: (number | null)[] = [];
  while (type.next()) {
    if (type.field !== 1) {
      type.skip();
      continue;
    }
    const tensor = type.message();
    while (tensor.next()) {
      if (tensor.field === 1) elementType = tensor.integer();
      else if (tensor.field === 2) {
        const shape = tensor.message();
        while (shape.next()) {
          if (shape.field === 1) dims.push(readDim(shape.message()));
          else shape.skip();
        }
      } else tensor.skip();
    }
  }
  return { elementType, dims };
}

function readDim(dim: WireReader): number | null {
  let value: number | null = null;
  while (dim.next()) {
    if (dim.field === 1) value = dim.integer();
    else dim.skip();
  }
  return value;
}

/** A ValueInfoProto of the port with this shape. */
function portOf({ name, elementType }: Port, shape: readonly number[]): Uint8Array {
  const dims = shape.map((size) => message(1, integer(1, size)));
  const tensor = Buffer.concat([integer(1, elementType), message(2, Buffer.concat(dims))]);
  return Buffer.concat([message(NAME, Buffer.from(name)), message(2, message(1, tensor))]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

function integer(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function message(number: number, payload: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(payload.length), payload]);
}
