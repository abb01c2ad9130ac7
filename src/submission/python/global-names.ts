/**
 * The names of a module as a dictionary.
 */
import type { Namespace } from './machine.js';
import { PyDict } from './object-mappings.js';
import type { Value } from './values.js';

/** `globals()`: the names themselves. */
export class GlobalNames extends PyDict {
  constructor(private readonly module: Namespace) {
    super();
  }
  override get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.module.names.get(key) : undefined;
  }
  override set(key: Value, value: Value): void {
    if (typeof key === 'string') this.module.names.set(key, value);
  }
  override contains(value: Value): boolean {
    return typeof value === 'string' && this.module.names.has(value);
  }
  override iterate(): Iterable<Value> {
    return this.module.names.keys();
  }
}
