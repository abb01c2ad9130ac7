/** A batch of a launch log in the terms of expected.ts. */
import { expect } from 'vitest';
import { countOf, type Launch, type LaunchLog } from '../helpers/launch-log.js';
import type { Counts, Own } from './expected.js';

export function countsOf(batch: readonly Launch[]): Counts {
  return {
    kernels: countOf(batch, 'kernel'),
    products: countOf(batch, 'product'),
    uploads: countOf(batch, 'upload'),
    deviceCopies: countOf(batch, 'deviceCopy'),
    memsets: countOf(batch, 'memset'),
  };
}

const part = (name: string) =>
  import(new URL(`../../bench/gpu/roofline/${name}.mjs`, import.meta.url).href);
const { parseLog } = await part('log');
const { ratesOf } = await part('rates');
const { roofline } = await part('roofline');

/** The operators of our own in a batch, and its passes over activations by the bytes that its lines say. */
export function ownOf(batch: readonly Launch[]): Own {
  const launches: Record<string, number> = {};
  for (const { kind, name } of batch) {
    const own = /^(sum_norm|split_norm_rotary|squared_relu|swiglu)_/.exec(name)?.[1];
    if (kind === 'kernel' && own !== undefined) launches[own] = (launches[own] ?? 0) + 1;
  }
  const lines = batch.map(({ line }) => `${line}\n`).join('');
  const made = roofline(parseLog(lines), { rates: ratesOf('h100') });
  // What is not known would count as nothing.
  expect(made.total).toMatchObject({ unknown: 0, least: false });
  return { launches, passes: made.passes_a_layer };
}

/** What the stand-in refused, or was asked for and does not have. */
export function complaints({ launches }: LaunchLog): string[] {
  return launches.map(({ line }) => line).filter((line) => /^(REFUSED|UNKNOWN) /.test(line));
}
