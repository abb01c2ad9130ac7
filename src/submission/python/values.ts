/**
 * Values of the interpreted subset of Python, and the protocol of its objects.
 *
 * `None`, booleans, numbers and strings are those of JavaScript; integers and floats are not told apart
 * (an integer beyond 2⁵³ is not known). Everything else is an object of the class `PyObject`, whose
 * methods answer `undefined` for what they do not support.
 */
import type { PySource } from '../source/nodes.js';

export type Value = null | boolean | number | string | PyObject;

export type Keywords = ReadonlyMap<string, Value>;

/** Operators by their Python spelling, such as `+`, `//`, `@`, `<=`, `&`. */
type Operator = string;

export abstract class PyObject {
  /** As `type(x).__name__` has it. */
  abstract readonly typeName: string;
  /** Read from a class, it is bound to the instance, as functions are. */
  get binds(): boolean {
    return false;
  }

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
  /** What each of several names gets of it; undefined: what iterating over it gives. */
  unpack(_count: number): readonly Value[] | undefined {
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
  /** The last stream position of the ids that it was computed from; NaN where they differ. */
  lastId(): number | undefined {
    return undefined;
  }
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
  /** Of a value computed from ids: the last stream position of them; NaN where several are mixed. */
  readonly ids?: number;
  /** The value was last multiplied or divided by a number. */
  readonly scaled?: true;
}

/** A number that stays the same where it is compared with smaller ones: `k < 500` of fewer rows. */
export interface Bound {
  readonly at: Stop;
  readonly limit: number;
  /** The largest of the smaller ones. */
  readonly actual: number;
  /** False where another number was larger, or as large. */
  readonly holds: boolean;
}

/** What was added to losses, so that their sum is not nats alone. */
export interface Addition {
  readonly at: Stop;
  /** Share of each loss that smoothed labels replace; null for a value that is not known. */
  readonly smoothing: number | null;
}

/**
 * The stop of what is computed from the value of `stop` and these. A model that is given the tokens before its targets
 * has not seen the last target, so that nothing computed from its logits alone is a loss of all of them.
 */
export function stopWith(stop: Stop, values: Iterable<Value>): Stop {
  let { ids } = stop;
  for (const value of values) {
    const own = value instanceof PyObject ? value.lastId() : undefined;
    if (own === undefined || own === ids) continue;
    ids = ids === undefined ? own : Number.NaN;
  }
  if (Object.is(ids, stop.ids) && stop.scaled === undefined) return stop;
  const { path, layer, line, reason } = stop;
  return ids === undefined ? { path, layer, line, reason } : { path, layer, line, reason, ids };
}

/** The stop of `value operator other`, or the reverse. */
export function stopOfOperation(operator: string, stop: Stop, other: Value): Stop {
  const scales = (operator === '*' || operator === '/') && typeof other === 'number';
  if (!scales) return stopWith(stop, [other]);
  return Math.abs(other) === 1 ? stop : { ...stop, scaled: true };
}

/** A value that is not known. What is computed from it is not known either, for the same reason. */
export class Unknown extends PyObject {
  // An accessor, since a field costs time for each of the many that are made.
  get typeName(): string {
    return 'unknown';
  }

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
  override item(index: Value, runtime: Runtime): Value {
    const item = runtime.host.itemUnknown?.(this, index, runtime);
    return item ?? new Unknown(stopWith(this.stop, [index]));
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
    const result = runtime.host.callUnknown(this, args, keywords, runtime);
    return result ?? new Unknown(stopWith(this.stop, [...args, ...keywords.values()]));
  }
  override lastId(): number | undefined {
    return this.stop.ids;
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
    const result = this.native(args, keywords, runtime);
    if (!(result instanceof Unknown) || result.member !== null) return result;
    const stop = stopWith(result.stop, [...args, ...keywords.values()]);
    return stop === result.stop ? result : new Unknown(stop);
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
    const member = this.members.get(name);
    return member === undefined ? runtime.unknown(`${this.name}.${name} is not modelled`) : member;
  }
  override setAttribute(name: string, value: Value): boolean {
    this.members.set(name, value);
    return true;
  }
}

/** Text of a module of the script itself. */
export interface SourceModule {
  readonly source: PySource;
  /** 0: the file itself; above 0: a packed source in it. */
  readonly layer: number;
}

export interface Runtime {
  readonly host: Host;
  /** A value that is not known, at the line that is being run; the stop is recorded. */
  unknown(reason: string): Unknown;
  /**
   * Raises a Python exception, which the script may catch.
   *
   * @param argument what the exception was made with, where it is not its message
   */
  raise(type: string, message: string, argument?: Value): never;
  /**
   * Counts work against the budget: one step is about one operation on one element.
   *
   * @throws the interpreter's own error, which ends the run
   */
  spend(steps: number): void;
  /**
   * Counts memory against the budget, in units of about 8 bytes; what is freed is not taken off.
   *
   * @throws the interpreter's own error, which ends the run
   */
  allocate(units: number): void;
  /** Whether a `try` that is running catches an exception of this type. */
  catches(type: string): boolean;
  /** What `run` gives; undefined where it raises a Python exception of this type. */
  untilRaised(type: string, run: () => Value | undefined): Value | undefined;
  call(callee: Value, args: readonly Value[], keywords?: Keywords): Value;
  attribute(value: Value, name: string): Value;
  /** `left operator right`, with the protocol of both. */
  binary(operator: string, left: Value, right: Value): Value;
  /** `-`, `+`, `~` */
  unary(operator: string, value: Value): Value;
  /** `value[index]` */
  item(value: Value, index: Value): Value;
  setItem(value: Value, index: Value, item: Value): void;
  setAttribute(value: Value, name: string, item: Value): void;
  /** Null where it is not known. */
  truth(value: Value): boolean | null;
  /** `left == right`; null where it is not known. */
  equal(left: Value, right: Value): boolean | null;
  /** `left operator right` of a comparison, `in` and `is` among them. */
  compare(operator: string, left: Value, right: Value): Value;
  /** A built-in type by its name; undefined where there is none. */
  builtinType(name: string): Value | undefined;
  /** As `len` has it; null where it is not known. */
  length(value: Value): number | null;
  /**
   * Raises a `TypeError` for what cannot be iterated. `Unknown` ends the statement, whose results become unknown:
   * ask for it before where something else is to become of it.
   */
  iterate(value: Value): Iterable<Value>;
  /** `str(value)`, or `repr(value)` with `quoted`; null where it is not known. */
  text(value: Value, quoted?: boolean): string | null;
  list(items: Value[]): Value;
  tuple(items: Value[]): Value;
  dict(entries: Iterable<readonly [Value, Value]>): Value;
  /** The elements of a list or tuple; null for everything else. */
  sequence(value: Value): readonly Value[] | null;
  /** The function being run, innermost last; the module's own code is `<module>`. */
  readonly functions: readonly string[];
  /** A number of its own for each call of a function of the script; the innermost one's. */
  readonly activation: number;
  /** A number of its own for each time that a loop is run; that of the outermost one, 0 outside of loops. */
  readonly loop: number;
  /** The statement being run. */
  here(): Stop;
}

/** The world around the script: modules, and the answers for what is not known. */
export interface Host {
  /** A library module by its dotted name; null where it is not modelled. */
  module(name: string, runtime: Runtime): PyModule | null;
  /** A call of something unknown, such as a model: a value where the arguments say enough. */
  callUnknown(
    callee: Unknown,
    args: readonly Value[],
    keywords: Keywords,
    runtime: Runtime,
  ): Value | undefined;
  /** An item of something unknown, such as logits at the targets: a value where the index says enough. */
  itemUnknown?(value: Unknown, index: Value, runtime: Runtime): Value | undefined;
  /**
   * A number that the script binds to a name (assignment, default, environment, option), to be
   * replaced by one of the small set's size; the value itself where it stays.
   */
  setting(name: string, value: number): number;
  /** A name that is bound nowhere; undefined where it stays unknown. */
  unbound(name: string, runtime: Runtime): Value | undefined;
  /** A quotient of a sum of losses or bytes was made; called for each. */
  quotient(value: Value, runtime: Runtime): void;
  /** A module of the script's own folder; null where there is none of this name. */
  sourceModule?(name: string): SourceModule | null;
  /** What the script prints or logs. */
  printed?(args: readonly Value[], runtime: Runtime): void;
  /**
   * A value, not plain, that is formatted into a text: `f"val_bpb:{value} of {n}"` has the text `val_bpb:` before it, and
   * ` of {` after it, where the next value begins with `{` or `%`.
   */
  formatted?(before: string, value: Value, runtime: Runtime, after?: string): void;
  /**
   * A stated number that is larger than what it limits, and so has no effect: `min(500, rows)`, `tokens[:3_000_000]`,
   * `if i >= 500: break`. Whether what it limits grows with the stream is for the host to find out.
   *
   * @param certain false: whether it limits anything has to be tried out
   * @param at where the number stands; the statement being run unless given
   */
  limited?(limit: number, actual: number, certain: boolean, runtime: Runtime, at?: Stop): void;
  /** Two numbers of which the larger one may limit the other; told once, and kept up to date as the run goes on. */
  bounded?(bound: Bound): void;
  /** Something that is no loss of a target is added to losses; the number that tells it from others. */
  added?(addition: Addition): number;
}
