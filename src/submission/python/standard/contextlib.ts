/**
 * `contextlib`
 */
import type { Machine } from '../machine.js';
import { PyIterator } from '../object-functions.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyObject,
  Unknown,
  type Value,
} from '../values.js';

/** A context manager made of a generator: what it yields is entered, the rest runs at the end. */
class GeneratorManager extends PyObject {
  readonly typeName = '_GeneratorContextManager';
  constructor(private readonly steps: Value) {
    super();
  }
  override enter(): Value {
    return this.steps instanceof PyIterator ? (this.steps.next() ?? null) : this.steps;
  }
  override exit(): void {
    if (this.steps instanceof PyIterator) this.steps.next();
  }
  /** It is a decorator as well. */
  override call(args: readonly Value[]): Value {
    return args[0] ?? null;
  }
}

/** `@contextmanager`, of a function or a method. */
class ManagerFunction extends PyObject {
  readonly typeName = 'function';
  constructor(
    private readonly callee: Value,
    private readonly machine: Machine,
  ) {
    super();
  }
  override get binds(): boolean {
    return true;
  }
  override attribute(name: string): Value | undefined {
    return name === '__wrapped__' ? this.callee : this.machine.attribute(this.callee, name);
  }
  override call(args: readonly Value[], keywords: Keywords): Value {
    const steps = this.machine.call(this.callee, args, keywords);
    return steps instanceof Unknown ? new Unknown(steps.stop) : new GeneratorManager(steps);
  }
}

class Suppress extends PyObject {
  readonly typeName = 'suppress';
  constructor(readonly suppressed: readonly Value[]) {
    super();
  }
}

class NullContext extends PyObject {
  readonly typeName = 'nullcontext';
  constructor(private readonly entered: Value) {
    super();
  }
  override enter(): Value {
    return this.entered;
  }
}

/** `contextlib.ExitStack` */
class ExitStack extends PyObject {
  readonly typeName = 'ExitStack';
  readonly #open: PyObject[] = [];
  override attribute(name: string, machine: Machine): Value | undefined {
    if (name === 'enter_context') {
      return new NativeFunction(name, ([manager = null]) => {
        if (manager instanceof PyObject) this.#open.push(manager);
        return machine.enter(manager);
      });
    }
    return name === 'close' ? new NativeFunction(name, () => this.exit(machine)) : undefined;
  }
  override exit(machine: Machine): null {
    for (const manager of this.#open.splice(0).reverse()) machine.exit(manager, null);
    return null;
  }
}

export function contextlibModule(machine: Machine): Map<string, Value> {
  const entries: [string, Native][] = [
    ['contextmanager', ([callee = null]) => new ManagerFunction(callee, machine)],
    ['suppress', (types) => new Suppress(types)],
    ['nullcontext', ([entered = null]) => new NullContext(entered)],
    ['closing', ([entered = null]) => new NullContext(entered)],
    ['redirect_stdout', ([entered = null]) => new NullContext(entered)],
    ['redirect_stderr', ([entered = null]) => new NullContext(entered)],
    ['ExitStack', () => new ExitStack()],
  ];
  return new Map(entries.map(([name, native]) => [name, new NativeFunction(name, native)]));
}
