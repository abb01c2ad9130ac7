/**
 * The module `random`: samples, orders and integers as made-up draws. Floats are not drawn, so that what they decide is
 * not known.
 */
import { integerOf } from '../../python/library/convert.js';
import { type Draws, sharedDraws } from '../../python/library/draws.js';
import { type Drawing, generatorMaker } from '../../python/library/generators.js';
import { seeding } from '../../python/library/random.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, type PyModule, Unknown, type Value } from '../../python/values.js';
import { argument, moduleOf } from '../arguments.js';
import { nothing } from './system.js';

type Source = (runtime: Runtime) => Draws;

/** Of more than these nothing is drawn: no small set has as many. */
const MEMBERS_MAX = 2 ** 18;

/** Members of what is drawn from, which are paid for; or why they are not known. */
function members(value: Value | undefined, runtime: Runtime): readonly Value[] | Unknown {
  if (value instanceof Unknown) return value;
  const length = runtime.length(value ?? null);
  if (length === null) return runtime.unknown('a draw from what is not known');
  if (length > MEMBERS_MAX) return runtime.unknown(`a draw from ${length} members`);
  runtime.spend(length);
  runtime.allocate(length);
  return [...runtime.iterate(value ?? null)];
}

const unknownCount = (value: Value | undefined, runtime: Runtime): Unknown =>
  value instanceof Unknown ? value : runtime.unknown('a number of members that is not known');

const sample =
  (draws: Source): Native =>
  (args, keywords, runtime) => {
    const all = members(argument(args, keywords, 0, 'population'), runtime);
    const given = argument(args, keywords, 1, 'k');
    const count = integerOf(given);
    if (all instanceof Unknown) return all;
    if (count === null) return unknownCount(given, runtime);
    if (count < 0 || count > all.length) {
      runtime.raise('ValueError', 'Sample larger than population or is negative');
    }
    return runtime.list(
      draws(runtime)
        .distinct(all.length, count)
        .map((at) => all[at]!),
    );
  };

const shuffle =
  (draws: Source): Native =>
  ([items = null], _, runtime) => {
    const all = members(items, runtime);
    if (all instanceof Unknown) return null;
    const order = draws(runtime).distinct(all.length);
    for (const [i, from] of order.entries()) runtime.setItem(items, i, all[from]!);
    return null;
  };

const choice =
  (draws: Source): Native =>
  ([items], keywords, runtime) => {
    const all = members(items ?? keywords.get('seq'), runtime);
    if (all instanceof Unknown) return all;
    if (all.length === 0) runtime.raise('IndexError', 'Cannot choose from an empty sequence');
    return all[draws(runtime).below(all.length)]!;
  };

const choices =
  (draws: Source): Native =>
  (args, keywords, runtime) => {
    const all = members(argument(args, keywords, 0, 'population'), runtime);
    if (all instanceof Unknown) return all;
    const given = keywords.get('k') ?? 1;
    const count = integerOf(given);
    if (count === null) return unknownCount(given, runtime);
    if (args.length > 1 || keywords.has('weights') || keywords.has('cum_weights')) {
      return runtime.unknown('a weighted draw');
    }
    if (all.length === 0) runtime.raise('IndexError', 'Cannot choose from an empty sequence');
    runtime.spend(count);
    runtime.allocate(count);
    const own = draws(runtime);
    return runtime.list(Array.from({ length: count }, () => all[own.below(all.length)]!));
  };

/** `randrange(start, stop, step)`; with `last`, `randint(a, b)`, of which `b` is drawn too. */
const whole =
  (draws: Source, last: boolean): Native =>
  (args, _, runtime) => {
    const [first, second, step = 1] = args.map(integerOf);
    const unknown = args.find((each) => each instanceof Unknown);
    if (unknown instanceof Unknown) return unknown;
    if (first == null || second === null || step === null || step < 1) {
      return runtime.unknown('bounds of a draw');
    }
    const [low, high] = second === undefined ? [0, first] : [first, second + (last ? 1 : 0)];
    const count = Math.ceil((high - low) / step);
    if (count < 1) runtime.raise('ValueError', 'empty range');
    return low + step * draws(runtime).below(count);
  };

const drawing: Drawing = (draws) => ({
  sample: sample(draws),
  shuffle: shuffle(draws),
  choice: choice(draws),
  choices: choices(draws),
  randint: whole(draws, true),
  randrange: whole(draws, false),
});

export function randomModule(): PyModule {
  return moduleOf('random', {
    ...drawing((runtime) => sharedDraws('random', runtime)),
    seed: seeding('random'),
    setstate: nothing,
    getstate: nothing,
    Random: generatorMaker('Random', drawing, true),
    SystemRandom: generatorMaker('SystemRandom', drawing, false),
  });
}
