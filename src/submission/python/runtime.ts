/**
 * What the objects of the library may ask of the interpreter that runs them.
 */
import type { Keywords, PyModule, Stop, Unknown, Value } from './values.js';

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
  call(callee: Value, args: readonly Value[], keywords?: Keywords): Value;
  attribute(value: Value, name: string): Value;
  /** `left operator right`, with the protocol of both. */
  binary(operator: string, left: Value, right: Value): Value;
  iterate(value: Value): Iterable<Value>;
  list(items: Value[]): Value;
  tuple(items: Value[]): Value;
  dict(entries: Iterable<readonly [Value, Value]>): Value;
  /** The elements of a list or tuple; null for everything else. */
  sequence(value: Value): readonly Value[] | null;
  /** The function being run, innermost last; the module's own code is `<module>`. */
  readonly functions: readonly string[];
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
}
