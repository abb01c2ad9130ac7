/**
 * Static inference for operators that the optimizer has no use for: padding, transforms, recurrences.
 */
import { TYPE } from '../../onnx/element-types.js';
import type { Node } from '../../onnx/graph.js';
import type { Fact, KnownDim, Lookup } from '../../onnx/optimize/facts.js';
import { broadcastOpen, type Rule } from '../../onnx/optimize/infer-moves.js';
import { integersOf } from '../../onnx/optimize/operands.js';

const same: Rule = (_, node, [x]) => (x ? node.outputs.map(() => x) : null);
const at = (rank: number, axis: number) => (axis < 0 ? axis + rank : axis);

const pad: Rule = (lookup, node, [x]) => {
  const pads = integersOf(lookup, node, 1, 'pads');
  const axes = integersOf(lookup, node, 3, '') ?? x?.dims?.map((_, k) => k);
  if (!x?.dims || !pads || !axes || pads.length !== 2 * axes.length)
    return x ? [{ type: x.type }] : null;
  const dims: KnownDim[] = [...x.dims];
  for (const [k, given] of axes.entries()) {
    const axis = at(dims.length, given);
    const size = dims[axis] ?? null;
    dims[axis] = size === null ? null : size + pads[k]! + pads[k + axes.length]!;
  }
  return [{ type: x.type, dims }];
};

/** The axis that a DFT runs over: an input since opset 20, an attribute before, of `[…, 1 or 2]`. */
export function dftAxis(lookup: Lookup, node: Node): number | null {
  const given = node.inputs[2] ?? '';
  if (given !== '') return lookup.constant(given)?.integers()?.[0] ?? null;
  const attribute = lookup.number(node, 'axis');
  if (attribute !== undefined) return attribute;
  // The default of the attribute is 1 and that of the input -2, which are one axis of three only.
  return lookup.fact(node.inputs[0] ?? '').dims?.length === 3 ? 1 : null;
}

const dft: Rule = (lookup, node, [x, length]) => {
  const axis = dftAxis(lookup, node);
  if (!x?.dims || axis === null) return x ? [{ type: x.type }] : null;
  const dims: KnownDim[] = [...x.dims];
  const k = at(dims.length, axis);
  const asked = node.inputs[1]
    ? (lookup.constant(node.inputs[1])?.integers()?.[0] ?? null)
    : undefined;
  const size = asked === undefined ? (dims[k] ?? null) : asked;
  const half = lookup.number(node, 'onesided') === 1;
  const inverse = lookup.number(node, 'inverse') === 1;
  dims[k] = size !== null && half && !inverse ? Math.floor(size / 2) + 1 : size;
  dims[dims.length - 1] = half && inverse ? 1 : 2;
  // A length that only a run shows leaves no size at all: an unknown one stands for the batch elsewhere.
  return [{ type: x.type, dims: length && size === null ? null : dims }];
};

const reduced: Rule = (lookup, node, [x]) => {
  const given = integersOf(lookup, node, 1, 'axes');
  if (!x?.dims || !given?.length) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: without(x.dims, given, lookup.number(node, 'keepdims') !== 0) }];
};

const argument: Rule = (lookup, node, [x]) => {
  if (!x?.dims) return [{ type: TYPE.int64 }];
  const keep = lookup.number(node, 'keepdims') !== 0;
  return [{ type: TYPE.int64, dims: without(x.dims, [lookup.number(node, 'axis') ?? 0], keep) }];
};

function without(dims: readonly KnownDim[], axes: readonly number[], keep: boolean): KnownDim[] {
  const gone = new Set(axes.map((axis) => at(dims.length, axis)));
  return keep ? dims.map((dim, k) => (gone.has(k) ? 1 : dim)) : dims.filter((_, k) => !gone.has(k));
}

const topK: Rule = (lookup, node, [x]) => {
  const k = lookup.constant(node.inputs[1] ?? '')?.integers()?.[0];
  if (!x?.dims || k === undefined) return x ? [{ type: x.type }, { type: TYPE.int64 }] : null;
  const axis = at(x.dims.length, lookup.number(node, 'axis') ?? -1);
  const dims = x.dims.map((dim, j) => (j === axis ? k : dim));
  return [
    { type: x.type, dims },
    { type: TYPE.int64, dims },
  ];
};

const globalPool: Rule = (_, __, [x]) =>
  x ? [{ type: x.type, dims: x.dims?.map((dim, k) => (k < 2 ? dim : 1)) ?? null }] : null;

