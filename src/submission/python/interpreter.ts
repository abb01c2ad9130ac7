/**
 * Runs scripts in a bounded subset of Python.
 *
 * What it cannot follow becomes `Unknown`, with the place and the reason in `stops`. Work and memory are
 * counted, so that every script ends.
 */
import type { PySource } from '../source/nodes.js';
import { attributeOf, methodOf } from './attributes.js';
import { builtins } from './builtins.js';
import { holdsBack } from './compile-guards.js';
import { ScriptCompiler } from './compiler.js';
import { exceptionClasses } from './exceptions.js';
import { Raised, RunEnded, Undecided } from './failures.js';
import { GlobalNames } from './global-names.js';
import { type Handler, isCaught, leavesNormally, named, untilRaised } from './handlers.js';
import { exportedNames, Importer } from './importer.js';
import {
  Frame,
  type Machine,
  Namespace,
  NO_KEYWORDS,
  type Site,
  type Statement,
} from './machine.js';
import { PyInstance } from './object-classes.js';
import { BoundMethod, NativeType } from './object-descriptors.js';
import { PyFunction } from './object-functions.js';
import { PyDict } from './object-mappings.js';
import { PyList, PyTuple } from './object-sequences.js';
import { binaryOf, comparison, truthOf, typeName, unaryOf } from './operators.js';
import { getItem, iterateValue, lengthOfValue, setItem } from './protocol.js';
import type { Host } from './runtime.js';
import { Scope } from './scope.js';
import { Stops } from './stops.js';
import { textOfValue } from './texts.js';
import { type Keywords, PyModule, PyObject, type Stop, Unknown, type Value } from './values.js';

interface Limits {
  /** Statements, calls and operations on elements. */
  readonly steps: number;
  /** Units of 8 bytes that may be made in all. */
  readonly memory: number;
  /** Calls in calls. */
  readonly depth: number;
}

export const DEFAULT_LIMITS: Limits = { steps: 20_000_000, memory: 32_000_000, depth: 120 };

/** Time that memory costs: of writing it, and of freeing it. */
const STEPS_PER_UNIT = 1 / 4;

/** Stands for every method where an operator was replaced, which is found by no name. */
const OPERATOR = '__';

export class Interpreter implements Machine {
  left: number;
  at: Site;
  skippedExit = false;
  skippedReturn = false;
  handled: Value | undefined = undefined;
  readonly handlers: Handler[] = [];
  readonly functions: string[] = [];
  readonly modules = new Map<string, Namespace>();
  readonly exceptions = exceptionClasses();
  readonly #builtins: Map<string, Value>;
  readonly #importer: Importer;
  readonly #places = new Stops();
  readonly #activations: number[] = [0];
  /** Loops that are running, innermost last; those in which the run ended stay. */
  readonly #loops: number[] = [];
  #loopsRun = 0;
  /** Methods of types of the library that the script replaced, by their names. */
  readonly #replaced = new Map<string, Stop>();
  #memory: number;
  /** Steps that were left when the memory was spent. */
  #unused = 0;
  #calls = 0;
  #doubt: Stop | null = null;

