/**
 * The module `fnmatch`.
 */
import type { Runtime } from '../../python/runtime.js';
import { type PyModule, Unknown, type Value } from '../../python/values.js';
import { moduleOf } from '../arguments.js';
import { matcher } from '../files.js';

const matches = ([name, pattern]: readonly Value[], runtime: Runtime): Value =>
  typeof name === 'string' && typeof pattern === 'string'
    ? matcher(pattern).test(name)
    : runtime.unknown('a name that is not known');

function filtered([names = null, pattern]: readonly Value[], runtime: Runtime): Value {
  if (typeof pattern !== 'string' || names instanceof Unknown) {
    return runtime.unknown('names that are not known');
  }
  const matching = matcher(pattern);
  const kept = [...runtime.iterate(names)].filter(
    (name) => typeof name === 'string' && matching.test(name),
  );
  return runtime.list(kept);
}

export function patternsModule(): PyModule {
  return moduleOf('fnmatch', {
    fnmatch: (args, _, runtime) => matches(args, runtime),
    fnmatchcase: (args, _, runtime) => matches(args, runtime),
    filter: (args, _, runtime) => filtered(args, runtime),
  });
}
