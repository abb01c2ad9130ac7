/**
 * Modules of the standard library that are modelled here; the host has others.
 */
import type { Machine } from '../machine.js';
import { NativeFunction, PyModule, type Value } from '../values.js';
import { collectionsModule } from './collections.js';
import { contextlibModule } from './contextlib.js';
import { enumModule } from './enum.js';
import { bisectModule, functoolsModule, operatorModule } from './functools.js';
import { heapqModule } from './heapq.js';
import { itertoolsModule } from './itertools.js';
import { mathModule } from './math.js';
import { reModule } from './re.js';
import { statisticsModule } from './statistics.js';

type Make = (machine: Machine) => Map<string, Value>;

const same = (name: string): [string, Value] => [
  name,
  new NativeFunction(name, ([value = null]) => value),
];

const MODULES: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['math', mathModule],
  ['itertools', itertoolsModule],
  ['functools', functoolsModule],
  ['operator', operatorModule],
  ['bisect', bisectModule],
  ['collections', collectionsModule],
  ['contextlib', contextlibModule],
  ['enum', enumModule],
  ['heapq', heapqModule],
  ['re', reModule],
  ['statistics', statisticsModule],
  ['__future__', () => new Map([['annotations', null]])],
  [
    'abc',
    (machine) =>
      new Map<string, Value>([same('abstractmethod'), ['ABC', machine.builtinType('object')!]]),
  ],
  [
    'string',
    () =>
      new Map<string, Value>([
        ['ascii_lowercase', 'abcdefghijklmnopqrstuvwxyz'],
        ['ascii_uppercase', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
        ['ascii_letters', 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'],
        ['digits', '0123456789'],
        ['punctuation', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
        ['whitespace', ' \t\n\r\v\f'],
      ]),
  ],
]);

/** Null where it is not modelled. */
export function standardModule(name: string, machine: Machine): PyModule | null {
  const make = MODULES.get(name);
  return make === undefined ? null : new PyModule(name, make(machine));
}
