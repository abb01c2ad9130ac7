/**
 * `statistics`: means, of sums of losses as well.
 */
import type { Machine } from '../machine.js';
import { collected, unknownIn } from '../methods.js';
import { NativeFunction, type Value } from '../values.js';

export function statisticsModule(machine: Machine): Map<string, Value> {
  const mean = (name: string) =>
    new NativeFunction(name, ([values = null], keywords) => {
      const unknown = unknownIn([values], keywords);
      if (unknown !== null) return unknown;
      const items = collected(values, machine);
      if (items.length === 0) {
        return machine.raise('ValueError', 'mean requires at least one data point');
      }
      const total = items.reduce((sum, item) => machine.binary('+', sum, item), 0);
      return machine.binary('/', total, items.length);
    });
  return new Map<string, Value>([
    ['mean', mean('mean')],
    ['fmean', mean('fmean')],
  ]);
}
