/**
 * Lists of integers that an operator takes as an attribute, or as an input in its later versions.
 */
import type { Node } from '../graph.js';
import type { Lookup } from './facts.js';

/** The integers; undefined where neither is given, null where the input is no constant. */
export function integersOf(
  lookup: Lookup,
  node: Node,
  input: number,
  attribute: string,
): readonly number[] | null | undefined {
  const name = node.inputs[input];
  if (name === undefined || name === '') return lookup.list(node, attribute);
  return lookup.constant(name)?.integers() ?? null;
}

interface Bounds {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[];
  readonly steps: readonly number[];
}

/** What a Slice takes, one entry an axis; null where that is not known before a run. */
export function sliceBounds(lookup: Lookup, node: Node): Bounds | null {
  const [starts, ends] = [
    integersOf(lookup, node, 1, 'starts'),
    integersOf(lookup, node, 2, 'ends'),
  ];
  if (!starts || !ends) return null;
  const axes = integersOf(lookup, node, 3, 'axes') ?? starts.map((_, k) => k);
  const steps = integersOf(lookup, node, 4, 'steps') ?? starts.map(() => 1);
  const given = [3, 4].every((input) => integersOf(lookup, node, input, '') !== null);
  const alike = [ends, axes, steps].every(({ length }) => length === starts.length);
  return given && alike ? { starts, ends, axes, steps } : null;
}
