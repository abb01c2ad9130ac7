/**
 * Functions and types of the library, and what binds a function to an instance.
 */
import type { Runtime } from './runtime.js';
import { type Keywords, PyObject, type Value } from './values.js';

/** A function of the library that is bound to an instance when it is read from a class. */
export class NativeMethod extends PyObject {
  readonly typeName = 'method_descriptor';
  constructor(
    readonly name: string,
    readonly native: (
      self: Value,
      args: readonly Value[],
      keywords: Keywords,
      runtime: Runtime,
    ) => Value,
  ) {
    super();
  }
  override get binds(): boolean {
    return true;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return this.native(args[0] ?? null, args.slice(1), keywords, runtime);
  }
}

/** A type of the library, such as `int` or `torch.Tensor`: it makes values and tells which are its own. */
export class NativeType extends PyObject {
  readonly typeName = 'type';
  constructor(
    readonly name: string,
    readonly make: (args: readonly Value[], keywords: Keywords, runtime: Runtime) => Value,
    /** As `isinstance` has it; null where it is not known. */
    readonly has: (value: Value, runtime: Runtime) => boolean | null,
    readonly members: ReadonlyMap<string, Value> = new Map(),
  ) {
    super();
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return this.make(args, keywords, runtime);
  }
  override attribute(name: string): Value | undefined {
    return name === '__name__' ? this.name : this.members.get(name);
  }
}

export class BoundMethod extends PyObject {
  readonly typeName = 'method';
  constructor(
    readonly self: Value,
    readonly callee: Value,
  ) {
    super();
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return runtime.call(this.callee, [this.self, ...args], keywords);
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    if (name === '__self__') return this.self;
    if (name === '__func__') return this.callee;
    return runtime.attribute(this.callee, name);
  }
}

/** `staticmethod`, `classmethod`, `property` and `functools.cached_property` around a function. */
export class Descriptor extends PyObject {
  readonly typeName: string;
  constructor(
    readonly kind: 'staticmethod' | 'classmethod' | 'property' | 'cached_property',
    readonly callee: Value,
    readonly setter: Value = null,
  ) {
    super();
    this.typeName = kind;
  }
  override attribute(name: string): Value | undefined {
    if (name === 'setter') return new DescriptorSetter(this);
    // A deleter changes nothing that is followed.
    if (name === 'getter' || name === 'deleter') return new DescriptorSetter(this, true);
    return name === 'fget' || name === '__func__' ? this.callee : undefined;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return runtime.call(this.callee, args, keywords);
  }
}

class DescriptorSetter extends PyObject {
  readonly typeName = 'property';
  constructor(
    private readonly descriptor: Descriptor,
    private readonly ignored = false,
  ) {
    super();
  }
  override call(args: readonly Value[]): Value {
    const { kind, callee, setter } = this.descriptor;
    return new Descriptor(kind, callee, this.ignored ? setter : (args[0] ?? null));
  }
}
