/**
 * Small models whose logits depend on positions that they count themselves, in the ways that exporters
 * write and that ONNX Runtime refuses once the axes are known.
 */

import { TYPE } from '#bpb/onnx/element-types';
import { valueInfo } from '#bpb/onnx/writer';
import { bytes, type Chunk, int, join } from '#bpb/protobuf/encode';
import { normals } from './models.js';

export const VOCABULARY = 11;

/** Nodes and constants of one graph or function body, as they are added. */
class Body {
  readonly nodes: Chunk[] = [];
  readonly constants: Chunk[] = [];
  private count = 0;

  constructor(private readonly prefix: string) {}

  op(op: string, inputs: readonly string[], attributes: readonly Chunk[] = [], domain = '') {
    const output = `${this.prefix}${this.count++}`;
    this.nodes.push(
      join([
        ...inputs.map((name) => bytes(1, name)),
        bytes(2, output),
        bytes(4, op),
        ...attributes.map((each) => bytes(5, each)),
        ...(domain === '' ? [] : [bytes(7, domain)]),
      ]),
    );
    return output;
  }

  constant(type: 'int64' | 'float32', dims: readonly number[], values: readonly number[]): string {
    const name = `${this.prefix}${this.count++}`;
    this.constants.push(join([...tensor(type, dims, values), bytes(8, name)]));
    return name;
  }

  scalar(value: number): string {
    return this.constant('int64', [], [value]);
  }

  vector(...values: number[]): string {
    return this.constant('int64', [values.length], values);
  }

  /** The same from a node, which is all that a function's body can have. */
  constantNode(value: number): string {
    const attribute = [bytes(1, 'value'), bytes(5, tensor('int64', [1], [value])), int(20, 4)];
    return this.op('Constant', [], [join(attribute)]);
  }

  /** Rows (0) or tokens (1) of the ids: a vector of one element, or a scalar. */
  axis(axis: 0 | 1): string {
    const shape = this.op('Shape', ['input_ids']);
    return this.op('Slice', [shape, this.vector(axis), this.vector(axis + 1)]);
  }

  axisScalar(axis: 0 | 1): string {
    return this.op('Squeeze', [this.axis(axis)]);
  }

  toFloat(x: string): string {
    return this.op('Cast', [x], [join([bytes(1, 'to'), int(3, TYPE.float32), int(20, 2)])]);
  }

  /** A graph attribute, whose only outputs are those named. */
  subgraph(name: string, body: Body, inputs: readonly Chunk[], outputs: readonly Chunk[]): Chunk {
    return join([bytes(1, name), bytes(6, graph(body, name, inputs, outputs)), int(20, 5)]);
  }
}

function tensor(type: 'int64' | 'float32', dims: readonly number[], values: readonly number[]) {
  const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
  const raw = new Uint8Array(data.buffer);
  return [...dims.map((dim) => int(1, dim)), int(2, TYPE[type]), bytes(9, raw)];
}

function graph(
  body: Body,
  name: string,
  inputs: readonly Chunk[],
  outputs: readonly Chunk[],
  declared: readonly Chunk[] = [],
): Chunk {
  return join([
    ...body.nodes.map((node) => bytes(1, node)),
    bytes(2, name),
    ...body.constants.map((each) => bytes(5, each)),
    ...inputs.map((each) => bytes(11, each)),
    ...outputs.map((each) => bytes(12, each)),
    ...declared.map((each) => bytes(13, each)),
  ]);
}

const port = (name: string, type: keyof typeof TYPE, dims: readonly (number | string)[]) =>
  join(valueInfo({ name, type, dims }));
/** A value whose shape is not said. */
const undeclared = (name: string) => join([bytes(1, name), bytes(2, [bytes(1, [int(1, 1)])])]);

interface Made {
  /** Name of fp32 positions [time]. */
  readonly positions: string;
  readonly declared?: readonly Chunk[];
  readonly functions?: readonly Chunk[];
}

/** `logits = table[ids] · (1 + position)` with the positions of `make`. */
function model(make: (g: Body) => Made, vocabulary = VOCABULARY): Uint8Array {
  const g = new Body('v');
  const { positions, declared, functions = [] } = make(g);
  const values = [...normals(vocabulary * vocabulary, 7)];
  const table = g.constant('float32', [vocabulary, vocabulary], values);
  const factor = g.op('Add', [positions, g.constant('float32', [], [1])]);
  const column = g.op('Unsqueeze', [factor, g.vector(1)]);
  const product = g.op('Mul', [g.op('Gather', [table, 'input_ids']), column]);
  g.nodes.push(join([bytes(1, product), bytes(2, 'logits'), bytes(4, 'Identity')]));
  const ids = port('input_ids', 'int64', ['batch', 'time']);
  const out = port('logits', 'float32', ['batch', 'time', vocabulary]);
  return join([
    int(1, 10),
    bytes(7, graph(g, 'g', [ids], [out], declared)),
    bytes(8, [bytes(1, ''), int(2, 18)]),
    bytes(8, [bytes(1, 'local'), int(2, 1)]),
    ...functions.map((each) => bytes(25, each)),
  ]);
}

