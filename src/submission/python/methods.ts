/**
 * Methods of the built-in types, and what reads their arguments.
 */
import type { Keywords, Runtime, Value } from './values.js';
import { Unknown } from './values.js';

export type Method = (
  self: Value,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
) => Value;
export type MethodTable = ReadonlyMap<string, Method>;

/** An argument by its place or name. */
export function argumentAt(
  args: readonly Value[],
  keywords: Keywords,
  place: number,
  name: string,
): Value | undefined {
  const given = args[place];
  return given === undefined ? keywords.get(name) : given;
}

/** Unknown where an argument is. */
export function unknownIn(args: readonly Value[], keywords: Keywords): Unknown | null {
  for (const value of args) if (value instanceof Unknown) return new Unknown(value.stop);
  for (const value of keywords.values())
    if (value instanceof Unknown) return new Unknown(value.stop);
  return null;
}

/** A method whose result is unknown where an argument is. */
export function strict(method: Method): Method {
  return (self, args, keywords, runtime) =>
    unknownIn(args, keywords) ?? method(self, args, keywords, runtime);
}

export function textArgument(value: Value | undefined, runtime: Runtime): string {
  return typeof value === 'string' ? value : runtime.raise('TypeError', 'a text is expected');
}

export function numberArgument(
  value: Value | undefined,
  otherwise: number,
  runtime: Runtime,
): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  return runtime.raise('TypeError', 'a number is expected');
}

/** All elements, each counted. */
export function collected(values: Value, runtime: Runtime): Value[] {
  const items: Value[] = [];
  for (const value of runtime.iterate(values)) {
    runtime.spend(1);
    runtime.allocate(2);
    items.push(value);
  }
  return items;
}
