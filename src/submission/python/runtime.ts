/**
 * What the objects of the library may ask of the interpreter that runs them.
 */
import type { PySource } from '../source/nodes.js';
import type { Keywords, PyModule, Stop, Unknown, Value } from './values.js';

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
  /** Raises a Python exception, which the script may catch. */
  raise(type: string, message: string): never;
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
  /** As `len` has it; null where it is not known. */
  length(value: Value): number | null;
  /** Raises a `TypeError` for what cannot be iterated; yields nothing for `Unknown`: ask for that before. */
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
  /** A value, not plain, that is formatted into a text: `f"val_bpb:{value}"` has the text `val_bpb:` before it. */
  formatted?(before: string, value: Value, runtime: Runtime): void;
  /**
   * A stated number that is larger than what it limits, and so has no effect: `min(500, rows)`, `tokens[:3_000_000]`,
   * `if i >= 500: break`. Whether what it limits grows with the stream is for the host to find out.
   */
  limited?(limit: number, actual: number, what: Value | null, runtime: Runtime): void;
}
