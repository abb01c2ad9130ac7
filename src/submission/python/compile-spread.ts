/**
 * Calls with `*values` of which nothing is known: what the function does, it does to arguments that are not known.
 */
import type { Machine } from './machine.js';
import { BoundMethod } from './object-descriptors.js';
import { PyFunction } from './object-functions.js';
import { type Keywords, Unknown, type Value } from './values.js';

/** Arguments up to the first that is not known, nor how many follow. */
export class Spread {
  constructor(
    readonly before: readonly Value[],
    readonly rest: Unknown,
  ) {}
}

/**
 * A function of the script is run with every argument that may have been given, so that nothing it changes is taken for
 * unchanged. Of another one the result is not known.
 */
export function callSpread(
  machine: Machine,
  callee: Value,
  { before, rest }: Spread,
  keywords: Keywords,
): Value {
  const unknown = new Unknown(rest.stop);
  const method = callee instanceof BoundMethod;
  const target = method ? callee.callee : callee;
  if (!(target instanceof PyFunction)) return unknown;
  const args = [...before];
  const named = new Map(keywords);
  for (const { kind, name } of target.code.parameters.slice(method ? 1 : 0).slice(before.length)) {
    if (kind === 'positional') args.push(unknown);
    else if (kind === 'plain' && !named.has(name)) named.set(name, unknown);
  }
  return machine.call(callee, args, named);
}
