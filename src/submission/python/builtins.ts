/**
 * Names that every module has.
 */
import { BUILTIN_FUNCTIONS } from './builtin-functions.js';
import { ITERATION_FUNCTIONS } from './builtin-iteration.js';
import { builtinTypes } from './builtin-types.js';
import type { Machine } from './machine.js';
import { NativeFunction, PyObject, type Value } from './values.js';

class Marker extends PyObject {
  constructor(
    readonly typeName: string,
    readonly name: string,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    return name === '__name__' ? this.name : undefined;
  }
}

export function builtins(machine: Machine): Map<string, Value> {
  const names = new Map<string, Value>();
  for (const [name, cls] of machine.exceptions) names.set(name, cls);
  for (const [name, type] of builtinTypes()) names.set(name, type);
  for (const [name, native] of [...BUILTIN_FUNCTIONS, ...ITERATION_FUNCTIONS]) {
    names.set(name, new NativeFunction(name, (args, keywords) => native(args, keywords, machine)));
  }
  names.set('Ellipsis', new Marker('ellipsis', 'Ellipsis'));
  names.set('NotImplemented', new Marker('NotImplementedType', 'NotImplemented'));
  names.set('__debug__', true);
  names.set('__builtins__', new Marker('module', 'builtins'));
  return names;
}
