/**
 * The module `array`: lists of numbers that are read from files.
 */
import { NativeType, PyBytes, PyList } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Native,
  NativeFunction,
  type PyModule,
  Unknown,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';
import { readOne, SIZES, tagged } from './struct.js';

class NumberList extends PyList {
  constructor(private readonly code: string) {
    super([]);
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    if (name === 'itemsize') return SIZES[this.code] ?? 8;
    if (name === 'typecode') return this.code;
    const natives: Record<string, Native> = {
      frombytes: ([bytes], _, inner) => this.add(bytes ?? null, inner),
      fromfile: ([file, count], _, inner) => {
        const length = Number(count) * (SIZES[this.code] ?? 8);
        return this.add(inner.call(inner.attribute(file ?? null, 'read'), [length]), inner);
      },
      tolist: (_args, _, inner) => inner.list([...this.items]),
      byteswap: () => null,
    };
    const native = natives[name];
    return native === undefined ? super.attribute(name, runtime) : new NativeFunction(name, native);
  }
  /** Numbers of bytes, each with the stream position of its first byte. */
  add(bytes: Value, runtime: Runtime): Value {
    const size = SIZES[this.code];
    if (!(bytes instanceof PyBytes) || size === undefined) {
      this.items.push(runtime.unknown('numbers of bytes that are not known'));
      return null;
    }
    const { data, tags } = bytes;
    runtime.spend(data.length);
    runtime.allocate(data.length);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at + size <= data.length; at += size) {
      this.items.push(tagged(readOne(view, at, this.code, true) ?? 0, tags?.[at] ?? -1));
    }
    return null;
  }
}

export function arrayModule(): PyModule {
  const make: Native = ([code, initial], _, runtime) => {
    const list = new NumberList(String(code));
    if (initial instanceof PyBytes) list.add(initial, runtime);
    else if (initial instanceof Unknown) return initial;
    else if (initial !== undefined && initial !== null) list.extend(initial, runtime);
    return list;
  };
  const type = new NativeType('array', make, (value) => value instanceof NumberList);
  return moduleOf('array', {}, { array: type, ArrayType: type });
}
