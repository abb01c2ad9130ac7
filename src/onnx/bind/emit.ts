/**
 * Nodes that compute an input from the shape of the token ids, in operators of every opset from 9 on.
 *
 * Constants are nodes as well: an initializer of a file before IR version 4 is an input by definition.
 */
import { TYPE } from '../element-types.js';
import { makeNode, type Node } from '../graph.js';
import { count, ints, storage, Tensor } from '../tensor.js';

/** Size of an axis: a number, or that of the token ids. */
export type Size = number | 'batch' | 'time';

/** Opset that brings Range; before it positions are counted by NonZero. */
const RANGE_OPSET = 11;
/** Values beyond this are computed instead of stored. */
const MAX_STORED = 16;
/** Element types that ConstantOfShape fills on every provider; others are cast from one of these. */
const FILLED: ReadonlySet<number> = new Set([
  TYPE.float32,
  TYPE.float64,
  TYPE.float16,
  TYPE.int32,
  TYPE.int64,
  TYPE.int8,
  TYPE.uint8,
  TYPE.bool,
]);

export class Emitter {
  readonly nodes: Node[] = [];
  private readonly made = new Map<string, string>();

  /**
   * @param ids name of the token ids, `[batch, time]`
   * @param stem beginning of every new name, which no name of the file has
   */
  constructor(
    private readonly ids: string,
    private readonly stem: string,
    private readonly opset: number,
  ) {}

  /** A node with one output, under `output` or a new name. */
  op(
    op: string,
    inputs: readonly string[],
    attributes: Parameters<typeof makeNode>[3] = {},
    output = this.fresh(op),
  ): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  fresh(what: string): string {
    return `${this.stem}${this.nodes.length}_${what}`;
  }

  constant(tensor: Tensor, output?: string): string {
    return this.op('Constant', [], { value: { tensor } }, output);
  }

  cast(value: string, type: number, output?: string): string {
    return this.op('Cast', [value], { to: { int: type } }, output);
  }

  /** One of the sizes of the token ids, as a vector of one element. */
  axis(axis: 'batch' | 'time'): string {
    return this.once(axis, () =>
      this.op('Gather', [this.shape(), this.constant(ints([axis === 'batch' ? 0 : 1]))], {
        axis: { int: 0 },
      }),
    );
  }

  /** A vector of sizes. */
  sizes(sizes: readonly Size[]): string {
    if (sizes.length === 2 && sizes[0] === 'batch' && sizes[1] === 'time') return this.shape();
    const fixed = sizes.filter((size) => typeof size === 'number');
    if (fixed.length === sizes.length) return this.constant(ints(fixed));
    return this.concat(
      sizes.map((size) =>
        typeof size === 'number' ? this.constant(ints([size])) : this.axis(size),
      ),
    );
  }

  concat(parts: readonly string[]): string {
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, { axis: { int: 0 } });
  }

  /** `value` everywhere. */
  filled(type: number, sizes: readonly Size[], value: number, output: string): void {
    const dims = sizes.filter((size) => typeof size === 'number');
    const stored = dims.length === sizes.length && count(dims) <= MAX_STORED;
    const plain = FILLED.has(type) ? type : standIn(type);
    const target = plain === type ? output : undefined;
    const made = stored
      ? this.constant(constantOf(plain, dims, value), target)
      : this.op(
          'ConstantOfShape',
          [this.sizes(sizes)],
          { value: { tensor: constantOf(plain, [1], value) } },
          target,
        );
    if (plain !== type) this.cast(made, type, output);
  }

  /** 0, 1, … along the last axis, which is `time`; the same in all others. */
  positions(type: number, sizes: readonly Size[], output: string): void {
    const counted = this.once('positions', () => this.counted());
    const typed = type === TYPE.int64 ? counted : this.cast(counted, type);
    this.op('Expand', [typed, this.sizes(sizes)], {}, output);
  }

  /** The number of positions, or the index of the last, everywhere. */
  length(type: number, sizes: readonly Size[], minus: 0 | 1, output: string): void {
    const time = this.axis('time');
    const value = minus === 0 ? time : this.op('Sub', [time, this.constant(ints([1]))]);
    const typed = type === TYPE.int64 ? value : this.cast(value, type);
    if (sizes.length === 0) this.op('Reshape', [typed, this.constant(ints([]))], {}, output);
    else this.op('Expand', [typed, this.sizes(sizes)], {}, output);
  }

  private counted(): string {
    if (this.opset >= RANGE_OPSET) {
      const scalar = (value: number) => this.constant(ints([value], []));
      const time = this.op('Gather', [this.shape(), scalar(1)], { axis: { int: 0 } });
      return this.op('Range', [scalar(0), time, scalar(1)]);
    }
    const ones = this.op('ConstantOfShape', [this.axis('time')], {
      value: { tensor: ints([1]) },
    });
    return this.op('Reshape', [this.op('NonZero', [ones]), this.constant(ints([-1]))]);
  }

  private shape(): string {
    return this.once('shape', () => this.op('Shape', [this.ids]));
  }

  private once(key: string, make: () => string): string {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.made.set(key, name);
    return name;
  }
}

function standIn(type: number): number {
  return type === TYPE.bfloat16 ? TYPE.float32 : TYPE.int64;
}

function constantOf(type: number, dims: readonly number[], value: number): Tensor {
  return new Tensor(type, dims, storage(type, count(dims)).fill(value));
}
