/**
 * `enum`
 */
import { PyClass, PyInstance } from '../object-classes.js';
import { NativeMethod } from '../object-descriptors.js';
import { PyFunction } from '../object-functions.js';
import { NativeFunction, PyObject, type Value } from '../values.js';

/** Members of an enumeration are its attributes that are no functions. */
export function enumModule(): Map<string, Value> {
  const enumeration = new PyClass(
    'Enum',
    [],
    new Map<string, Value>([
      [
        '__init_subclass__',
        new NativeMethod('__init_subclass__', (cls, _args, _keywords, runtime) => {
          if (!(cls instanceof PyClass)) return null;
          const all: Value[] = [];
          let last = 0;
          for (const [name, given] of [...cls.namespace]) {
            if (
              name.startsWith('_') ||
              (given instanceof PyObject &&
                (given instanceof PyFunction || given.typeName === 'property'))
            )
              continue;
            const value = given instanceof PyObject && given.typeName === 'auto' ? last + 1 : given;
            if (typeof value === 'number') last = value;
            const member = new PyInstance(cls);
            member.attributes.set('name', name);
            member.attributes.set('value', value);
            cls.namespace.set(name, member);
            all.push(member);
          }
          const members = runtime.dict(
            all.map((each): [Value, Value] => [
              (each as PyInstance).attributes.get('name') ?? null,
              each,
            ]),
          );
          cls.namespace.set('__members__', members);
          cls.namespace.set(
            '__class_getitem__',
            new NativeMethod('__class_getitem__', (_cls, [name = null]) =>
              runtime.item(members, name),
            ),
          );
          cls.namespace.set(
            '__new__',
            new NativeMethod('__new__', (_cls, [value = null]) => {
              const found = all.find((each) =>
                runtime.equal((each as PyInstance).attributes.get('value') ?? null, value),
              );
              return found ?? runtime.raise('ValueError', 'no such member of the enumeration');
            }),
          );
          return null;
        }),
      ],
      [
        '__repr__',
        new NativeMethod('__repr__', (self, _args, _keywords, runtime) => {
          if (!(self instanceof PyInstance)) return '';
          const { name = '', value = null } = Object.fromEntries(self.attributes);
          return `<${self.cls.name}.${String(name)}: ${runtime.text(value, true)}>`;
        }),
      ],
      [
        '__str__',
        new NativeMethod('__str__', (self) =>
          self instanceof PyInstance
            ? `${self.cls.name}.${String(self.attributes.get('name'))}`
            : '',
        ),
      ],
    ]),
  );
  class Auto extends PyObject {
    readonly typeName = 'auto';
  }
  return new Map<string, Value>([
    ['Enum', enumeration],
    ['IntEnum', enumeration],
    ['StrEnum', enumeration],
    ['auto', new NativeFunction('auto', () => new Auto())],
    ['unique', new NativeFunction('unique', ([cls = null]) => cls)],
  ]);
}
