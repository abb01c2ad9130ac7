/**
 * Values of the interpreted subset of Python, and the protocol of its objects.
 *
 * `None`, booleans, numbers and strings are those of JavaScript; integers and floats are not told apart
 * (an integer beyond 2⁵³ is not known). Everything else is an object of the class `PyObject`, whose
 * methods answer `undefined` for what they do not support.
 */
import type { Runtime } from './runtime.js';

export type Value = null | boolean | number | string | PyObject;

export type Keywords = ReadonlyMap<string, Value>;

/** Operators by their Python spelling, such as `+`, `//`, `@`, `<=`, `&`. */
export type Operator = string;

export abstract class PyObject {
  /** As `type(x).__name__` has it. */
  abstract readonly typeName: string;
  /** Read from a class, it is bound to the instance, as functions are. */
  readonly binds: boolean = false;

  /** An attribute; methods as `NativeFunction`s bound to this object. */
  attribute(_name: string, _runtime: Runtime): Value | undefined {
    return undefined;
  }
  /** False where the attribute cannot be set. */
  setAttribute(_name: string, _value: Value, _runtime: Runtime): boolean {
    return false;
  }
  /** `self[index]` */
  item(_index: Value, _runtime: Runtime): Value | undefined {
    return undefined;
  }
  /** `self[index] = value`; false where it is not supported. */
  setItem(_index: Value, _value: Value, _runtime: Runtime): boolean {
    return false;
  }
  /** `self operator other`, or with `reflected` `other operator self`. */
  binary(
    _operator: Operator,
    _other: Value,
    _reflected: boolean,
    _runtime: Runtime,
  ): Value | undefined {
    return undefined;
  }
  /**
   * `self operator= other` where it changes the object itself; else `binary` is used. With the operator `''` the
   * object takes over the value of `other`, as `copy_` does: tensors, and scalars that are sums, have it, so that
   * `dist.all_reduce(x)` changes `x`.
   */
  update(_operator: Operator, _other: Value, _runtime: Runtime): Value | undefined {
    return undefined;
  }
  /** `-`, `+`, `~` */
  unary(_operator: Operator, _runtime: Runtime): Value | undefined {
    return undefined;
  }
  /** Null where it is not known. */
  truth(_runtime: Runtime): boolean | null {
    return true;
  }
  iterate(_runtime: Runtime): Iterable<Value> | undefined {
    return undefined;
  }
  length(_runtime: Runtime): number | undefined {
    return undefined;
  }
  contains(_value: Value, _runtime: Runtime): boolean | undefined {
    return undefined;
  }
  call(_args: readonly Value[], _keywords: Keywords, _runtime: Runtime): Value | undefined {
    return undefined;
  }
  /** What it is hashed and compared by as a key; undefined: by which object it is. */
  hashed(_runtime: Runtime): Value | undefined {
    return undefined;
  }
  enter(_runtime: Runtime): Value {
    return this;
  }
  exit(_runtime: Runtime): void {}
}

/** Where the interpreter could not follow, and why. */
export interface Stop {
  /** File, as `PySource.path` has it. */
  readonly path: string;
  /** 0: the file itself; above 0: a packed source in it. */
  readonly layer: number;
  /** 1-based. */
  readonly line: number;
  readonly reason: string;
}

/** A value that is not known. What is computed from it is not known either, for the same reason. */
export class Unknown extends PyObject {
  readonly typeName = 'unknown';

  /**
   * @param member last attribute that was read from it, such as `forward_logits`
   * @param owner what that attribute was read from
   */
  constructor(
    readonly stop: Stop,
    readonly member: string | null = null,
    readonly owner: Unknown | null = null,
  ) {
    super();
  }
  override attribute(name: string): Value {
    return new Unknown(this.stop, name, this);
  }
  override setAttribute(): boolean {
    return true;
  }
  override item(): Value {
    return new Unknown(this.stop);
  }
  override setItem(): boolean {
    return true;
  }
  override unary(): Value {
    return new Unknown(this.stop);
  }
  override truth(): null {
    return null;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return runtime.host.callUnknown(this, args, keywords, runtime) ?? new Unknown(this.stop);
  }
}

export type Native = (args: readonly Value[], keywords: Keywords, runtime: Runtime) => Value;

export class NativeFunction extends PyObject {
  readonly typeName = 'builtin_function_or_method';

  constructor(
    readonly name: string,
    private readonly native: Native,
  ) {
    super();
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return this.native(args, keywords, runtime);
  }
}

/** A module of the library; a name that it lacks is `Unknown`, and so is what is called on it. */
export class PyModule extends PyObject {
  readonly typeName = 'module';

  constructor(
    readonly name: string,
    readonly members: Map<string, Value>,
  ) {
    super();
  }
  override attribute(name: string, runtime: Runtime): Value {
    return this.members.get(name) ?? runtime.unknown(`${this.name}.${name} is not modelled`);
  }
  override setAttribute(name: string, value: Value): boolean {
    this.members.set(name, value);
    return true;
  }
}
