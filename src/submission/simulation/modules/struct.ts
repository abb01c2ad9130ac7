/**
 * The module `struct`, for the numbers that headers and counters hold.
 */
import { PyBytes } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { Sum } from '../../python/sums.js';
import type { PyModule, Value } from '../../python/values.js';
import { moduleOf } from '../arguments.js';

interface Field {
  readonly code: string;
  readonly count: number;
}

export const SIZES: Record<string, number> = {
  ...{ b: 1, B: 1, c: 1, s: 1, x: 1, '?': 1, h: 2, H: 2, e: 2 },
  ...{ i: 4, I: 4, l: 4, L: 4, f: 4, q: 8, Q: 8, d: 8, n: 8, N: 8 },
};

/** Most values of one format. */
const COUNT_MAX = 1_000_000;

/** Fields of a format such as `<256i`; null where it has others. */
function fieldsOf(format: string): { little: boolean; fields: Field[]; size: number } | null {
  const parts = /^[@=<>!]?((\d*[a-zA-Z?])*)$/.exec(format.replace(/\s/g, ''));
  if (parts === null) return null;
  const fields: Field[] = [];
  let size = 0;
  for (const [, digits, code] of parts[1]!.matchAll(/(\d*)([a-zA-Z?])/g)) {
    const one = SIZES[code!];
    const count = digits === '' ? 1 : Number(digits);
    if (one === undefined || count > COUNT_MAX) return null;
    fields.push({ code: code!, count });
    size += one * count;
  }
  return { little: !/^[>!]/.test(format), fields, size };
}

export function readOne(view: DataView, at: number, code: string, little: boolean): number | null {
  switch (code) {
    case 'b':
      return view.getInt8(at);
    case 'B':
    case '?':
      return view.getUint8(at);
    case 'h':
      return view.getInt16(at, little);
    case 'H':
      return view.getUint16(at, little);
    case 'i':
    case 'l':
      return view.getInt32(at, little);
    case 'I':
    case 'L':
      return view.getUint32(at, little);
    case 'q':
    case 'n':
      return Number(view.getBigInt64(at, little));
    case 'Q':
    case 'N':
      return Number(view.getBigUint64(at, little));
    case 'f':
      return view.getFloat32(at, little);
    case 'd':
      return view.getFloat64(at, little);
    default:
      return null;
  }
}

function writeOne(view: DataView, at: number, code: string, value: number, little: boolean): void {
  if (code === 'f') view.setFloat32(at, value, little);
  else if (code === 'd') view.setFloat64(at, value, little);
  else if (SIZES[code] === 1) view.setUint8(at, value & 0xff);
  else if (SIZES[code] === 2) view.setUint16(at, value & 0xffff, little);
  else if (SIZES[code] === 4) view.setUint32(at, value >>> 0, little);
  else view.setBigInt64(at, BigInt.asIntN(64, BigInt(Math.trunc(value))), little);
}

/** A number that belongs to a stream position, as elements of arrays do; tag -1: to none. */
export function tagged(value: number, tag: number): Value {
  return tag < 0 ? value : new Sum('count', new Map([[tag, value]]), 0);
}

function unpack(format: Value, buffer: Value, offset: number, runtime: Runtime): Value {
  const layout = typeof format === 'string' ? fieldsOf(format) : null;
  if (layout === null || !(buffer instanceof PyBytes)) {
    return runtime.unknown('struct.unpack of what is not known');
  }
  if (offset < 0 || offset + layout.size > buffer.data.length) {
    return runtime.raise('error', `unpack requires a buffer of ${layout.size} bytes`);
  }
  const { data } = buffer;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values: Value[] = [];
  let at = offset;
  for (const { code, count } of layout.fields) {
    runtime.spend(count);
    if (code === 's') values.push(new PyBytes(data.slice(at, at + count)));
    for (let i = 0; i < count && code !== 's' && code !== 'x'; i++) {
      const place = at + i * SIZES[code]!;
      const value = readOne(view, place, code, layout.little);
      const tag = buffer.tags?.[place] ?? -1;
      values.push(
        value === null ? runtime.unknown(`the format ${code} of struct`) : tagged(value, tag),
      );
    }
    at += count * SIZES[code]!;
  }
  return runtime.tuple(values);
}

function pack(args: readonly Value[], runtime: Runtime): Value {
  const layout = typeof args[0] === 'string' ? fieldsOf(args[0]) : null;
  if (layout === null) return runtime.unknown('struct.pack of what is not known');
  const data = new Uint8Array(layout.size);
  const view = new DataView(data.buffer);
  let [at, next] = [0, 1];
  for (const { code, count } of layout.fields) {
    runtime.spend(count);
    if (code === 's') {
      const bytes = args[next++];
      if (!(bytes instanceof PyBytes)) return runtime.unknown('struct.pack of what is not known');
      data.set(bytes.data.subarray(0, count), at);
    }
    for (let i = 0; i < count && code !== 's' && code !== 'x'; i++) {
      const value = args[next++];
      if (typeof value !== 'number') return runtime.unknown('struct.pack of what is not known');
      writeOne(view, at + i * SIZES[code]!, code, value, layout.little);
    }
    at += count * SIZES[code]!;
  }
  return new PyBytes(data);
}

export function structModule(): PyModule {
  return moduleOf('struct', {
    calcsize: ([format]) => fieldsOf(String(format))?.size ?? 0,
    pack: (args, _, runtime) => pack(args, runtime),
    unpack: ([format, buffer], _, runtime) => {
      const size = typeof format === 'string' ? fieldsOf(format)?.size : undefined;
      if (buffer instanceof PyBytes && size !== undefined && buffer.data.length !== size) {
        return runtime.raise('error', `unpack requires a buffer of ${size} bytes`);
      }
      return unpack(format ?? null, buffer ?? null, 0, runtime);
    },
    unpack_from: ([format, buffer, offset], keywords, runtime) => {
      const from = offset ?? keywords.get('offset') ?? 0;
      return unpack(format ?? null, buffer ?? null, Number(from), runtime);
    },
  });
}