  constructor(
    readonly host: Host,
    readonly limits: Limits = DEFAULT_LIMITS,
  ) {
    this.left = limits.steps;
    this.#memory = limits.memory;
    this.at = NOWHERE;
    this.#builtins = builtins(this);
    this.#importer = new Importer(this, (source, layer, name) =>
      this.runModule(source, layer, name),
    );
  }

  get stops(): readonly Stop[] {
    return this.#places.stops;
  }

  /** Runs the code of a module; a part of it where the budget is spent before its end. */
  runModule(source: PySource, layer: number, name: string): Namespace {
    const module = { source, layer };
    const namespace = new Namespace(name, module);
    this.modules.set(name, namespace);
    namespace.names.set('__name__', name);
    namespace.names.set('__file__', source.path);
    namespace.names.set('__doc__', null);
    const scope = new Scope('module', null);
    const { at } = this;
    this.at = { module, node: source.root };
    this.attempt(() => {
      const run = new ScriptCompiler(this, module, scope).block(source.root);
      this.entered('<module>');
      try {
        run(new Frame([], null, namespace, null));
      } finally {
        this.leftFunction();
      }
      return null;
    });
    this.at = at;
    return namespace;
  }

  /** A call from outside of the script; unknown where it fails or the budget is spent. */
  follow(callee: Value, args: readonly Value[], keywords: Keywords = NO_KEYWORDS): Value {
    return this.#guarded(
      () => this.call(callee, args, keywords),
      (stop) => new Unknown(stop),
    );
  }

  /** Work outside of the script on its values; null where an exception or the spent budget ends it. */
  attempt<T>(run: () => T): T | null {
    return this.#guarded(run, () => null);
  }

  #guarded<T, U>(run: () => T, failed: (stop: Stop) => U): T | U {
    const depth = this.functions.length;
    try {
      return run();
    } catch (failure) {
      this.functions.length = depth;
      this.#activations.length = depth + 1;
      // Only the outermost code ends where the run ends.
      if (failure instanceof RunEnded && depth > 0) throw failure;
      return failed(this.#stopOf(failure));
    }
  }

  #stopOf(failure: unknown): Stop {
    if (failure instanceof RunEnded) return this.#places.record(failure.stop);
    if (failure instanceof Undecided) return failure.unknown.stop;
    if (failure instanceof Raised) return this.#places.record(failure.stop);
    const message = failure instanceof Error ? failure.message : String(failure);
    return this.#places.record(this.stopAt(this.at, `not followed: ${message}`));
  }

  stopAt(site: Site, reason: string): Stop {
    return this.#places.at(site, reason);
  }
  here(): Stop {
    return this.stopAt(this.at, '');
  }
  unknown(reason: string): Unknown {
    return this.unknownAt(this.at, reason);
  }
  unknownAt(site: Site, reason: string): Unknown {
    this.left -= 30;
    return new Unknown(this.#places.record(this.stopAt(site, reason)));
  }
  undecided(value: Value): null {
    this.#doubt =
      value instanceof Unknown ? value.stop : this.unknown('a condition that is not known').stop;
    return null;
  }
  doubt(): Unknown {
    return this.#doubt === null
      ? this.unknown('a condition that is not known')
      : new Unknown(this.#doubt);
  }

  /** Steps that the run has taken so far. */
  get taken(): number {
    return this.limits.steps - Math.max(this.left, this.#unused);
  }
  /** The steps or the memory are spent. */
  get ended(): boolean {
    return this.left < 0;
  }
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) this.exhausted();
  }
  allocate(units: number): void {
    this.#memory -= units;
    this.left -= units * STEPS_PER_UNIT;
    if (this.#memory < 0) {
      this.#unused = Math.max(0, this.left);
      this.left = -1;
      throw new RunEnded(this.stopAt(this.at, 'the memory of the run is spent'));
    }
  }
  exhausted(): never {
    throw new RunEnded(this.stopAt(this.at, 'the steps of the run are spent'));
  }
  raise(type: string, message: string, argument: Value = message): never {
    // Exceptions cost much more than other operations.
    this.spend(60);
    const cls = this.exceptions.get(type) ?? this.exceptions.get('Exception')!;
    const exception = new PyInstance(cls);
    exception.attributes.set('args', new PyTuple(argument === '' ? [] : [argument]));
    const stop = this.stopAt(this.at, message === '' ? type : `${type}: ${message}`);
    throw new Raised(exception, stop);
  }
  recover(failure: unknown, statement: Statement, frame: Frame): Unknown {
    if (failure instanceof RunEnded) throw failure;
    const unknown = failure instanceof Undecided ? failure.unknown : this.#lost(failure);
    this.at = statement.site;
    statement.forget()(frame, unknown);
    return unknown;
  }
  /** What a failed statement would have given; throws where the script goes on elsewhere. */
  #lost(failure: unknown): Unknown {
    if (!(failure instanceof Raised)) return new Unknown(this.#stopOf(failure));
    if (leavesNormally(failure)) {
      throw new RunEnded(this.stopAt(this.at, 'the script ends itself'));
    }
    if (isCaught(failure.exception, this.handlers)) throw failure;
    const { stop, exception } = failure;
    const reason = stop.reason === '' ? `raises ${named(exception)}` : stop.reason;
    return new Unknown(this.#places.record({ ...stop, reason }));
  }
  catches(type: string): boolean {
    return isCaught(new PyInstance(this.exceptions.get(type)!), this.handlers);
  }
  handling<T>(exception: Value, run: () => T): T {
    const before = this.handled;
    this.handled = exception;
    try {
      return run();
    } finally {
      this.handled = before;
    }
  }
  untilRaised(type: string, run: () => Value | undefined): Value | undefined {
    const wanted = this.exceptions.get(type)!;
    return untilRaised(wanted, this.handlers, run);
  }

  entered(name: string): void {
    if (this.functions.length >= this.limits.depth) {
      this.raise('RecursionError', 'maximum recursion depth exceeded');
    }
    this.spend(5);
    this.functions.push(name);
    this.#activations.push(++this.#calls);
  }
  leftFunction(): void {
    this.functions.pop();
    this.#activations.pop();
  }
  get activation(): number {
    return this.#activations.at(-1)!;
  }
  get loop(): number {
    return this.#loops[0] ?? 0;
  }
  enterLoop(): number {
    return this.#loops.push(++this.#loopsRun) - 1;
  }
  leaveLoop(depth: number): void {
    this.#loops.length = depth;
  }

  lookUp(module: Namespace, name: string): Value {
    return module.names.get(name) ?? this.#builtins.get(name) ?? this.unbound(name, false, module);
  }
  unbound(name: string, local: boolean, module: Namespace): Value {
    if (module.names.get(name) === null || this.#builtins.get(name) === null) return null;
    const type = local ? 'UnboundLocalError' : 'NameError';
    if (this.catches(type)) return this.raise(type, `name '${name}' is not defined`);
    const known = local ? undefined : this.host.unbound(name, this);
    return known ?? this.unknown(`name '${name}' is not defined`);
  }
  builtinType(name: string): Value | undefined {
    return name === 'NoneType' ? this.#builtins.get('object') : this.#builtins.get(name);
  }
  globals(): Value {
    const { source } = this.at.module;
    const module = [...this.modules.values()].find((each) => each.module.source === source);
    return module === undefined ? this.unknown('the names of a module') : new GlobalNames(module);
  }
  importModule(name: string, level: number): Value {
    return this.#importer.importModule(name, level);
  }
  exportsOf(module: Value): Iterable<readonly [string, Value]> {
    return exportedNames(module, this);
  }
  setting(name: string, value: Value): Value {
    return typeof value === 'number' ? this.host.setting(name, value) : value;
  }

  call(callee: Value, args: readonly Value[], keywords: Keywords = NO_KEYWORDS): Value {
    if (callee instanceof PyFunction) return callee.code.invoke(callee, args, keywords);
    const result = callee instanceof PyObject ? callee.call(args, keywords, this) : undefined;
    return (
      result ??
      (result === null
        ? null
        : this.raise('TypeError', `'${typeName(callee)}' object is not callable`))
    );
  }
  method(receiver: Value, name: string, args: readonly Value[], keywords: Keywords): Value {
    const method = methodOf(receiver, name);
    if (method !== undefined) {
      this.left--;
      return method(receiver, args, keywords, this);
    }
    if (receiver instanceof PyInstance && !receiver.attributes.has(name)) {
      const value = receiver.cls.find(name);
      if (value instanceof PyFunction)
        return value.code.invoke(value, [receiver, ...args], keywords);
    }
    return this.call(this.attribute(receiver, name), args, keywords);
  }
  attribute(value: Value, name: string): Value {
    const found = this.find(value, name);
    if (found !== undefined) return found;
    return this.raise('AttributeError', `'${typeName(value)}' object has no attribute '${name}'`);
  }
  find(value: Value, name: string): Value | undefined {
    const replaced = this.#replaced.get(name) ?? this.#replaced.get(OPERATOR);
    if (replaced !== undefined && !(value instanceof PyModule)) return new Unknown(replaced);
    return this.#importer.submodule(value, name) ?? attributeOf(value, name, this);
  }
  setAttribute(value: Value, name: string, item: Value): void {
    if (value instanceof NativeType) {
      const { stop } = this.unknown(`${value.name}.${name} is replaced`);
      this.#replaced.set(name.startsWith('__') ? OPERATOR : name, stop);
      return;
    }
    const set = value instanceof PyObject && value.setAttribute(name, item, this);
    if (!set)
      this.raise('AttributeError', `'${typeName(value)}' object attribute '${name}' cannot be set`);
  }
  item(value: Value, index: Value): Value {
    return getItem(value, index, this);
  }
  setItem(value: Value, index: Value, item: Value): void {
    setItem(value, index, item, this);
  }
  binary(operator: string, left: Value, right: Value): Value {
    return binaryOf(operator, left, right, this);
  }
  update(operator: string, left: Value, right: Value): Value {
    const changed = left instanceof PyObject ? left.update(operator, right, this) : undefined;
    return changed === undefined ? this.binary(operator, left, right) : changed;
  }
  compare(operator: string, left: Value, right: Value): Value {
    return comparison(operator, left, right, this);
  }
  unary(operator: string, value: Value): Value {
    return unaryOf(operator, value, this);
  }
  truth(value: Value): boolean | null {
    return truthOf(value, this);
  }
  equal(left: Value, right: Value): boolean | null {
    return truthOf(comparison('==', left, right, this), this);
  }
  length(value: Value): number | null {
    return lengthOfValue(value, this);
  }
  iterate(value: Value): Iterable<Value> {
    return iterateValue(value, this);
  }
  text(value: Value, quoted = false): string | null {
    return textOfValue(value, quoted, this);
  }
  list(items: Value[]): Value {
    this.allocate(items.length + 16);
    return new PyList(items);
  }
  tuple(items: Value[]): Value {
    this.allocate(items.length + 16);
    return new PyTuple(items);
  }
  dict(entries: Iterable<readonly [Value, Value]>): Value {
    const dict = new PyDict();
    for (const [key, value] of entries) dict.set(key, value, this);
    return dict;
  }
  sequence(value: Value): readonly Value[] | null {
    return value instanceof PyList || value instanceof PyTuple ? value.items : null;
  }
  enter(manager: Value): Value {
    if (!(manager instanceof PyObject)) return this.raise('AttributeError', '__enter__');
    return manager instanceof Unknown ? new Unknown(manager.stop) : manager.enter(this);
  }
  exit(manager: Value, failure: Raised | null): boolean {
    if (!(manager instanceof PyObject)) return false;
    if (failure !== null && holdsBack(manager, failure.exception)) return true;
    const method = manager instanceof PyInstance ? manager.cls.find('__exit__') : undefined;
    if (failure === null || method === undefined) {
      manager.exit(this);
      return false;
    }
    const { exception } = failure;
    const cls = exception instanceof PyInstance ? exception.cls : null;
    const held = this.call(new BoundMethod(manager, method), [cls, exception, null]);
    return this.truth(held) === true;
  }
}

const NOWHERE: Site = {
  module: { source: { path: '', text: '', nodes: [], root: null as never }, layer: 0 },
  node: { type: '', from: 0, to: 0, index: 0, end: 0, parent: null, children: [] },
};
