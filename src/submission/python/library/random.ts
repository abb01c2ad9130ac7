/**
 * Permutations, samples and integers of `numpy.random` and `torch`, as made-up draws.
 *
 * Floats are not drawn: what they decide is not known.
 */
import type { Runtime } from '../runtime.js';
import { type Keywords, type Native, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { assign } from './assigning.js';
import { asArray, bind, dtypeOf, integerOf, integersOf, tooLarge, unknownOf } from './convert.js';
import { type Draws, sharedDraws } from './draws.js';
import type { Library } from './dtypes.js';
import { type Drawing, drawsOf } from './generators.js';
import { arrayItem } from './indexing.js';
import { sizeOf } from './shapes.js';

const wholes = (numbers: readonly number[], shape: number[], dtype: string, library: Library) =>
  new NdArray(shape, dtype, Float64Array.from(numbers), null, 'plain', library);

const lost = (runtime: Runtime, ...values: (Value | undefined)[]): Unknown =>
  unknownOf(...values) ?? runtime.unknown('random numbers of what is not known');

/** Rows of an array by their places. */
function rows(array: NdArray, places: readonly number[], runtime: Runtime): Value {
  return arrayItem(array, wholes(places, [places.length], 'int64', array.library), runtime);
}

/** The array of a sequence; of a number `n`, the integers below it. */
function population(value: Value | undefined, runtime: Runtime): NdArray | Unknown {
  const end = value instanceof NdArray && value.shape.length > 0 ? null : integerOf(value);
  if (end !== null) {
    const unknown = tooLarge(end, runtime);
    return (
      unknown ??
      wholes(
        Array.from({ length: end }, (_, i) => i),
        [end],
        'int64',
        'numpy',
      )
    );
  }
  const array = asArray(value ?? null, 'numpy', runtime);
  return array === null || array.unknown !== null ? lost(runtime, value) : array;
}

const permutation =
  (draws: (runtime: Runtime) => Draws): Native =>
  ([value], keywords, runtime) => {
    const array = population(value ?? keywords.get('x'), runtime);
    if (array instanceof Unknown) return array;
    return rows(array, draws(runtime).distinct(array.shape[0] ?? 0), runtime);
  };

/** In place: a list, or the rows of an array. */
const shuffle =
  (draws: (runtime: Runtime) => Draws): Native =>
  ([value = null], _, runtime) => {
    if (value instanceof NdArray) {
      const order = draws(runtime).distinct(value.shape[0] ?? 0);
      if (value.unknown === null) assign(value, rows(value, order, runtime), runtime);
      return null;
    }
    const items = [...(runtime.sequence(value) ?? [])];
    runtime.spend(items.length);
    const order = draws(runtime).distinct(items.length);
    for (const [i, from] of order.entries()) runtime.setItem(value, i, items[from]!);
    return null;
  };

/** `choice(a, size, replace, p)`; with weights the draw is one of those that they allow only if none is 0. */
const choice =
  (draws: (runtime: Runtime) => Draws): Native =>
  (args, keywords, runtime) => {
    const [from, size, replace, weights] = bind(args, keywords, ['a', 'size', 'replace', 'p']);
    const array = population(from, runtime);
    if (array instanceof Unknown) return array;
    if (weights !== undefined && weights !== null) return runtime.unknown('a weighted draw');
    const length = array.shape[0] ?? 0;
    const own = draws(runtime);
    if (size === undefined || size === null) return runtime.item(array, own.below(length));
    const shape = integersOf(size, runtime);
    if (shape === null || replace instanceof Unknown) return lost(runtime, size, replace);
    const count = sizeOf(shape);
    const unknown = tooLarge(count, runtime);
    if (unknown !== null) return unknown;
    const repeats = replace === undefined || runtime.truth(replace) !== false;
    if (!repeats && count > length) {
      runtime.raise('ValueError', 'Cannot take a larger sample than population');
    }
    const places = repeats
      ? Array.from({ length: count }, () => own.below(length))
      : own.distinct(length, count);
    const index = wholes(places, shape, 'int64', array.library);
    return arrayItem(array, index, runtime);
  };

/** Integers from `low` to below `high`, or below `low` alone. */
function integersBetween(
  [first, second, size]: readonly [Value | undefined, Value | undefined, Value | undefined],
  type: string,
  draws: Draws,
  library: Library,
  runtime: Runtime,
): Value {
  const [low, high] =
    second === undefined || second === null
      ? [0, integerOf(first)]
      : [integerOf(first), integerOf(second)];
  const shape = size === undefined || size === null ? [] : integersOf(size, runtime);
  if (low === null || high === null || shape === null) return lost(runtime, first, second, size);
  if (high <= low) runtime.raise('ValueError', 'low >= high');
  const count = sizeOf(shape);
  const unknown = tooLarge(count, runtime);
  if (unknown !== null) return NdArray.unknown(shape, type, unknown, library);
  const numbers = Array.from({ length: count }, () => low + draws.below(high - low));
  return wholes(numbers, shape, type, library);
}

const integers =
  (draws: (runtime: Runtime) => Draws): Native =>
  (args, keywords, runtime) => {
    const [low, high, size, type] = bind(args, keywords, ['low', 'high', 'size', 'dtype']);
    const name = dtypeOf(type, 'numpy') ?? 'int64';
    const end = keywords.get('endpoint');
    if (end !== undefined && runtime.truth(end) !== false) {
      const last = high === undefined || high === null ? low : high;
      const first = high === undefined || high === null ? 0 : low;
      const above = runtime.binary('+', last ?? null, 1);
      return integersBetween([first, above, size], name, draws(runtime), 'numpy', runtime);
    }
    return integersBetween([low, high, size], name, draws(runtime), 'numpy', runtime);
  };

/** Functions of `numpy.random`, and methods of its generators. */
export const numpyDrawing: Drawing = (draws) => ({
  permutation: permutation(draws),
  permuted: permutation(draws),
  shuffle: shuffle(draws),
  choice: choice(draws),
  integers: integers(draws),
  randint: integers(draws),
});

const generatorOf = (keywords: Keywords, runtime: Runtime): Draws =>
  drawsOf(keywords.get('generator')) ?? sharedDraws('torch', runtime);

/** Sizes given one by one or as a sequence. */
const randperm: Native = (args, keywords, runtime) => {
  const length = integerOf(args[0] ?? keywords.get('n'));
  if (length === null) return lost(runtime, args[0], keywords.get('n'));
  const unknown = tooLarge(length, runtime);
  if (unknown !== null) return NdArray.unknown([length], 'int64', unknown, 'torch');
  return wholes(generatorOf(keywords, runtime).distinct(length), [length], 'int64', 'torch');
};

/** `randint(high, size)` and `randint(low, high, size)` */
const randint: Native = (args, keywords, runtime) => {
  const [low, high, size] =
    args.length === 2 && !keywords.has('high') && !keywords.has('size')
      ? [undefined, args[0], args[1]]
      : args.length === 1 && !keywords.has('high')
        ? [undefined, args[0], keywords.get('size')]
        : bind(args, keywords, ['low', 'high', 'size']);
  const name = dtypeOf(keywords.get('dtype'), 'torch') ?? 'int64';
  const draws = generatorOf(keywords, runtime);
  return integersBetween([low ?? 0, high ?? null, size], name, draws, 'torch', runtime);
};

export const torchDrawing: Readonly<Record<string, Native>> = { randperm, randint };

/** `manual_seed(7)`, `np.random.seed(7)` */
export const seeding =
  (library: string): Native =>
  ([seed], keywords, runtime) => {
    sharedDraws(library, runtime).seed(integerOf(seed ?? keywords.get('seed')) ?? 0);
    return null;
  };
