/**
 * Modules of a library of which a part is modelled, and what stands for the rest.
 */
import type { Runtime } from '../runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyModule,
  PyObject,
  type Stop,
  stopWith,
  Unknown,
  type Value,
} from '../values.js';
import { unknownOf } from './convert.js';

/** A name that is not modelled. Unlike the values of a run that are not known, it is recorded only when it matters. */
class Missing extends Unknown {
  constructor(
    stop: Stop,
    member: string,
    /** Part of a model, of its training or of the machine, of which nothing is followed. */
    private readonly model: boolean,
  ) {
    super(stop, member);
  }
  override attribute(name: string): Value {
    return new Missing(this.stop, name, this.model);
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    const value = runtime.host.callUnknown(this, args, keywords, runtime);
    if (value !== undefined) return value;
    const given = [...args, ...keywords.values()];
    const unknown = unknownOf(...given);
    if (unknown !== null) return new Unknown(stopWith(unknown.stop, given));
    if (!this.model) return runtime.unknown(this.stop.reason);
    return new Unknown(stopWith(this.stop, given));
  }
}

export class LibraryModule extends PyModule {
  constructor(
    name: string,
    members: Map<string, Value>,
    private readonly model: boolean,
  ) {
    super(name, members);
  }
  override attribute(name: string, runtime: Runtime): Value {
    const reason = `${this.name}.${name} is not modelled`;
    return this.members.get(name) ?? new Missing({ ...runtime.here(), reason }, name, this.model);
  }
  /** What was imported by a name that is not modelled may be a function. */
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    const name = this.name.slice(this.name.lastIndexOf('.') + 1);
    const reason = `${this.name} is not modelled`;
    const missing = new Missing({ ...runtime.here(), reason }, name, this.model);
    return missing.call(args, keywords, runtime);
  }
}

export function natives(table: Readonly<Record<string, Native>>): [string, Value][] {
  return Object.entries(table).map(([name, native]) => [name, new NativeFunction(name, native)]);
}

/** `with torch.no_grad():`, and as a decorator what is decorated. */
class Context extends PyObject {
  readonly typeName = 'context';
  override attribute(name: string): Value {
    return new NativeFunction(name, () => this);
  }
  override call(args: readonly Value[]): Value {
    return args[0] ?? this;
  }
}

const isFunction = (value: Value | undefined): value is PyObject =>
  value instanceof PyObject && /function|method|builtin|type/.test(value.typeName);

/** A context manager that changes nothing; with a function, that function. */
export const context: Native = (args) => (isFunction(args[0]) ? args[0] : new Context());

/** `torch.compile(f)`, `@torch.compile`, `@torch.compile(dynamic=False)` */
export const identity: Native = (args) => args[0] ?? new Context();

export const nothing: Native = () => null;

/** Of something unknown nothing is known; of what is known, it is not modelled. */
export function passing(name: string): Native {
  return (args, keywords, runtime) => {
    const unknown = unknownOf(...args, ...keywords.values());
    return unknown === null
      ? runtime.unknown(`${name} is not modelled`)
      : new Unknown(unknown.stop);
  };
}
