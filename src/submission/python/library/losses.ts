/**
 * Losses of targets: the nats of each stand for themselves, since no model is run.
 */
import { withAddition } from '../added.js';
import type { Runtime } from '../runtime.js';
import { Sum } from '../sums.js';
import { type Keywords, NativeFunction, PyObject, Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import { asArray, bind, integerOf, numberOf, unknownOf } from './convert.js';
import { isFloat, isInteger, type Library } from './dtypes.js';
import { NO_TAG } from './storage.js';

type Reduction = 'none' | 'mean' | 'sum';

/** torch's default of `ignore_index`. */
const IGNORED = -100;

const reductionOf = (value: Value | undefined, otherwise: Reduction): Reduction =>
  value === 'none' || value === 'mean' || value === 'sum' ? value : otherwise;

/** Integers that can be targets: ids of the stream. */
const isTargets = (value: Value | undefined): value is NdArray =>
  value instanceof NdArray && value.unknown === null && isInteger(value.dtype) && value.tagged;

/**
 * The losses of targets, one for each.
 *
 * @param weight of each target's loss, beside 1
 */
function lossesOf(
  targets: NdArray,
  ignored: number | null,
  weight: NdArray | null = null,
  dtype = 'float32',
): NdArray {
  const { data, size, tags } = targets;
  const coefficients = new Float64Array(size);
  const own = new Int32Array(size).fill(NO_TAG);
  for (let i = 0; i < size; i += 1) {
    const id = data[i]!;
    if (id === ignored) continue;
    coefficients[i] = weight === null ? 1 : (weight.data[id] ?? 0);
    own[i] = tags?.[i] ?? NO_TAG;
  }
  const losses = new NdArray(targets.shape, dtype, coefficients, own, 'loss', targets.library);
  losses.flatFrom = targets.flatFrom;
  return losses;
}

/** Losses of which a share is the mean over all ids of the vocabulary, whatever the target. */
function smoothed(losses: NdArray, smoothing: number, runtime: Runtime): NdArray {
  const number = runtime.host.added?.({ at: runtime.here(), smoothing }) ?? 0;
  const tags = losses.tags!.map((tag) => withAddition(tag, number));
  const { shape, dtype, data, library } = losses;
  return new NdArray(shape, dtype, data, tags, 'loss', library).like(losses);
}

/** Losses of float64 logits are float64; models compute at most in float32. */
const lossType = (logits: Value | undefined): string =>
  logits instanceof NdArray && logits.dtype === 'float64' ? 'float64' : 'float32';

/** `reduction` of the losses; the mean is over what is not ignored. */
function reduced(losses: NdArray, reduction: Reduction): NdArray {
  if (reduction === 'none') return losses;
  const { data, tags } = losses;
  const terms = new Map<number, number>();
  let weight = 0;
  data.forEach((value, i) => {
    if (value === 0) return;
    const tag = tags?.[i] ?? NO_TAG;
    terms.set(tag, (terms.get(tag) ?? 0) + value);
    weight += value;
  });
  const sum = new Sum('loss', terms, 0, { dtype: losses.dtype, running: null });
  const result = reduction === 'mean' ? sum.scaled(1 / weight) : sum;
  return NdArray.of([weight === 0 ? Number.NaN : result], [], losses.dtype, losses.library);
}

/** `cross_entropy(logits, targets, weight, …, ignore_index, …, reduction, label_smoothing)` */
function crossEntropy(
  library: Library,
  otherwise: Reduction,
  defaults: Keywords = new Map(),
): Operation {
  return (args, given, runtime) => {
    const keywords = new Map([...defaults, ...given]);
    const [logits, target, weight] = bind(args, keywords, [
      'input|logits|inputs',
      'target|targets|labels|y|integer_labels',
      'weight|weights',
    ]);
    if (target instanceof Unknown || target === undefined) return target ?? null;
    const targets = asArray(target, library, runtime);
    if (targets === null || targets.unknown !== null || isFloat(targets.dtype)) {
      return (
        unknownOf(targets ?? undefined) ??
        runtime.unknown('a loss over targets that are not known ids')
      );
    }
    const smoothing = numberOf(keywords.get('label_smoothing') ?? 0);
    if (smoothing === null) return runtime.unknown('a loss with smoothed labels');
    const unknown = unknownOf(weight ?? undefined);
    if (unknown !== null) return unknown;
    const weights =
      weight === undefined || weight === null ? null : asArray(weight, library, runtime);
    if (weights !== null && weights.unknown !== null) return new Unknown(weights.unknown.stop);
    const ignored =
      library === 'torch' ? (integerOf(keywords.get('ignore_index')) ?? IGNORED) : null;
    runtime.spend(1 + (targets.size >> 2));
    const plain = lossesOf(targets, ignored, weights, lossType(logits));
    const losses = smoothing === 0 ? plain : smoothed(plain, smoothing, runtime);
    return reduced(losses, reductionOf(keywords.get('reduction'), otherwise));
  };
}

/** A loss as an object: `nn.CrossEntropyLoss(reduction="none")`. */
class LossModule extends PyObject {
  readonly typeName = 'Loss';
  constructor(
    private readonly loss: Operation,
    readonly options: Keywords,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    if (name === 'forward') return new NativeFunction(name, this.loss);
    if (name === 'reduction') return this.options.get('reduction') ?? 'mean';
    return new NativeFunction(name, () => this);
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return this.loss(args, keywords, runtime);
  }
}

function lossClass(library: Library): Operation {
  return (args, keywords) => {
    const options = args[0] === undefined ? keywords : new Map([...keywords, ['weight', args[0]]]);
    return new LossModule(crossEntropy(library, 'mean', options), options);
  };
}

const PER_TARGET = /none|per_?tok|token_loss|per_?pos|nll_?(s|vec|array)|losses|unreduced/i;
const LOSS_NAME = /loss|entropy|nll|criterion|(^|_)ce(_|$)/i;

/**
 * What a call of something unknown gives that is known all the same: the losses of targets.
 *
 * A model that is called with ids and targets of one shape gives their mean loss, as the challenge's does; where the
 * script goes on with one loss for each target, it gives those.
 */
export function unknownCall(
  callee: Unknown,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
): Value | undefined {
  const picked = gatheredCall(callee, args, keywords, runtime);
  if (picked !== undefined) return picked;
  const all = [...args, ...keywords.values()];
  const pair = all.filter(
    (each): each is NdArray => each instanceof NdArray && isInteger(each.dtype),
  );
  const [x, y] = pair;
  const name = nameOf(callee);
  const rule = reductionOf(keywords.get('reduction'), PER_TARGET.test(name) ? 'none' : 'mean');
  if (x !== undefined && isTargets(y) && x.shape.join() === y.shape.join()) {
    const shifted = keywords.has('labels') ? nextLabels(x, y) : null;
    return modelLoss(shifted ?? y, rule);
  }
  const [logits] = all;
  const hidden =
    logits instanceof Unknown || (logits instanceof NdArray && logits.unknown !== null);
  if (hidden && pair.length === 1 && isTargets(x) && LOSS_NAME.test(name))
    return modelLoss(x, rule);
  return undefined;
}

/**
 * Labels that are the ids themselves: such a model takes the next one of each for its target (transformers,
 * `ForCausalLMLoss`). Null where they are other ones.
 */
function nextLabels(ids: NdArray, labels: NdArray): NdArray | null {
  const { tags, shape } = labels;
  const same = tags?.every((tag, i) => tag === NO_TAG || tag === ids.tags?.[i]) === true;
  const length = shape.at(-1) ?? 0;
  if (!same || length < 2) return null;
  const places = Int32Array.from({ length: labels.size }, (_, i) => i);
  const later = places.filter((i) => i % length > 0);
  return labels.view([...shape.slice(0, -1), length - 1], later).copy();
}

/** `losses.cross_entropy` of `nn.losses.cross_entropy`, and what is called as `apply` of a loss. */
function nameOf({ member, owner }: Unknown): string {
  return owner === null ? (member ?? '') : `${nameOf(owner)}.${member ?? ''}`;
}

/** The mean loss of targets, or one for each where the script takes it as such. */
function modelLoss(targets: NdArray, reduction: Reduction = 'mean'): NdArray {
  const losses = lossesOf(targets, targets.library === 'torch' ? IGNORED : null);
  const loss = reduced(losses, reduction);
  if (reduction === 'mean') loss.perTarget = losses;
  return loss;
}

/** `logits.gather(-1, targets.unsqueeze(-1))` and its like, of what is unknown. */
function gatheredCall(
  { member, owner }: Unknown,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
): Value | undefined {
  if (owner === null || member === null) return undefined;
  const picker = PICKERS[member];
  return picker?.(args, keywords, runtime);
}

const PICKERS: Readonly<
  Record<
    string,
    (args: readonly Value[], keywords: Keywords, runtime: Runtime) => Value | undefined
  >
> = {
  gather: (args, keywords) => {
    const [dim, index] = bind(args, keywords, ['dim|axis', 'index']);
    return gatheredAt(index, dim);
  },
  take_along_dim: (args, keywords) => {
    const [index, dim] = bind(args, keywords, ['indices', 'dim']);
    return gatheredAt(index, dim);
  },
};

/** The log-probabilities at an index that has one place for each row; undefined for all other indices. */
export function gatheredAt(
  index: Value | undefined,
  dim: Value | undefined,
  logits?: NdArray,
): NdArray | undefined {
  if (!isTargets(index)) return undefined;
  const rank = index.shape.length;
  const axis = integerOf(dim) ?? -1;
  if (rank < 2 || index.shape.at(axis) !== 1) return undefined;
  return logProbabilities(index, lossType(logits));
}

/** Minus the nats of the targets, or their logits. */
function logProbabilities(targets: NdArray, dtype = 'float32'): NdArray {
  const losses = lossesOf(targets, null, null, dtype);
  const negative = losses.data.map((value) => -value);
  const result = new NdArray(targets.shape, dtype, negative, losses.tags, 'loss', targets.library);
  result.gathered = true;
  result.flatFrom = targets.flatFrom;
  return result;
}

/**
 * What a function of models, such as the sine, makes of integers computed from the ids of each target and of the token
 * before it: its logits at the targets. Null for all else, such as logits of each pair of a token and an id.
 */
export function pairNumbers(array: NdArray): NdArray | null {
  if (!isTargets(array) || array.symbolic) return null;
  const positions = new Set(array.tags);
  if (positions.has(NO_TAG) || positions.size < array.size) return null;
  return logProbabilities(array, 'float64');
}

/**
 * The logarithm of probabilities that were computed for the targets, in plain numbers from 0 to 1: minus their nats.
 * Null for all else, such as normalisers and numbers that belong to no target.
 */
export function logOfNumbers(array: NdArray): NdArray | null {
  const { tags, size, data, symbolic } = array;
  if (symbolic || tags === null || size === 0) return null;
  if (tags.includes(NO_TAG) || new Set(tags).size < size) return null;
  if (data.some((value) => !(value > 0 && value <= 1)) || isInteger(array.dtype)) return null;
  const logs = logProbabilities(array, isFloat(array.dtype) ? array.dtype : 'float64');
  logs.gathered = false;
  return logs;
}

/** Rows one after the other, or the tokens before the targets: integers, a range or a list. */
function isPlaces(value: Value): boolean {
  if (value instanceof NdArray) return isInteger(value.dtype);
  return value instanceof PyObject && (value.typeName === 'range' || value.typeName === 'list');
}

/** `logits[arange(n), targets]`: an array of places beside the targets; undefined for all other indices. */
export function unknownItem(index: Value, runtime: Runtime, logits?: NdArray): Value | undefined {
  if (!(index instanceof PyObject) || index.typeName !== 'tuple') return undefined;
  const parts = runtime.sequence(index) ?? [];
  const last = parts.at(-1);
  if (!isTargets(last)) return undefined;
  const places = parts.slice(0, -1).some(isPlaces);
  return places ? logProbabilities(last, lossType(logits)) : undefined;
}

export function lossFunctions(library: Library): Readonly<Record<string, Operation>> {
  const otherwise = library === 'torch' ? 'mean' : 'none';
  const entropy = crossEntropy(library, otherwise);
  return {
    cross_entropy: entropy,
    nll_loss: entropy,
    softmax_cross_entropy_with_integer_labels: entropy,
  };
}

export function lossClasses(library: Library): Readonly<Record<string, Operation>> {
  return { CrossEntropyLoss: lossClass(library), NLLLoss: lossClass(library) };
}
