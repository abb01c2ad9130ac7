/**
 * The module `dataclasses`.
 */
import { NativeMethod, PyClass, PyDict, PyFunction, PyInstance } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Keywords,
  NativeFunction,
  type PyModule,
  PyObject,
  Unknown,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';

/** `field(default=…, default_factory=…)` */
class Field extends PyObject {
  readonly typeName = 'Field';
  constructor(readonly keywords: Keywords) {
    super();
  }
}

/** Names of the fields, those of the bases first; null for what is no dataclass. */
function fieldsOf(cls: PyClass): string[] | null {
  const names: string[] = [];
  let any = false;
  for (const { namespace } of cls.order.toReversed()) {
    if (!namespace.has('__dataclass_fields__')) continue;
    any = true;
    for (const name of ownFields(namespace)) if (!names.includes(name)) names.push(name);
  }
  return any ? names : null;
}

/** Annotated names of a class body; without annotations, those that are bound to values. */
function ownFields(namespace: ReadonlyMap<string, Value>): string[] {
  const annotations = namespace.get('__annotations__');
  if (annotations instanceof PyDict) return [...annotations.keys()].map(String);
  const isField = (name: string, value: Value) =>
    !name.startsWith('__') && !(value instanceof PyFunction) && !(value instanceof NativeMethod);
  return [...namespace].flatMap(([name, value]) => (isField(name, value) ? [name] : []));
}

function initialize(cls: PyClass): NativeMethod {
  return new NativeMethod('__init__', (self, args, keywords, runtime) => {
    if (!(self instanceof PyInstance)) return null;
    const names = fieldsOf(self.cls) ?? fieldsOf(cls) ?? [];
    if (args.length > names.length) {
      runtime.raise('TypeError', `${self.cls.name}() takes ${names.length} arguments`);
    }
    for (const [i, name] of names.entries()) {
      const value = args[i] ?? keywords.get(name) ?? defaultOf(self.cls, name, runtime);
      self.attributes.set(name, value ?? runtime.unknown(`the field ${name} has no value`));
    }
    const after = self.cls.find('__post_init__');
    if (after !== undefined) runtime.call(after, [self]);
    return null;
  });
}

function defaultOf(cls: PyClass, name: string, runtime: Runtime): Value | undefined {
  const value = cls.find(name);
  if (!(value instanceof Field)) return value;
  const factory = value.keywords.get('default_factory');
  return factory === undefined ? value.keywords.get('default') : runtime.call(factory, []);
}

function decorated(cls: Value): Value {
  if (!(cls instanceof PyClass)) return cls;
  cls.namespace.set('__dataclass_fields__', true);
  if (!cls.namespace.has('__init__')) cls.namespace.set('__init__', initialize(cls));
  return cls;
}

/** The base class `typing.NamedTuple`: its subclasses have their fields in order, as a tuple has. */
export function namedTupleClass(): PyClass {
  const items = (self: Value, runtime: Runtime): Value =>
    runtime.tuple(entriesOf(self)?.map(([, value]) => value) ?? []);
  const methods: Record<string, NativeMethod['native']> = {
    __init_subclass__: (cls, _args, _keywords, runtime) => {
      if (!(cls instanceof PyClass)) return null;
      decorated(cls);
      cls.namespace.set('_fields', runtime.tuple(fieldsOf(cls) ?? []));
      return null;
    },
    __iter__: (self, _args, _keywords, runtime) => items(self, runtime),
    __len__: (self, _args, _keywords, runtime) => runtime.length(items(self, runtime)),
    __getitem__: (self, [index], _keywords, runtime) =>
      runtime.item(items(self, runtime), index ?? null),
    __eq__: (self, [other], _keywords, runtime) =>
      runtime.compare(
        '==',
        items(self, runtime),
        runtime.tuple([...runtime.iterate(other ?? null)]),
      ),
    __hash__: (self, _args, _keywords, runtime) => items(self, runtime),
    _asdict: (self, _args, _keywords, runtime) => runtime.dict(entriesOf(self) ?? []),
    _replace: (self, _args, keywords, runtime) => {
      if (!(self instanceof PyInstance)) return null;
      const entries = entriesOf(self) ?? [];
      return runtime.call(
        self.cls,
        entries.map(([name, value]) => keywords.get(name) ?? value),
      );
    },
  };
  const members = Object.entries(methods).map(([name, native]): [string, Value] => [
    name,
    new NativeMethod(name, native),
  ]);
  return new PyClass('NamedTuple', [], new Map(members));
}

function entriesOf(value: Value): [string, Value][] | null {
  if (!(value instanceof PyInstance)) return null;
  const names = fieldsOf(value.cls);
  return names?.map((name) => [name, value.attributes.get(name) ?? null]) ?? null;
}

/** Deeper instances stay as they are. */
const DEPTH_MAX = 20;

function asDictionary(value: Value, runtime: Runtime, depth = 0): Value {
  const entries = entriesOf(value);
  if (entries === null || depth >= DEPTH_MAX) return value;
  runtime.spend(entries.length);
  return runtime.dict(
    entries.map(([name, item]) => [name, asDictionary(item, runtime, depth + 1)]),
  );
}

export function dataclassesModule(): PyModule {
  return moduleOf('dataclasses', {
    dataclass: ([cls]) =>
      cls instanceof PyClass
        ? decorated(cls)
        : new NativeFunction('dataclass', ([of]) => decorated(of ?? null)),
    field: (_args, keywords) => new Field(keywords),
    asdict: ([value], _, runtime) => asDictionary(value ?? null, runtime),
    astuple: ([value], _, runtime) =>
      runtime.tuple((entriesOf(value ?? null) ?? []).map(([, item]) => item)),
    is_dataclass: ([value]) =>
      (value instanceof PyClass ? fieldsOf(value) : entriesOf(value ?? null)) !== null,
    replace: ([value], keywords, runtime) => {
      const entries = entriesOf(value ?? null);
      if (entries === null || !(value instanceof PyInstance)) {
        return value instanceof Unknown ? value : runtime.unknown('dataclasses.replace');
      }
      return runtime.call(value.cls, [], new Map([...entries, ...keywords]));
    },
  });
}
