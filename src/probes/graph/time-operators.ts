/**
 * What one operator runs over: whether its result at a position holds what stands at later ones.
 *
 * Operators that are causal by their definition, element by element or within a position, are not
 * listed. What is listed need not leak: a mask, a zero weight or a difference may take it out again.
 */
import type { Node } from '../../onnx/graph.js';
import type { Lookup } from '../../onnx/optimize/facts.js';
import { integersOf, sliceBounds } from '../../onnx/optimize/operands.js';
import { dftAxis, einsumLabels } from './more-sizes.js';
import { isTime, type Over, rankOf, type Value } from './sizes.js';

export interface TimeUse {
  /** What it runs over, in words: `axis 1`, `2 places after the end`. */
  readonly how: string;
  /**
   * `yes` where the axis is time; `masked` where it is, and something that may be a mask was applied
   * before; `unknown` where only a run shows which axis it is, or where the place of things is.
   */
  readonly known: 'yes' | 'masked' | 'unknown';
}

/** A node as it is asked about. */
interface Asked {
  readonly node: Node;
  readonly inputs: readonly Value[];
  /** At the one length of rows and at the other. */
  readonly lookup: Lookup;
  readonly other: Lookup;
  /** Of the standard operators. */
  readonly opset: number;
  /** Whether anything reads an output. */
  readonly isRead: (output: string) => boolean;
}

type Rule = (asked: Asked) => TimeUse | null;

/** Of several axes: named are those of time, or none is known. */
function overAxes(value: Value, axes: readonly number[], suffix = ''): TimeUse | null {
  const over = axes.map((axis) => isTime(value, axis));
  const named = axes.filter((_, k) => over[k] === 'yes');
  if (named.length > 0) {
    const how = `${named.length === 1 ? 'axis' : 'axes'} ${named.join(', ')}${suffix}`;
    return { how, known: value.masked ? 'masked' : 'yes' };
  }
  if (!over.includes('unknown')) return null;
  return { how: `axis ${axes[over.indexOf('unknown')]}`, known: 'unknown' };
}

/** All axes from one on; the last one of a value of unknown rank. */
function axesFrom(value: Value, first: number, end?: number): number[] {
  const rank = rankOf(value);
  if (rank === null) return first < 0 ? [first] : [-1];
  const from = first < 0 ? first + rank : first;
  const to = end ?? rank;
  return Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
}

const SOMEWHERE: TimeUse = { how: 'axes that only a run shows', known: 'unknown' };

const reduction: Rule = ({ node, inputs: [x], lookup }) => {
  const axes = integersOf(lookup, node, 1, 'axes');
  if (axes === null) return SOMEWHERE;
  if (axes !== undefined && axes.length > 0) return overAxes(x!, axes);
  if (lookup.number(node, 'noop_with_empty_axes') === 1) return null;
  return overAxes(x!, axesFrom(x!, 0), ', with all others');
};

const alongAxis =
  (usual: number, suffix = ''): Rule =>
  ({ node, inputs: [x], lookup }) =>
    overAxes(x!, [lookup.number(node, 'axis') ?? usual], suffix);

/** Before opset 13 over all axes from one on. */
const softmax: Rule = ({ node, inputs: [x], lookup, opset }) => {
  const axis = lookup.number(node, 'axis') ?? (opset < 13 ? 1 : -1);
  const use = overAxes(x!, opset < 13 ? axesFrom(x!, axis) : [axis]);
  return use?.known === 'yes' ? { ...use, how: `${use.how} without a mask` } : use;
};

const normalization =
  (usual: number): Rule =>
  ({ node, inputs: [x], lookup }) =>
    overAxes(x!, axesFrom(x!, lookup.number(node, 'axis') ?? usual));

const spatial: Rule = ({ inputs: [x] }) => overAxes(x!, axesFrom(x!, 2));

/** Statistics of the batch that runs, of each channel. */
const batchNorm: Rule = ({ node, inputs: [x], lookup, isRead }) => {
  const trains = lookup.number(node, 'training_mode') === 1 || node.outputs.slice(1).some(isRead);
  const axes = axesFrom(x!, 0).filter((axis) => axis !== 1);
  return trains ? overAxes(x!, axes, ', in training mode') : null;
};

const meanVariance: Rule = ({ node, inputs: [x], lookup }) =>
  overAxes(x!, lookup.list(node, 'axes') ?? [0, 2, 3]);

/**
 * Windows that reach beyond the end. Where there is as much padding before as a window is wide, the
 * first places see nothing later, and what is behind the end is cut off.
 */
