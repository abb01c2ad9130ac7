/**
 * Arguments of a call of a library function, and modules made of functions.
 */
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyModule,
  type Value,
} from '../python/values.js';

/** An argument by its place (-1: by keyword only) or its name; undefined where the call does not give it. */
export function argument(
  args: readonly Value[],
  keywords: Keywords,
  place: number,
  ...names: string[]
): Value | undefined {
  if (place >= 0 && place < args.length) return args[place];
  for (const name of names) {
    const value = keywords.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

export function functions(natives: Record<string, Native>): [string, Value][] {
  return Object.entries(natives).map(([name, native]) => [name, new NativeFunction(name, native)]);
}

export function moduleOf(
  name: string,
  natives: Record<string, Native>,
  values: Record<string, Value> = {},
): PyModule {
  return new PyModule(name, new Map([...functions(natives), ...Object.entries(values)]));
}
