/**
 * Classes of scripts and of the library.
 */
import { BoundMethod, Descriptor, NativeMethod, NativeType } from './object-descriptors.js';
import { PyInstance } from './object-instances.js';
import type { Runtime } from './runtime.js';
import { type Keywords, PyObject, Unknown, type Value } from './values.js';

export class PyClass extends PyObject {
  readonly typeName = 'type';
  /** The class, its bases and theirs, in the order in which names are looked up. */
  readonly order: readonly PyClass[];
  /** It has a base that is not known, so it may have any attribute. */
  readonly open: boolean;
  /** The built-in type among its bases, such as `dict`; its instances are not followed. */
  readonly native: NativeType | null;

  /**
   * @param open instances may have attributes that are not known, as those of a model do
   */
  constructor(
    readonly name: string,
    readonly bases: readonly Value[],
    readonly namespace: Map<string, Value>,
    open = false,
  ) {
    super();
    this.order = orderOf(this);
    this.native =
      bases.find((base) => base instanceof NativeType) ??
      this.order.find((base) => base !== this && base.native !== null)?.native ??
      null;
    this.open =
      open ||
      bases.some((base) => !(base instanceof PyClass)) ||
      this.order.some((base) => base !== this && base.open);
  }
  /** What the class or a base has of this name, unbound. */
  find(name: string, after: PyClass | null = null): Value | undefined {
    const from = after === null ? 0 : this.order.indexOf(after) + 1;
    for (let i = from; i < this.order.length; i++) {
      const value = this.order[i]!.namespace.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
  derives(from: PyClass): boolean {
    return this.order.includes(from);
  }
  /** The unknown base that makes the class open. */
  unknownBase(): Unknown | null {
    for (const { bases } of this.order) {
      for (const base of bases) if (base instanceof Unknown) return base;
    }
    return null;
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const value = this.find(name);
    if (value !== undefined) return boundTo(this, value, runtime);
    switch (name) {
      case '__name__':
      case '__qualname__':
        return this.name;
      case '__mro__':
        return runtime.tuple([...this.order]);
      case '__bases__':
        return runtime.tuple([...this.bases]);
      case '__dict__':
        return runtime.dict(this.namespace.entries());
    }
    const unknown = this.unknownBase();
    return unknown === null ? undefined : new Unknown(unknown.stop, name, unknown);
  }
  override setAttribute(name: string, value: Value): boolean {
    this.namespace.set(name, value);
    return true;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    const create = this.find('__new__');
    if (create !== undefined) return runtime.call(create, [this, ...args], keywords);
    runtime.allocate(24);
    const instance = new PyInstance(this);
    const initialize = this.find('__init__');
    if (initialize !== undefined) runtime.call(initialize, [instance, ...args], keywords);
    else if (args.length + keywords.size > 0 && !this.open) {
      runtime.raise('TypeError', `${this.name}() takes no arguments`);
    }
    return instance;
  }
  /** `Class[int]` */
  override item(index: Value, runtime: Runtime): Value | undefined {
    const get = this.find('__class_getitem__');
    return get === undefined ? this : runtime.call(get, [this, index]);
  }
}

/** What a class attribute is when it is read from the class itself. */
function boundTo(owner: PyClass, value: Value, _runtime: Runtime): Value {
  if (!(value instanceof Descriptor)) return value;
  if (value.kind === 'staticmethod') return value.callee;
  return value.kind === 'classmethod' ? new BoundMethod(owner, value.callee) : value;
}

/** Depth first, the last of repeated ones kept: Python's own order for the hierarchies of scripts. */
function orderOf(self: PyClass): PyClass[] {
  const all: PyClass[] = [self];
  for (const base of self.bases) if (base instanceof PyClass) all.push(...base.order);
  return all.filter((item, i) => all.lastIndexOf(item) === i);
}

/** `super()`: attributes of the bases after a class, bound to an instance or a class. */
export class PySuper extends PyObject {
  readonly typeName = 'super';
  constructor(
    readonly after: PyClass,
    readonly self: Value,
  ) {
    super();
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const { self, after } = this;
    const cls = self instanceof PyInstance ? self.cls : self instanceof PyClass ? self : after;
    const value = cls.find(name, after);
    if (value !== undefined) {
      return self instanceof PyInstance
        ? self.bind(value, name, runtime)
        : boundTo(cls, value, runtime);
    }
    const unknown = cls.unknownBase();
    if (unknown !== null) return new Unknown(unknown.stop, name, unknown);
    if (self instanceof PyInstance && self.base !== null) {
      return runtime.attribute(self.base, name);
    }
    return OBJECT_METHODS.get(name)?.(self, runtime);
  }
}

/** What `object` has, for calls of `super()`. */
const OBJECT_METHODS: ReadonlyMap<string, (self: Value, runtime: Runtime) => Value> = new Map([
  ['__init__', () => new NativeMethod('__init__', () => null)],
  ['__init_subclass__', () => new NativeMethod('__init_subclass__', () => null)],
  [
    '__setattr__',
    (self: Value) =>
      new NativeMethod('__setattr__', (name, [value]) => {
        if (self instanceof PyInstance) self.attributes.set(String(name), value ?? null);
        return null;
      }),
  ],
  [
    '__new__',
    () =>
      new NativeMethod('__new__', (cls) => (cls instanceof PyClass ? new PyInstance(cls) : null)),
  ],
]);