const windowed: Rule = ({ node, inputs, lookup }) => {
  const [x, weights] = inputs;
  const axes = axesFrom(x!, 2);
  const list = (name: string) => lookup.list(node, name);
  const kernel = list('kernel_shape') ?? lookup.fact(node.inputs[1] ?? '').dims?.slice(2);
  const automatic = String(node.attributes.get('auto_pad')?.value ?? 'NOTSET');
  for (const [k, axis] of axes.entries()) {
    const over = isTime(x!, axis);
    if (over === 'no') continue;
    const width = kernel?.[k] ?? null;
    if (width === 1) continue;
    if (over === 'unknown' || width === null || automatic.startsWith('SAME')) {
      return { how: `axis ${axis}, padded as only a run shows`, known: 'unknown' };
    }
    const pads = list('pads');
    const [before, after] = [pads?.[k] ?? 0, pads?.[k + axes.length] ?? 0];
    const reach = (list('dilations')?.[k] ?? 1) * (width - 1);
    if (after > 0 && before < reach) {
      return { how: `axis ${axis}, ${reach - before} places ahead`, known: 'yes' };
    }
    if ((list('strides')?.[k] ?? 1) !== 1) {
      return { how: `axis ${axis}, in steps`, known: 'unknown' };
    }
  }
  // A kernel that tokens decide may be the whole row.
  if (!weights?.varies) return null;
  const use = overAxes(weights, axesFrom(weights, 2), ' of its kernel');
  return use?.known === 'yes' ? use : null;
};

const cumulative: Rule = ({ node, inputs: [x], lookup }) => {
  if (lookup.number(node, 'reverse') !== 1) return null;
  const axis = lookup.constant(node.inputs[1] ?? '')?.integers()?.[0];
  return axis === undefined ? SOMEWHERE : overAxes(x!, [axis], ' from its end on');
};

const dft: Rule = ({ node, inputs: [x], lookup }) => {
  const axis = dftAxis(lookup, node);
  return axis === null ? SOMEWHERE : overAxes(x!, [axis]);
};

const recurrent: Rule = ({ node, inputs: [x], lookup, isRead }) => {
  const axis = lookup.number(node, 'layout') === 1 ? 1 : 0;
  const direction = node.attributes.get('direction')?.value ?? 'forward';
  if (direction !== 'forward') return overAxes(x!, [axis], `, ${direction}`);
  return node.outputs.slice(1).some(isRead) ? overAxes(x!, [axis], ', its last state') : null;
};

/** One scale for all that it is given. */
const oneScale: Rule = ({ inputs: [x] }) => overAxes(x!, axesFrom(x!, 0), ', by one scale');

/** Turned around, or moved ahead by as many places at any length: blocks of a row begin elsewhere in its half. */
const moved: Rule = ({ node, inputs: [x], lookup, other }) => {
  const bounds = sliceBounds(lookup, node);
  if (bounds === null) return null;
  const { starts, ends, axes, steps } = bounds;
  for (const [k, axis] of axes.entries()) {
    if (isTime(x!, axis) !== 'yes') continue;
    if (steps[k]! < 0) return { how: `axis ${axis} backwards`, known: 'yes' };
    const [start, size] = [starts[k]!, x!.at[0].dims!.at(axis)!];
    // Counted from the end, it is what all positions before it cannot have read.
    const moves = start < 0 || (start > 0 && ends[k]! >= size);
    if (moves && sliceBounds(other, node)?.starts[k] === start) {
      return { how: `axis ${axis} from place ${start} on`, known: 'unknown' };
    }
  }
  return null;
};

/** Places that are counted from the end. */
const picked: Rule = ({ node, inputs: [x], lookup }) => {
  const axis = lookup.number(node, 'axis') ?? 0;
  const places = lookup.constant(node.inputs[1] ?? '')?.integers();
  const last = places?.find((place) => place < 0);
  if (last === undefined || isTime(x!, axis) !== 'yes') return null;
  return { how: `axis ${axis} at place ${last}`, known: 'unknown' };
};

const reversed: Rule = ({ node, inputs: [x], lookup }) =>
  overAxes(x!, [lookup.number(node, 'time_axis') ?? 0], ' backwards');

const resized: Rule = ({ inputs: [x] }) => {
  const use = overAxes(x!, axesFrom(x!, 0));
  return use && { ...use, known: 'unknown' };
};

