/**
 * Generators of random numbers as objects: `torch.Generator`, `np.random.default_rng`, `random.Random`.
 */
import type { Runtime } from '../runtime.js';
import { type Native, NativeFunction, PyObject, type Value } from '../values.js';
import { integerOf } from './convert.js';
import { Draws } from './draws.js';

/** Functions by name, for the generator that they draw from. */
export type Drawing = (draws: (runtime: Runtime) => Draws) => Readonly<Record<string, Native>>;

class Generator extends PyObject {
  readonly #methods: ReadonlyMap<string, Value>;
  constructor(
    readonly typeName: string,
    readonly draws: Draws,
    drawing: Drawing,
  ) {
    super();
    const table = Object.entries(drawing(() => draws));
    this.#methods = new Map(table.map(([name, run]) => [name, new NativeFunction(name, run)]));
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const method = this.#methods.get(name);
    if (method !== undefined) return method;
    if (name === 'manual_seed' || name === 'seed') {
      return new NativeFunction(name, ([seed]) => {
        this.draws.seed(integerOf(seed) ?? 0);
        return this;
      });
    }
    return runtime.unknown(`${name} of a generator of random numbers`);
  }
}

/** What makes such generators; the seed is an argument of it, for those that have one. */
export function generatorMaker(typeName: string, drawing: Drawing, seeded: boolean): Native {
  return ([seed], keywords) => {
    const given = seeded ? integerOf(seed ?? keywords.get('seed')) : null;
    return new Generator(typeName, new Draws(given ?? 0), drawing);
  };
}

/** Those of a generator object; null for every other value. */
export function drawsOf(value: Value | undefined): Draws | null {
  return value instanceof Generator ? value.draws : null;
}
