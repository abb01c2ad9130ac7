/**
 * Functions of scripts, and iterators.
 */
import type { PyNode } from '../source/nodes.js';
import type { PyClass } from './object-classes.js';
import type { Runtime, SourceModule } from './runtime.js';
import { type Keywords, PyObject, Unknown, type Value } from './values.js';

export interface Parameter {
  readonly name: string;
  readonly kind: 'plain' | 'positional' | 'keyword' | '*' | '**';
  /** Of the default and the annotation; null where there is none. */
  readonly defaultNode: PyNode | null;
  readonly annotation: PyNode | null;
}

/** What is the same for all functions that one `def` or `lambda` makes. */
export interface Code {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly node: PyNode;
  readonly module: SourceModule;
  readonly generator: boolean;
  invoke(self: PyFunction, args: readonly Value[], keywords: Keywords): Value;
}

export class PyFunction extends PyObject {
  readonly typeName = 'function';
  /** The class whose body the function was defined in. */
  owner: PyClass | null = null;
  /** A decorator that is not known: it may have given the function any attribute. */
  decorator: Unknown | null = null;
  #attributes: Map<string, Value> | null = null;

  constructor(
    readonly code: Code,
    /** Values of the defaults by parameter; undefined where there is none. */
    readonly defaults: readonly (Value | undefined)[],
    /** The frame that it was made in. */
    readonly closure: object,
  ) {
    super();
  }
  get name(): string {
    return this.code.name;
  }
  override get binds(): boolean {
    return true;
  }
  override call(args: readonly Value[], keywords: Keywords): Value {
    return this.code.invoke(this, args, keywords);
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const own = this.#attributes?.get(name);
    if (own !== undefined) return own;
    if (name === '__name__' || name === '__qualname__') return this.code.name;
    if (name === '__doc__') return null;
    if (name === '__dict__') return runtime.dict(this.#attributes?.entries() ?? []);
    return this.decorator === null ? undefined : new Unknown(this.decorator.stop);
  }
  override setAttribute(name: string, value: Value): boolean {
    this.#attributes ??= new Map();
    this.#attributes.set(name, value);
    return true;
  }
}

/** An iterator of Python, which goes on where it was left. */
export class PyIterator extends PyObject {
  readonly typeName: string;
  #iterator: Iterator<Value, unknown, Value | undefined>;

  constructor(values: Iterable<Value>, typeName = 'iterator') {
    super();
    this.#iterator = values[Symbol.iterator]();
    this.typeName = typeName;
  }
  /**
   * Undefined at its end.
   *
   * @param sent value of the `yield` that a generator goes on from; None unless given
   */
  next(sent?: Value): Value | undefined {
    const step = this.#iterator.next(sent);
    return step.done ? undefined : step.value;
  }
  /** The rest of a generator is not run any more. */
  close(): void {
    this.#iterator.return?.();
    this.#iterator = [][Symbol.iterator]();
  }
  override iterate(): Iterable<Value> {
    // Without `return`: a loop that is left early leaves the rest of the iterator.
    const next = (): IteratorResult<Value> => {
      const value = this.next();
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    return { [Symbol.iterator]: () => ({ next }) };
  }
}
