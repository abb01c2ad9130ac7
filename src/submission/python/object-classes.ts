/**
 * Classes of scripts and of the library, and their instances with the special methods that the class has.
 */
import { BoundMethod, Descriptor, NativeType } from './object-descriptors.js';
import { PyDict } from './object-mappings.js';
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
      bases.filter((base) => base instanceof NativeType).find((base) => !isObject(base)) ??
      this.order.find((base) => base !== this && base.native !== null)?.native ??
      null;
    this.open =
      open ||
      bases.some((base) => !(base instanceof PyClass) && !isObject(base)) ||
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
    runtime.allocate(40);
    const instance = new PyInstance(this);
    if (this.native !== null)
      instance.becomes(this.native, this.find('__init__') ? [] : args, runtime);
    const initialize = this.find('__init__');
    if (initialize !== undefined) runtime.call(initialize, [instance, ...args], keywords);
    else if (args.length + keywords.size > 0 && !this.open && instance.base === null) {
      runtime.raise('TypeError', `${this.name}() takes no arguments`);
    }
    return instance;
  }
  /** The members of an enumeration. */
  override iterate(): Iterable<Value> | undefined {
    return this.#members()?.values();
  }
  override length(): number | undefined {
    return this.#members()?.length;
  }
  override contains(value: Value): boolean | undefined {
    return this.#members()?.includes(value);
  }
  #members(): Value[] | undefined {
    const members = this.find('__members__');
    if (!(members instanceof PyDict)) return undefined;
    return [...members.entries.values()].map(([, member]) => member);
  }
  /** `Class[int]` */
  override item(index: Value, runtime: Runtime): Value | undefined {
    const get = this.find('__class_getitem__');
    return get === undefined ? this : runtime.call(get, [this, index]);
  }
}

function isObject(base: Value): boolean {
  return base instanceof NativeType && base.name === 'object';
}

/** What a class attribute is when it is read from the class itself. */
export function boundTo(owner: PyClass, value: Value, _runtime: Runtime): Value {
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

const REFLECTED: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['+', ['__add__', '__radd__']],
  ['-', ['__sub__', '__rsub__']],
  ['*', ['__mul__', '__rmul__']],
  ['/', ['__truediv__', '__rtruediv__']],
  ['//', ['__floordiv__', '__rfloordiv__']],
  ['%', ['__mod__', '__rmod__']],
  ['**', ['__pow__', '__rpow__']],
  ['@', ['__matmul__', '__rmatmul__']],
  ['&', ['__and__', '__rand__']],
  ['|', ['__or__', '__ror__']],
  ['^', ['__xor__', '__rxor__']],
  ['<<', ['__lshift__', '__rlshift__']],
  ['>>', ['__rshift__', '__rrshift__']],
  ['==', ['__eq__', '__eq__']],
  ['!=', ['__ne__', '__ne__']],
  ['<', ['__lt__', '__gt__']],
  ['<=', ['__le__', '__ge__']],
  ['>', ['__gt__', '__lt__']],
  ['>=', ['__ge__', '__le__']],
]);
const UNARY: ReadonlyMap<string, string> = new Map([
  ['-', '__neg__'],
  ['+', '__pos__'],
  ['~', '__invert__'],
]);

/** Built-in types whose instances hold others; a class that derives from one is followed as one. */
const CONTAINERS = new Set('dict list set defaultdict OrderedDict Counter deque'.split(' '));

export class PyInstance extends PyObject {
  readonly attributes = new Map<string, Value>();
  /** For classes that derive from a built-in type: the value that it is. */
  base: Value = null;

