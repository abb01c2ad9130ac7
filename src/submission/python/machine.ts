/**
 * What compiled code and the interpreter that runs it share.
 */
import type { PyNode } from '../source/nodes.js';
import type { Raised } from './failures.js';
import type { Handler } from './handlers.js';
import type { PyClass } from './object-classes.js';
import type { PyFunction } from './object-functions.js';
import type { Runtime, SourceModule } from './runtime.js';
import type { Scope } from './scope.js';
import { type Keywords, PyObject, type Stop, type Unknown, type Value } from './values.js';

/** How a statement ended. */
export const NORMAL = 0;
export const BREAK = 1;
export const CONTINUE = 2;
/** The value is in the frame. */
export const RETURN = 3;
export type Completion = 0 | 1 | 2 | 3;

/** Names and values of one run of a module, class body, function or comprehension. */
export class Frame {
  /** What `return` gives. */
  result: Value = null;
  constructor(
    /** Local names by their numbers; undefined: not bound. */
    readonly slots: (Value | undefined)[],
    /** The frame around it in the text. */
    readonly parent: Frame | null,
    readonly module: Namespace,
    /** The function that runs. */
    readonly running: PyFunction | null,
    /** Names of a class body. */
    readonly names: Map<string, Value> | null = null,
  ) {}
}

/** The names of a module of the script. */
export class Namespace extends PyObject {
  readonly typeName = 'module';
  readonly names = new Map<string, Value>();
  constructor(
    readonly name: string,
    readonly module: SourceModule,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    return this.names.get(name);
  }
  override setAttribute(name: string, value: Value): boolean {
    this.names.set(name, value);
    return true;
  }
}

export type Expression = (frame: Frame) => Value;
/** Null where it is not known. */
export type Condition = (frame: Frame) => boolean | null;
export type Execution = (frame: Frame) => Completion;
/** Binds a value to a name, attribute, item or several of them. */
export type Store = (frame: Frame, value: Value) => void;
/** Makes what a statement would have bound not known. */
export type Forget = (frame: Frame, value: Unknown) => void;
/** A statement that yields; it gives what was sent, which is always None, and ends as others do. */
export type Generation = (frame: Frame) => Generator<Value, Completion, Value | undefined>;

/** Where a statement lies. */
export interface Site {
  readonly module: SourceModule;
  readonly node: PyNode;
}

export interface Statement {
  readonly run: Execution;
  readonly site: Site;
  /** Steps that it costs beside those of what it calls. */
  readonly cost: number;
  readonly forget: () => Forget;
}

/** The interpreter, as compiled code sees it. */
export interface Machine extends Runtime {
  /** Steps that are left. */
  left: number;
  at: Site;
  readonly modules: Map<string, Namespace>;
  readonly exceptions: ReadonlyMap<string, PyClass>;
  /** A name of a module, of the builtins or of the host. */
  lookUp(module: Namespace, name: string): Value;
  /** A name that nothing is bound to. */
  unbound(name: string, local: boolean, module: Namespace): Value;
  /** `globals()` of the code that runs. */
  globals(): Value;
  /** The exception that is being handled. */
  readonly handled: Value | undefined;
  /** Ends the run where no steps are left. */
  exhausted(): never;
  /** An unknown value for the same reason as the last condition that was not known. */
  doubt(): Unknown;
  /** Records that a value with this truth is not known. */
  undecided(value: Value): null;
  compare(operator: string, left: Value, right: Value): Value;
  method(receiver: Value, name: string, args: readonly Value[], keywords: Keywords): Value;
  /** `left operator= right` */
  update(operator: string, left: Value, right: Value): Value;
  /**
   * After a failure of a statement: returns where the run goes on with the next one, throws where the failure
   * is one that the script catches, or one that ends the run.
   */
  recover(failure: unknown, statement: Statement, frame: Frame): Unknown;
  /** A loop begins; what `leaveLoop` takes once it has come to its end. */
  enterLoop(): number;
  leaveLoop(depth: number): void;
  /** A `break` or `return` behind a condition that is not known was passed over. */
  skippedExit: boolean;
  /** A `return` of the function was passed over, so its end is not where it returns for certain. */
  skippedReturn: boolean;
  /** An attribute; undefined where there is none. */
  find(value: Value, name: string): Value | undefined;
  /** Names that `from module import *` takes. */
  exportsOf(module: Value): Iterable<readonly [string, Value]>;
  enter(manager: Value): Value;
  /** Whether the manager holds the failure back. */
  exit(manager: Value, failure: Raised | null): boolean;
  /** Runs the handler of an exception. */
  handling<T>(exception: Value, run: () => T): T;
  readonly handlers: Handler[];
  /** A function begins to run, or goes on. */
  entered(name: string): void;
  leftFunction(): void;
  importModule(name: string, level: number): Value;
  setting(name: string, value: Value): Value;
  unknownAt(site: Site, reason: string): Unknown;
  stopAt(site: Site, reason: string): Stop;
}

/** What the compilers of single parts of the language need of each other. */
export interface Compiler {
  readonly machine: Machine;
  readonly module: SourceModule;
  readonly scope: Scope;
  /** The same, for the text of another scope. */
  inside(scope: Scope): Compiler;
  text(node: PyNode): string;
  expression(node: PyNode): Expression;
  condition(node: PyNode): Condition;
  /** A `Body` or the statements of a script. */
  block(node: PyNode): Execution;
  /** The same where something in it yields. */
  generation(node: PyNode): Generation;
  statement(node: PyNode): Statement;
  target(node: PyNode): Store;
  name(name: string): Expression;
  storeName(name: string): Store;
  /** A call of what an expression gives, with the arguments of a list. */
  callWith(callee: Expression, list: PyNode): Expression;
  /** Comma-separated parts of an expression, with stars: a tuple where there are several. */
  parts(nodes: readonly PyNode[]): Expression;
  /** Makes unknown what the statements below the node would bind. */
  forget(node: PyNode): Forget;
  /** A value that is not known, whenever it is asked for. */
  unfollowed(node: PyNode, reason: string): Expression;
}

export const NO_KEYWORDS: Keywords = new Map();