/** The labels of an equation: those of each input, and of the output; null with an ellipsis. */
export function einsumLabels(node: Node): { inputs: string[]; output: string } | null {
  const equation = String(node.attributes.get('equation')?.value ?? '').replaceAll(' ', '');
  const [left = '', right] = equation.split('->');
  if (equation.includes('.')) return null;
  const once = [...left.replaceAll(',', '')].filter(
    (c, k, all) => all.indexOf(c) === all.lastIndexOf(c) && k >= 0,
  );
  return { inputs: left.split(','), output: right ?? once.sort().join('') };
}

const einsum: Rule = (_, node, inputs) => {
  const labels = einsumLabels(node);
  const [first] = inputs;
  if (!first || labels === null) return first ? [{ type: first.type }] : null;
  const sizes = new Map<string, KnownDim>();
  for (const [k, own] of labels.inputs.entries()) {
    const dims = inputs[k]?.dims;
    if (dims?.length !== own.length) return [{ type: first.type }];
    [...own].forEach((label, axis) => {
      const [merged] = broadcastOpen([sizes.get(label) ?? 1], [dims[axis] ?? null]) ?? [];
      sizes.set(label, merged ?? null);
    });
  }
  return [
    { type: first.type, dims: Array.from(labels.output, (label) => sizes.get(label) ?? null) },
  ];
};

/** `[time, directions, batch, hidden]`, then the last states. */
const recurrent: Rule = (lookup, node, [x]) => {
  const hidden = lookup.number(node, 'hidden_size');
  if (x?.dims?.length !== 3 || !hidden)
    return x ? node.outputs.map(() => ({ type: x.type })) : null;
  const both = node.attributes.get('direction')?.value === 'bidirectional' ? 2 : 1;
  const turned = lookup.number(node, 'layout') === 1;
  const [batch, time] = turned ? [x.dims[0]!, x.dims[1]!] : [x.dims[1]!, x.dims[0]!];
  const last: Partial<Fact> = {
    type: x.type,
    dims: turned ? [batch, both, hidden] : [both, batch, hidden],
  };
  const all = turned ? [batch, time, both, hidden] : [time, both, batch, hidden];
  return [{ type: x.type, dims: all }, last, last];
};

const quantized: Rule = (_, __, [x]) => {
  const scale = { type: TYPE.float32, dims: [] };
  return [{ type: TYPE.uint8, dims: x?.dims ?? null }, scale, { ...scale, type: TYPE.uint8 }];
};

/** The smaller or the larger of sizes, as models cut their rows into blocks. */
const bound =
  (choose: (...sizes: number[]) => number): Rule =>
  (_, __, inputs) => {
    const [first] = inputs;
    if (!first) return null;
    let dims: Fact['dims'] = [];
    for (const input of inputs) dims = dims && input.dims && broadcastOpen(dims, input.dims);
    const length = Math.max(...inputs.map(({ shape }) => shape?.length ?? 0));
    const elements = Array.from({ length }, (_, k) =>
      inputs.map(({ shape }) => shape?.[shape.length === 1 ? 0 : k] ?? null),
    );
    const known = elements.every((own): own is number[] => own.every((size) => size !== null));
    const isSize = first.type === TYPE.int64 && length > 0 && known;
    return [
      { type: first.type, dims, shape: isSize ? elements.map((own) => choose(...own)) : null },
    ];
  };

const UNARY =
  'Sign Round Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh HardSigmoid Selu Celu Hardmax Shrink ThresholdedRelu LpNormalization MeanVarianceNormalization InstanceNormalization GroupNormalization ReverseSequence CumProd';

export const MORE_RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(UNARY.split(' ').map((op) => [op, same])),
  ...Object.fromEntries(
    'ReduceProd ReduceLogSum ReduceLogSumExp'.split(' ').map((op) => [op, reduced]),
  ),
  ...Object.fromEntries('ArgMax ArgMin'.split(' ').map((op) => [op, argument])),
  ...Object.fromEntries('LSTM GRU RNN'.split(' ').map((op) => [op, recurrent])),
  ...Object.fromEntries(
    'GlobalAveragePool GlobalMaxPool GlobalLpPool'.split(' ').map((op) => [op, globalPool]),
  ),
  BatchNormalization: (_, node, [x]) =>
    x ? node.outputs.map((__, k) => (k === 0 ? x : { type: x.type })) : null,
  Min: bound(Math.min),
  Max: bound(Math.max),
  Pad: pad,
  DFT: dft,
  TopK: topK,
  Einsum: einsum,
  DynamicQuantizeLinear: quantized,
};
