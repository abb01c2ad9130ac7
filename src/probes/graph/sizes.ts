/**
 * What is known of a graph's values at two lengths of its rows: an axis whose size differs is time.
 *
 * Nothing is run. Where inference does not know a size, nothing is claimed of the axis.
 */
import { TYPE } from '../../onnx/element-types.js';
import type { Node } from '../../onnx/graph.js';
import { type Fact, type Lookup, UNKNOWN } from '../../onnx/optimize/facts.js';
import { inferNode } from '../../onnx/optimize/infer.js';
import { ints } from '../../onnx/tensor.js';
import { MORE_RULES } from './more-sizes.js';

export interface Value {
  /** At the one length and at the other. */
  readonly at: readonly [Fact, Fact];
  /** Depends on what the tokens are, and not on their number alone. */
  readonly varies: boolean;
  /**
   * Something laid over two axes of time was applied to it, which no token changes or which is true or
   * false: it may bar what is later. Whether it does, nothing here says.
   */
  readonly masked: boolean;
}

/** Nothing is known, and any token may be in it. */
export const ANYTHING: Value = { at: [UNKNOWN, UNKNOWN], varies: true, masked: false };
/** An optional input that is left out. */
const ABSENT: Value = { ...ANYTHING, varies: false };

export type Over = 'yes' | 'no' | 'unknown';

/** Whether an axis, from the end where it is negative, is as long as the row, or longer with it. */
export function isTime({ at: [one, other] }: Value, axis: number): Over {
  const rank = one.dims?.length;
  if (rank === undefined || other.dims?.length !== rank) return 'unknown';
  const k = axis < 0 ? axis + rank : axis;
  const [a, b] = [one.dims?.[k] ?? null, other.dims[k] ?? null];
  if (a === null || b === null) return 'unknown';
  return a === b ? 'no' : 'yes';
}

/** Number of axes; null where only a run shows it. */
export function rankOf({ at: [one, other] }: Value): number | null {
  const rank = one.dims?.length ?? null;
  return rank === (other.dims?.length ?? null) ? rank : null;
}

/** Whether it may be a mask: two axes of time, or a shape that is not known. */
function isTable(value: Value): boolean {
  const rank = rankOf(value);
  if (rank === null) return true;
  const axes = Array.from({ length: rank }, (_, axis) => isTime(value, axis));
  return axes.filter((over) => over !== 'no').length >= 2;
}

/** What keeps a mask where it is: element by element, or in another arrangement. */
const KEEPS =
  /^(Add|Sub|Mul|Div|Min|Max|Where|And|Or|Xor|Not|Equal|Less|Greater|Cast|Identity|Softmax|LogSoftmax|Exp|Clip|Neg|Relu|Sigmoid|Dropout|Reshape|Transpose|Unsqueeze|Squeeze|Expand|Slice|Concat|Trilu)$/;
const APPLIES = /^(Add|Sub|Mul|Div|Min|Max|Where|And|Or)$/;

export function isMasked(node: Node, inputs: readonly Value[], lookup: Lookup): boolean {
  if (!KEEPS.test(node.op)) return false;
  if (inputs.some(({ masked }) => masked)) return true;
  if (node.op === 'Trilu') return lookup.number(node, 'upper') === 0;
  const bars = ({ varies, at: [{ type }] }: Value) => !varies || type === TYPE.bool;
  return APPLIES.test(node.op) && inputs.some((each) => bars(each) && isTable(each));
}

/** The values of a graph, a subgraph or a function, by name. */
export class Scope {
  private readonly values = new Map<string, Value>();
  readonly lookups: readonly [Lookup, Lookup] = [this.lookup(0), this.lookup(1)];

  /**
   * @param around of the graph around a subgraph, whose values it sees
   * @param fixed the only length of a graph that fixes it; an axis of that size may be time
   */
  constructor(
    private readonly around: Scope | null,
    private readonly fixed: number | null,
  ) {}

  set(name: string, value: Value): void {
    if (this.fixed === null) this.values.set(name, value);
    else {
      const [fact] = value.at;
      const dims = fact.dims?.map((size) => (size === this.fixed ? null : size)) ?? null;
      this.values.set(name, { ...value, at: [fact, { ...fact, dims }] });
    }
  }

  get(name: string): Value {
    if (name === '') return ABSENT;
    return this.values.get(name) ?? this.around?.get(name) ?? ANYTHING;
  }

  /** What is known of each output of a node, at each length. */
  infer(node: Node): readonly (readonly [Fact, Fact])[] {
    const [one, other] = this.lookups.map((lookup) => factsOf(lookup, node));
    return node.outputs.map((_, k) => {
      const [a, b] = [one![k] ?? UNKNOWN, other![k] ?? UNKNOWN];
      return FILLS.test(node.op) ? [a, stillTime(this.get(node.inputs[0] ?? ''), a, b)] : [a, b];
    });
  }

  private lookup(which: 0 | 1): Lookup {
    const fact = (name: string): Fact => this.get(name).at[which];
    return {
      fact,
      constant: (name) => {
        const { constant, shape, dims } = fact(name);
        const sizes = shape?.every((size) => size !== null) ? (shape as number[]) : null;
        return constant?.() ?? (sizes && ints(sizes, dims?.length === 0 ? [] : [sizes.length]));
      },
      number: ({ attributes }, name) => {
        const value = attributes.get(name)?.value;
        return typeof value === 'number' ? value : undefined;
      },
      list: ({ attributes }, name) => {
        const value = attributes.get(name)?.value;
        return Array.isArray(value) ? value : undefined;
      },
    };
  }
}

/** What fills a row up to a length that may be the same for all. */
const FILLS = /^(Pad|DFT)$/;

/** At the other length as much shorter as the row itself: an axis that was time is time when it is filled up. */
function stillTime(x: Value, one: Fact, other: Fact): Fact {
  if (!one.dims || !other.dims || rankOf(x) !== one.dims.length) return other;
  const dims = other.dims.map((size, axis) => {
    if (size !== one.dims![axis] || size === null || isTime(x, axis) !== 'yes') return size;
    const left = size - Math.abs(x.at[0].dims![axis]! - x.at[1].dims![axis]!);
    return left > 0 ? left : null;
  });
  return { ...other, dims };
}

function factsOf(lookup: Lookup, node: Node): readonly Fact[] {
  const rule = node.domain === '' ? MORE_RULES[node.op] : undefined;
  if (rule === undefined) return inferNode(lookup, node);
  const inputs = node.inputs.map((name) => lookup.fact(name));
  const facts = rule(lookup, node, inputs);
  return node.outputs.map((_, k) => ({ ...UNKNOWN, ...facts?.[k] }));
}