  constructor(readonly cls: PyClass) {
    super();
  }
  get typeName(): string {
    return this.cls.name;
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const own = this.attributes.get(name);
    if (own !== undefined) return own;
    const value = this.cls.find(name);
    if (value !== undefined) return this.bind(value, name, runtime);
    if (name === '__class__') return this.cls;
    if (name === '__dict__') return runtime.dict(this.attributes.entries());
    if (this.base !== null) return runtime.attribute(this.base, name);
    const get = this.cls.find('__getattr__');
    if (get !== undefined) return runtime.call(get, [this, name]);
    const unknown = this.cls.unknownBase();
    if (unknown !== null) return new Unknown(unknown.stop, name, unknown);
    return this.cls.open
      ? runtime.unknown(`attribute ${name} of a ${this.cls.name} is not known`)
      : undefined;
  }
  /** An instance of a class that derives from a container, such as `dict`, has one of its own. */
  becomes(native: NativeType, args: readonly Value[], runtime: Runtime): void {
    const base = CONTAINERS.has(native.name) ? runtime.call(native, args) : null;
    if (!(base instanceof Unknown)) this.base = base;
  }
  /** The container that it is, where the class itself does not say what `name` does. */
  #container(name: string): PyObject | null {
    const own = this.cls.find(name) !== undefined;
    return !own && this.base instanceof PyObject ? this.base : null;
  }
  /** What an attribute of the class is for this instance. */
  bind(value: Value, name: string, runtime: Runtime): Value {
    if (value instanceof Descriptor) {
      if (value.kind === 'staticmethod') return value.callee;
      if (value.kind === 'classmethod') return new BoundMethod(this.cls, value.callee);
      const result = runtime.call(value.callee, [this]);
      if (value.kind === 'cached_property') this.attributes.set(name, result);
      return result;
    }
    return value instanceof PyObject && value.binds ? new BoundMethod(this, value) : value;
  }
  override setAttribute(name: string, value: Value, runtime: Runtime): boolean {
    const descriptor = this.cls.find(name);
    if (descriptor instanceof Descriptor && descriptor.setter !== null) {
      runtime.call(descriptor.setter, [this, value]);
      return true;
    }
    const set = this.cls.find('__setattr__');
    if (set !== undefined) {
      runtime.call(set, [this, name, value]);
      return true;
    }
    if (!this.attributes.has(name)) runtime.allocate(8);
    this.attributes.set(name, value);
    return true;
  }
  /** Calls `__name__`; undefined where the class has none. */
  #special(name: string, args: readonly Value[], runtime: Runtime): Value | undefined {
    const method = this.cls.find(name);
    if (method !== undefined) return runtime.call(this.bind(method, name, runtime), args);
    if (this.base !== null) return runtime.call(runtime.attribute(this.base, name), args);
    const unknown = this.cls.unknownBase();
    return unknown === null ? undefined : new Unknown(unknown.stop);
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    const container = this.#container('__getitem__');
    if (container === null) return this.#special('__getitem__', [index], runtime);
    const lacks = this.cls.find('__missing__') && container.contains(index, runtime) === false;
    return lacks ? this.#special('__missing__', [index], runtime) : container.item(index, runtime);
  }
  override setItem(index: Value, value: Value, runtime: Runtime): boolean {
    const container = this.#container('__setitem__');
    if (container !== null) return container.setItem(index, value, runtime);
    return this.#special('__setitem__', [index, value], runtime) !== undefined;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    const name = REFLECTED.get(operator)?.[reflected ? 1 : 0];
    return name === undefined || this.cls.find(name) === undefined
      ? undefined
      : this.#implemented(this.#special(name, [other], runtime));
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    const name = REFLECTED.get(operator)?.[0]?.replace('__', '__i');
    return name === undefined || this.cls.find(name) === undefined
      ? undefined
      : this.#implemented(this.#special(name, [other], runtime));
  }
  #implemented(value: Value | undefined): Value | undefined {
    const refused = value instanceof PyObject && value.typeName === 'NotImplementedType';
    return refused ? undefined : value;
  }
  override unary(operator: string, runtime: Runtime): Value | undefined {
    return this.#special(UNARY.get(operator)!, [], runtime);
  }
  override truth(runtime: Runtime): boolean | null {
    if (this.cls.find('__bool__') !== undefined) {
      return runtime.truth(this.#special('__bool__', [], runtime)!);
    }
    if (this.cls.find('__len__') !== undefined) {
      return runtime.truth(this.#special('__len__', [], runtime)!);
    }
    return this.base instanceof PyObject ? this.base.truth(runtime) : true;
  }
  override iterate(runtime: Runtime): Iterable<Value> | undefined {
    const container = this.#container('__iter__');
    if (container !== null) return container.iterate(runtime);
    const made = this.#special('__iter__', [], runtime);
    if (made instanceof PyInstance) return made.#steps(runtime);
    if (made !== undefined) return runtime.iterate(made);
    return this.cls.find('__getitem__') === undefined ? undefined : this.#elements(runtime);
  }
  *#steps(runtime: Runtime): Generator<Value> {
    if (this.cls.find('__next__') === undefined) runtime.raise('TypeError', 'no iterator');
    for (;;) {
      const value = runtime.untilRaised('StopIteration', () =>
        this.#special('__next__', [], runtime),
      );
      if (value === undefined || value instanceof Unknown) return;
      yield value;
    }
  }
  *#elements(runtime: Runtime): Generator<Value> {
    for (let i = 0; ; i++) {
      const value = runtime.untilRaised('IndexError', () => this.item(i, runtime));
      if (value === undefined || value instanceof Unknown) return;
      yield value;
    }
  }
  override length(runtime: Runtime): number | undefined {
    const container = this.#container('__len__');
    if (container !== null) return container.length(runtime);
    const length = this.#special('__len__', [], runtime);
    return typeof length === 'number' ? length : undefined;
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    const container = this.#container('__contains__');
    if (container !== null) return container.contains(value, runtime);
    const result = this.#special('__contains__', [value], runtime);
    if (result !== undefined) return runtime.truth(result) ?? undefined;
    const items = this.iterate(runtime);
    if (items === undefined) return undefined;
    for (const item of items) if (runtime.equal(item, value)) return true;
    return false;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value | undefined {
    const method = this.cls.find('__call__');
    if (method !== undefined) {
      return runtime.call(this.bind(method, '__call__', runtime), args, keywords);
    }
    const unknown = this.cls.unknownBase();
    return unknown === null ? undefined : unknown.call(args, keywords, runtime);
  }
  override hashed(runtime: Runtime): Value | undefined {
    const method = this.cls.find('__hash__');
    if (method === undefined || method === null) return undefined;
    const value = runtime.call(method, [this]);
    return value instanceof Unknown ? undefined : value;
  }
  override enter(runtime: Runtime): Value {
    return this.#special('__enter__', [], runtime) ?? this;
  }
  override exit(runtime: Runtime): void {
    this.#special('__exit__', [null, null, null], runtime);
  }
}
