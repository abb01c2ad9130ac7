/**
 * `super()`
 */
import { boundTo, PyClass, PyInstance } from './object-classes.js';
import { NativeMethod } from './object-descriptors.js';
import type { Runtime } from './runtime.js';
import { NativeFunction, PyObject, Unknown, type Value } from './values.js';

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
      if (name === '__init__')
        return new NativeFunction(name, (args) => begin(self, args, runtime));
      if (name === '__getitem__')
        return new NativeFunction(name, ([i]) => runtime.item(self.base, i ?? null));
      if (name === '__setitem__') {
        return new NativeFunction(name, ([i, item]) => {
          runtime.setItem(self.base, i ?? null, item ?? null);
          return null;
        });
      }
      return runtime.attribute(self.base, name);
    }
    return OBJECT_METHODS.get(name)?.(self, runtime);
  }
}

/** `super().__init__(…)` of a class that derives from a container. */
function begin(self: PyInstance, args: readonly Value[], runtime: Runtime): null {
  if (self.cls.native !== null) self.becomes(self.cls.native, args, runtime);
  return null;
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
