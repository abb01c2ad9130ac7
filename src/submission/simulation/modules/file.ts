/**
 * Files that the script opens, and `io`'s buffers.
 */
import { PyBytes } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, NativeFunction, PyObject, Unknown, type Value } from '../../python/values.js';
import type { Files } from '../files.js';

/** Bytes that are read and written, wherever they are kept. */
interface Store {
  data: Uint8Array;
  unknown: boolean;
  readonly tags?: Int32Array | null;
}

/** Longest file that a script may write here, in bytes. */
const LENGTH_MAX = 16 * 2 ** 20;

/** What a value is as text; null where it is not known. */
export function textOf(value: Value, runtime: Runtime): string | null {
  return value instanceof Unknown ? null : runtime.text(value);
}

export class PyFile extends PyObject {
  readonly typeName: string;
  private position = 0;

  constructor(
    private readonly store: Store,
    private readonly inBytes: boolean,
    private readonly append: boolean,
    private readonly name: string,
  ) {
    super();
    this.typeName = inBytes ? 'BufferedReader' : 'TextIOWrapper';
  }
  override attribute(name: string): Value | undefined {
    if (name === 'name') return this.name;
    if (name === 'closed') return false;
    const method = this.#methods[name];
    return method === undefined ? undefined : new NativeFunction(name, method);
  }
  override *iterate(runtime: Runtime): Iterable<Value> {
    for (;;) {
      const line = this.#line(runtime);
      if (line === null || line instanceof Unknown) return;
      yield line;
    }
  }

  readonly #methods: Record<string, Native> = {
    read: ([count], _, runtime) => this.#read(count ?? null, runtime),
    readline: (_args, _, runtime) => this.#line(runtime) ?? this.#value(new Uint8Array(0), 0),
    readlines: (_args, _, runtime) => runtime.list([...this.iterate(runtime)]),
    write: ([value], _, runtime) => this.#write(value ?? null, runtime),
    writelines: ([lines], _, runtime) => {
      for (const line of runtime.iterate(lines ?? null)) this.#write(line, runtime);
      return null;
    },
    seek: ([to, whence], _, runtime) => {
      if (typeof to !== 'number') return runtime.unknown('a place in a file that is not known');
      const from = whence === 1 ? this.position : whence === 2 ? this.store.data.length : 0;
      this.position = Math.max(0, from + to);
      return this.position;
    },
    tell: () => this.position,
    truncate: ([size]) => {
      const length = typeof size === 'number' ? size : this.position;
      this.store.data = this.store.data.slice(0, length);
      return length;
    },
    getvalue: (_args, _, runtime) => {
      const whole = this.store.data;
      return this.store.unknown ? runtime.unknown('what was written') : this.#value(whole, 0);
    },
    fileno: () => 3,
    flush: () => null,
    close: () => null,
    readable: () => true,
    writable: () => true,
    seekable: () => true,
  };

  #value(data: Uint8Array, from: number): Value {
    if (!this.inBytes) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(data);
    const tags = this.store.tags ?? null;
    return new PyBytes(data, tags?.slice(from, from + data.length) ?? null);
  }
  #read(count: Value, runtime: Runtime): Value {
    if (this.store.unknown) return runtime.unknown(`the contents of ${this.name}`);
    if (count instanceof Unknown) return runtime.unknown('a number of bytes that is not known');
    const from = this.position;
    const all = this.store.data.length - from;
    // A text file counts characters; scripts read those whole.
    const length = typeof count === 'number' && count >= 0 ? Math.min(count, all) : all;
    if (typeof count === 'number' && count > all && all > 0) {
      runtime.host.limited?.(count, all, false, runtime);
    }
    const data = this.store.data.slice(from, from + Math.max(0, length));
    this.position = from + data.length;
    runtime.spend(data.length / 8);
    runtime.allocate(data.length / 8 + 8);
    return this.#value(data, from);
  }
  /** Null at the end. */
  #line(runtime: Runtime): Value {
    if (this.store.unknown) return runtime.unknown(`the contents of ${this.name}`);
    const from = this.position;
    if (from >= this.store.data.length) return null;
    const end = this.store.data.indexOf(10, from);
    const to = end === -1 ? this.store.data.length : end + 1;
    this.position = to;
    runtime.spend((to - from) / 8 + 1);
    return this.#value(this.store.data.slice(from, to), from);
  }
  #write(value: Value, runtime: Runtime): Value {
    const bytes =
      typeof value === 'string' && !this.inBytes
        ? new TextEncoder().encode(value)
        : value instanceof PyBytes
          ? value.data
          : bytesOf(value, runtime);
    if (bytes === null || this.store.data.length + bytes.length > LENGTH_MAX) {
      this.store.unknown = true;
      return runtime.unknown('the length of what was written');
    }
    if (this.append) this.position = this.store.data.length;
    const end = this.position + bytes.length;
    runtime.spend(bytes.length / 8);
    runtime.allocate(bytes.length / 8);
    this.store.data = grown(this.store.data, end);
    this.store.data.set(bytes, this.position);
    this.position = end;
    return bytes.length;
  }
}

/** `data` itself where it is long enough; a longer copy otherwise. */
function grown(data: Uint8Array, length: number): Uint8Array {
  if (data.length >= length) return data;
  const longer = new Uint8Array(length);
  longer.set(data);
  return longer;
}

/** Bytes of what has `tobytes`, such as an array. */
function bytesOf(value: Value, runtime: Runtime): Uint8Array | null {
  if (!(value instanceof PyObject) || value instanceof Unknown) return null;
  const method = value.attribute('tobytes', runtime);
  const bytes = method === undefined ? null : runtime.call(method, []);
  return bytes instanceof PyBytes ? bytes.data : null;
}

/** @throws FileNotFoundError and FileExistsError as Python exceptions */
export function openFile(files: Files, path: string, mode: string, runtime: Runtime): Value {
  const binary = mode.includes('b');
  if (/[wax]/.test(mode)) {
    if (mode.includes('x') && files.presence(path) === 'file') {
      return runtime.raise('FileExistsError', `File exists: '${path}'`);
    }
    return new PyFile(
      files.open(path, mode.includes('a'), runtime.here()),
      binary,
      mode.includes('a'),
      path,
    );
  }
  const contents = files.readAt(path, runtime.here());
  if (contents === null) {
    return runtime.raise('FileNotFoundError', `No such file or directory: '${path}'`);
  }
  if (mode.includes('+')) return new PyFile(files.open(path, true), binary, false, path);
  const store = contents === 'unknown' ? { data: new Uint8Array(0), unknown: true } : contents;
  return new PyFile({ unknown: false, ...store }, binary, false, path);
}

/** `io.BytesIO()` and `io.StringIO()` */
export function buffer(binary: boolean): Native {
  return ([start], _, runtime) => {
    if (start instanceof Unknown)
      return new PyFile({ data: new Uint8Array(0), unknown: true }, binary, false, 'a buffer');
    const data =
      typeof start === 'string'
        ? new TextEncoder().encode(start)
        : start === undefined || start === null
          ? new Uint8Array(0)
          : (bytesOf(start, runtime) ?? (start instanceof PyBytes ? start.data : null));
    const tags = start instanceof PyBytes ? start.tags : null;
    return new PyFile(
      { data: data?.slice() ?? new Uint8Array(0), unknown: data === null, tags },
      binary,
      false,
      'a buffer',
    );
  };
}
