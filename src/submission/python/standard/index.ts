/**
 * Modules of the standard library that are modelled here; the host has others.
 */
import type { Machine } from '../machine.js';
import { PyModule, type Value } from '../values.js';
import { mathModule } from './math.js';

type Make = (machine: Machine) => Map<string, Value>;

const MODULES: ReadonlyMap<string, Make> = new Map([['math', mathModule]]);

export function standardModule(name: string, machine: Machine): PyModule | null {
  const make = MODULES.get(name);
  return make === undefined ? null : new PyModule(name, make(machine));
}