const range = (g: Body, start: string, limit: string, delta: string) => ({
  positions: g.toFloat(g.op('Range', [start, limit, delta])),
});

/** Inputs of Range that are vectors of one element, and shapes declared of an example. */
export const MENDED: Readonly<Record<string, () => Uint8Array>> = {
  'start and delta of Range': () =>
    model((g) => range(g, g.vector(0), g.axisScalar(1), g.vector(1))),
  'the limit of Range': () => model((g) => range(g, g.scalar(0), g.axis(1), g.scalar(1))),
  'a start that is computed': () =>
    model((g) => range(g, g.op('Sub', [g.axis(1), g.axis(1)]), g.axisScalar(1), g.scalar(1))),
  'a Range of floats': () =>
    model((g) => {
      const [zero, one] = [0, 1].map((value) => g.constant('float32', [1], [value]));
      return { positions: g.op('Range', [zero!, g.toFloat(g.axisScalar(1)), one!]) };
    }),
  'constants from nodes': () =>
    model((g) => range(g, g.constantNode(0), g.axisScalar(1), g.constantNode(1))),
  'a Range in a branch': () =>
    model((g) => {
      const [length, zero, one] = [g.axisScalar(1), g.vector(0), g.vector(1)];
      const [some, none] = [new Body('then'), new Body('else')];
      const counted = some.toFloat(some.op('Range', [zero, length, one]));
      const empty = none.op('ConstantOfShape', [g.axis(1)]);
      const branches = [
        g.subgraph('then_branch', some, [], [undeclared(counted)]),
        g.subgraph('else_branch', none, [], [undeclared(empty)]),
      ];
      return { positions: g.op('If', [g.op('Greater', [length, g.scalar(0)])], branches) };
    }),
  'a Range in a loop': () =>
    model((g) => {
      const [length, zero, one] = [g.axisScalar(1), g.vector(0), g.vector(1)];
      const start = g.op('ConstantOfShape', [g.axis(1)]);
      const body = new Body('body');
      const sum = body.op('Add', ['sum', body.toFloat(body.op('Range', [zero, length, one]))]);
      const go = body.op('Identity', ['go']);
      const ins = [port('turn', 'int64', []), port('go', 'bool', []), undeclared('sum')];
      const loop = g.subgraph('body', body, ins, [port(go, 'bool', []), undeclared(sum)]);
      return { positions: g.op('Loop', [g.scalar(2), '', start], [loop]) };
    }),
  'a Range in a local function': () =>
    model((g) => {
      const body = new Body('f');
      const length = body.op('Squeeze', [
        body.op('Slice', [body.op('Shape', ['ids']), body.constantNode(1), body.constantNode(2)]),
      ]);
      const counted = body.toFloat(
        body.op('Range', [body.constantNode(0), length, body.constantNode(1)]),
      );
      const positions = join([
        bytes(1, 'Positions'),
        bytes(4, 'ids'),
        bytes(5, counted),
        ...body.nodes.map((node) => bytes(7, node)),
        bytes(9, [bytes(1, ''), int(2, 18)]),
        bytes(10, 'local'),
      ]);
      return {
        positions: g.op('Positions', ['input_ids'], [], 'local'),
        functions: [positions],
      };
    }),
  'the declared shape of an example': () =>
    model((g) => {
      const { positions } = range(g, g.scalar(0), g.axisScalar(1), g.scalar(1));
      const wide = g.op('Expand', [positions, g.axis(1)]);
      return { positions: wide, declared: [port(wide, 'float32', [16])] };
    }),
};

/** The first of them, as wide as a tokenizer asks. */
export function vectorRange(vocabulary: number): Uint8Array {
  return model((g) => range(g, g.vector(0), g.axisScalar(1), g.vector(1)), vocabulary);
}

/** A branch that is never taken and that the axes contradict: only open axes load. */
export function deadBranch(): Uint8Array {
  return model((g) => {
    const { positions } = range(g, g.scalar(0), g.axisScalar(1), g.scalar(1));
    const [never, always] = [new Body('then'), new Body('else')];
    const one = never.op('Squeeze', [positions, g.vector(0)]);
    const same = always.op('Identity', [positions]);
    const largest = g.op(
      'ReduceMax',
      ['input_ids'],
      [join([bytes(1, 'keepdims'), int(3, 0), int(20, 2)])],
    );
    const branches = [
      g.subgraph('then_branch', never, [], [undeclared(one)]),
      g.subgraph('else_branch', always, [], [undeclared(same)]),
    ];
    const beyond = g.op('Greater', [largest, g.scalar(1000)]);
    return { positions: g.op('If', [beyond], branches) };
  });
}
