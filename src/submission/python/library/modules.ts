/**
 * The array libraries as modules that a script imports.
 */
import './protocol.js';
import type { Runtime } from '../runtime.js';
import type { PyModule } from '../values.js';
import { LibraryModule } from './library-module.js';
import { mlxModules, numpyModules } from './numpy.js';
import { torchModules } from './torch.js';

/** The modules of one run: `import torch.nn` and `torch.nn` are the same. */
const made = new WeakMap<Runtime, Map<string, PyModule>>();

/** A module by its dotted name; null where it is of none of these libraries. */
export function arrayModule(name: string, runtime: Runtime): PyModule | null {
  let modules = made.get(runtime);
  if (modules === undefined) {
    modules = new Map([...torchModules(runtime), ...numpyModules(), ...mlxModules(runtime)]);
    made.set(runtime, modules);
  }
  const own = modules.get(name);
  if (own !== undefined) return own;
  if (!/^(torch|numpy|mlx|jax)\./.test(name)) return null;
  const other = new LibraryModule(name, new Map(), true);
  modules.set(name, other);
  return other;
}
