/**
 * `os.environ`: the variables of one rank, and the script's own defaults in the sizes of the small set.
 */
import { PyIterator } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyObject,
  type Value,
} from '../../python/values.js';

export interface Environment {
  /** Variables that are set, such as `RANK`; the script may change them. */
  readonly variables: Map<string, string>;
  /** Switches that the run turns on where the script's default is off. */
  readonly switches: RegExp | null;
  /** The number that the run uses in place of a default. */
  setting(name: string, value: number): number;
}

const NUMBER = /^\s*-?\d[\d_]*(\.\d+)?\s*$/;
const OFF = new Set(['0', 'false', 'no', 'off', '']);

export class PyEnvironment extends PyObject {
  readonly typeName = '_Environ';

  constructor(private readonly environment: Environment) {
    super();
  }
  override item(index: Value, runtime: Runtime): Value {
    const name = String(index);
    const value = this.environment.variables.get(name);
    if (value !== undefined) return value;
    // Whoever runs the script has set what it cannot do without.
    if (/PATH|DIR|FILE|ROOT/.test(name)) return './data';
    if (runtime.catches('KeyError')) return runtime.raise('KeyError', name);
    return runtime.unknown(`os.environ['${name}']`);
  }
  override setItem(index: Value, value: Value): boolean {
    if (typeof value === 'string') this.environment.variables.set(String(index), value);
    return true;
  }
  override contains(value: Value): boolean {
    return typeof value === 'string' && this.environment.variables.has(value);
  }
  override iterate(): Iterable<Value> {
    return this.environment.variables.keys();
  }
  override length(): number {
    return this.environment.variables.size;
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const { variables } = this.environment;
    const methods: Record<string, Native> = {
      get: (args, keywords, inner) => this.get(args, keywords, inner),
      setdefault: ([key, value]) => {
        if (!variables.has(String(key)) && typeof value === 'string') {
          variables.set(String(key), this.#small(String(key), value));
        }
        return variables.get(String(key)) ?? value ?? null;
      },
      pop: ([key, value]) => {
        const before = variables.get(String(key));
        variables.delete(String(key));
        return before ?? value ?? null;
      },
      update: ([values]) => {
        for (const key of runtime.iterate(values ?? null)) {
          this.setItem(key, runtime.item(values ?? null, key));
        }
        return null;
      },
      copy: () => runtime.dict(variables.entries()),
      keys: () => new PyIterator([...variables.keys()]),
      values: () => new PyIterator([...variables.values()]),
      items: () => new PyIterator([...variables].map((pair) => runtime.tuple(pair))),
    };
    const method = methods[name];
    return method === undefined ? undefined : new NativeFunction(name, method);
  }

  /** `get(name, default)`, also as `os.getenv`. */
  get(args: readonly Value[], keywords: Keywords, _runtime: Runtime): Value {
    const name = String(args[0] ?? keywords.get('key') ?? '');
    const fallback = args[1] ?? keywords.get('default') ?? null;
    const { variables, switches } = this.environment;
    const set = variables.get(name);
    if (set !== undefined) return set;
    if (switches?.test(name) && OFF.has(String(fallback ?? '').toLowerCase())) return '1';
    if (typeof fallback === 'number') return this.environment.setting(name, fallback);
    return typeof fallback === 'string' ? this.#small(name, fallback) : fallback;
  }
  #small(name: string, text: string): string {
    if (!NUMBER.test(text)) return text;
    const value = Number(text.replaceAll('_', ''));
    const small = this.environment.setting(name, value);
    return small === value ? text : String(small);
  }
}
