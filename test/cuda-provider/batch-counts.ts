/** A batch of a launch log in the terms of expected.ts. */
import { countOf, type Launch, type LaunchLog } from '../helpers/launch-log.js';
import type { Counts } from './expected.js';

export function countsOf(batch: readonly Launch[]): Counts {
  return {
    kernels: countOf(batch, 'kernel'),
    products: countOf(batch, 'product'),
    uploads: countOf(batch, 'upload'),
    deviceCopies: countOf(batch, 'deviceCopy'),
    memsets: countOf(batch, 'memset'),
  };
}

/** What the stand-in refused, or was asked for and does not have. */
export function complaints({ launches }: LaunchLog): string[] {
  return launches.map(({ line }) => line).filter((line) => /^(REFUSED|UNKNOWN) /.test(line));
}
