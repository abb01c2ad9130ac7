/**
 * Modules: of the script's own folder, of the host, and of the standard library.
 */
import type { PySource } from '../source/nodes.js';
import { type Machine, Namespace } from './machine.js';
import { standardModule } from './standard/index.js';
import { PyModule, Unknown, type Value } from './values.js';

export class Importer {
  readonly #found = new Map<string, Value | null>();

  constructor(
    private readonly machine: Machine,
    private readonly run: (source: PySource, layer: number, name: string) => Namespace,
  ) {}
  importModule(name: string, level: number): Value {
    const found = this.#find(name);
    if (found !== null) {
      this.#attach(name, found);
      return found;
    }
    const from = level > 0 ? '.'.repeat(level) : '';
    return this.machine.unknown(`module ${from}${name} is not modelled`);
  }
  /** `import a.b` makes `b` an attribute of `a`. */
  #attach(name: string, module: Value): void {
    const at = name.lastIndexOf('.');
    if (at < 0) return;
    const parent = this.#find(name.slice(0, at));
    const member = name.slice(at + 1);
    if (parent instanceof PyModule && !parent.members.has(member))
      parent.members.set(member, module);
    if (parent instanceof Namespace && !parent.names.has(member)) parent.names.set(member, module);
  }
  #find(name: string): Value | null {
    let found = this.#found.get(name);
    if (found === undefined) {
      found = this.#load(name);
      this.#found.set(name, found);
    }
    return found;
  }
  #load(name: string): Value | null {
    const { host } = this.machine;
    const own = host.sourceModule?.(name) ?? null;
    if (own !== null) {
      // A module that imports itself by way of others sees what it has so far.
      const running = this.machine.modules.get(name);
      return running ?? this.run(own.source, own.layer, name);
    }
    return host.module(name, this.machine) ?? standardModule(name, this.machine);
  }
  /** A module that is read as an attribute of another, as `torch.distributed` is. */
  submodule(value: Value, name: string): Value | undefined {
    if (!(value instanceof PyModule) || value.members.has(name)) return undefined;
    const found = this.#find(`${value.name}.${name}`);
    if (found === null || found instanceof Unknown) return undefined;
    value.members.set(name, found);
    return found;
  }
}

/** What `from module import *` takes. */
export function exportedNames(module: Value, machine: Machine): Iterable<readonly [string, Value]> {
  const names =
    module instanceof Namespace ? module.names : module instanceof PyModule ? module.members : null;
  if (names === null) return [];
  const listed = names.get('__all__');
  const all = listed === undefined ? null : machine.sequence(listed);
  return [...names].filter(([name]) => (all === null ? !name.startsWith('_') : all.includes(name)));
}