/** The axis that a product sums over, of either operand. */
function contracted(a: Value, axisOfA: number, b: Value, axisOfB: number): TimeUse | null {
  const over: Over[] = [isTime(a, axisOfA), isTime(b, axisOfB)];
  if (over.every((each) => each !== 'yes')) {
    return over.every((each) => each === 'unknown')
      ? { how: 'its inner axis', known: 'unknown' }
      : null;
  }
  // Numbers of two axes of time that no token changes: a triangle bars what is later, a full matrix does not.
  const table = [a, b].some((each) => !each.varies && timeAxes(each) >= 2);
  return { how: 'its inner axis', known: a.masked || b.masked || table ? 'masked' : 'yes' };
}

function timeAxes(value: Value): number {
  return axesFrom(value, 0).filter((axis) => isTime(value, axis) !== 'no').length;
}

const product: Rule = ({ node, inputs: [a, b], lookup }) => {
  const turned = (name: string) => lookup.number(node, name) === 1;
  return contracted(a!, turned('transA') ? -2 : -1, b!, turned('transB') ? -1 : -2);
};

const einsum: Rule = ({ node, inputs }) => {
  const labels = einsumLabels(node);
  if (labels === null) return SOMEWHERE;
  const summed = new Set(
    [...labels.inputs.join('')].filter((each) => !labels.output.includes(each)),
  );
  let worst: TimeUse | null = null;
  for (const label of summed) {
    const own = labels.inputs.flatMap((each, k) => {
      const axis = each.indexOf(label);
      return axis < 0 ? [] : [{ value: inputs[k]!, axis }];
    });
    const [a, b = a] = own;
    const use = contracted(a!.value, a!.axis, b!.value, b!.axis);
    if (use !== null && worst?.known !== 'yes') worst = { ...use, how: `its index ${label}` };
  }
  return worst;
};

/** Attention of all positions to all: an attribute bars what is later, or an input that may be a mask. */
const attention =
  (causal: string, masks: readonly number[]): Rule =>
  ({ node, inputs: [q], lookup }) => {
    if (lookup.number(node, causal) === 1) return null;
    const masked = masks.some((k) => (node.inputs[k] ?? '') !== '');
    const use = overAxes(q!, [rankOf(q!) === 4 ? 2 : 1]);
    if (use === null) return null;
    return masked
      ? { ...use, known: use.known === 'yes' ? 'masked' : use.known }
      : { ...use, how: `${use.how} without a mask` };
  };

const SCAN: Rule = ({ node, lookup }) =>
  lookup.list(node, 'scan_input_directions')?.includes(1)
    ? { how: 'backwards', known: 'unknown' }
    : null;

const each = (names: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

const STANDARD: Readonly<Record<string, Rule>> = {
  ...each(
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp',
    reduction,
  ),
  ...each('ArgMax ArgMin', alongAxis(0)),
  TopK: alongAxis(-1),
  LpNormalization: alongAxis(-1),
  ...each('Softmax LogSoftmax Hardmax', softmax),
  ...each('LayerNormalization RMSNormalization SimplifiedLayerNormalization', normalization(-1)),
  ...each(
    'GlobalAveragePool GlobalMaxPool GlobalLpPool InstanceNormalization GroupNormalization',
    spatial,
  ),
  BatchNormalization: batchNorm,
  MeanVarianceNormalization: meanVariance,
  ...each('Conv ConvInteger ConvTranspose AveragePool MaxPool LpPool', windowed),
  ...each('CumSum CumProd', cumulative),
  DFT: dft,
  STFT: ({ inputs: [x] }) => overAxes(x!, [1]),
  ...each('LSTM GRU RNN', recurrent),
  DynamicQuantizeLinear: oneScale,
  Slice: moved,
  Gather: picked,
  ReverseSequence: reversed,
  ...each('Resize Upsample', resized),
  ...each('MatMul Gemm MatMulInteger', product),
  Einsum: einsum,
  Attention: attention('is_causal', [3]),
  Scan: SCAN,
};

const MICROSOFT: Readonly<Record<string, Rule>> = {
  ...each('DynamicQuantizeMatMul DynamicQuantizeLSTM', oneScale),
  ...each('FusedMatMul', product),
  ...each('Rfft Irfft', ({ inputs: [x] }) => overAxes(x!, [-1])),
  MultiHeadAttention: attention('unidirectional', [4, 5]),
  Attention: attention('unidirectional', [3, 5]),
  GroupNorm: ({ inputs: [x] }) => overAxes(x!, axesFrom(x!, 1)),
};

/** Null where it does not run over time, or where nothing that tokens change goes into it. */
export function timeUse(asked: Asked): TimeUse | null {
  const { node, inputs } = asked;
  if (!inputs.some(({ varies }) => varies)) return null;
  const rules = node.domain === '' ? STANDARD : node.domain === 'com.microsoft' ? MICROSOFT : {};
  return rules[node.op]?.(asked) ?? null;
}
