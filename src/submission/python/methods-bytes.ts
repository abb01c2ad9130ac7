/**
 * Methods of bytes.
 */
import { PyBytes } from './bytes.js';
import {
  argumentAt,
  collected,
  type Method,
  type MethodTable,
  strict,
  textArgument,
} from './methods.js';
import { PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

function latin(value: Value | undefined, runtime: Runtime): string {
  if (value instanceof PyBytes) return Buffer.from(value.data).toString('latin1');
  return runtime.raise('TypeError', 'bytes are expected');
}

function bytesOf(text: string, like: PyBytes): PyBytes {
  return new PyBytes(Uint8Array.from(Buffer.from(text, 'latin1')), null, like.mutable);
}

/** A method of one-byte characters. */
function on(
  method: (text: string, args: readonly Value[], runtime: Runtime, self: PyBytes) => Value,
): Method {
  return strict((self, args, _keywords, runtime) => {
    runtime.spend((self as PyBytes).data.length / 8);
    return method(latin(self, runtime), args, runtime, self as PyBytes);
  });
}

const decode = strict((self, args, keywords, runtime) => {
  const { data } = self as PyBytes;
  const encoding = textArgument(argumentAt(args, keywords, 0, 'encoding') ?? 'utf-8', runtime);
  const errors = textArgument(argumentAt(args, keywords, 1, 'errors') ?? 'strict', runtime);
  runtime.spend(data.length / 8);
  runtime.allocate(data.length / 8 + 2);
  const buffer = Buffer.from(data);
  if (/^(?:latin[-_]?1|iso-?8859-1)$/i.test(encoding)) return buffer.toString('latin1');
  if (!/^utf[-_]?8|ascii$/i.test(encoding)) return runtime.unknown(`the encoding ${encoding}`);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data);
  const broken = !Buffer.from(text, 'utf8').equals(buffer);
  if (!broken || errors === 'replace') return text;
  if (errors === 'strict') {
    return runtime.raise('UnicodeDecodeError', "'utf-8' codec can't decode bytes");
  }
  return errors === 'ignore' && !buffer.includes(Buffer.from('\ufffd'))
    ? text.replaceAll('\ufffd', '')
    : runtime.unknown('a text of bytes that are no Unicode');
});

function strip(left: boolean, right: boolean): Method {
  return on((text, [set], runtime, self) => {
    const gone = set == null ? ' \t\n\r\v\f' : latin(set, runtime);
    let [from, to] = [0, text.length];
    while (left && from < to && gone.includes(text[from]!)) from++;
    while (right && to > from && gone.includes(text[to - 1]!)) to--;
    return bytesOf(text.slice(from, to), self);
  });
}

function affix(kind: 'startsWith' | 'endsWith'): Method {
  return on((text, [wanted], runtime) => {
    const options = wanted instanceof PyTuple ? wanted.items : [wanted];
    return options.some((each) => text[kind](latin(each, runtime)));
  });
}

export const BYTES_METHODS: MethodTable = new Map<string, Method>([
  ['decode', decode],
  ['hex', on((_text, _args, _runtime, self) => Buffer.from(self.data).toString('hex'))],
  ['startswith', affix('startsWith')],
  ['endswith', affix('endsWith')],
  [
    'find',
    on((text, [wanted], runtime) =>
      text.indexOf(
        typeof wanted === 'number' ? String.fromCharCode(wanted) : latin(wanted, runtime),
      ),
    ),
  ],
  [
    'count',
    on(
      (text, [wanted], runtime) =>
        text.split(
          typeof wanted === 'number' ? String.fromCharCode(wanted) : latin(wanted, runtime),
        ).length - 1,
    ),
  ],
  ['strip', strip(true, true)],
  ['lstrip', strip(true, false)],
  ['rstrip', strip(false, true)],
  [
    'lower',
    on((text, _args, _runtime, self) =>
      bytesOf(
        text.replace(/[A-Z]/g, (each) => each.toLowerCase()),
        self,
      ),
    ),
  ],
  [
    'upper',
    on((text, _args, _runtime, self) =>
      bytesOf(
        text.replace(/[a-z]/g, (each) => each.toUpperCase()),
        self,
      ),
    ),
  ],
  [
    'replace',
    on((text, [from, to], runtime, self) => {
      const [before, after] = [latin(from, runtime), latin(to, runtime)];
      if (before === '' || text.length * (after.length + 1) > 2 ** 28)
        return runtime.unknown('bytes that are too long');
      return bytesOf(
        text.replaceAll(before, () => after),
        self,
      );
    }),
  ],
  [
    'split',
    on((text, [separator], runtime, self) => {
      const parts =
        separator == null
          ? text.split(/[ \t\n\r\v\f]+/).filter((part) => part !== '')
          : text.split(latin(separator, runtime));
      return runtime.list(parts.map((part) => bytesOf(part, self)));
    }),
  ],
  [
    'join',
    strict((self, [parts = null], _keywords, runtime) => {
      const all = collected(parts, runtime);
      const texts = all.map((part) => latin(part, runtime));
      const between = self as PyBytes;
      const joined = bytesOf(texts.join(latin(self, runtime)), between);
      if (!all.some((part) => (part as PyBytes).tags !== null)) return joined;
      runtime.allocate(joined.data.length / 2);
      const tags = new Int32Array(joined.data.length).fill(-1);
      let at = 0;
      for (const part of all as PyBytes[]) {
        if (part.tags !== null) tags.set(part.tags, at);
        at += part.data.length + between.data.length;
      }
      return new PyBytes(joined.data, tags, between.mutable);
    }),
  ],
  ['append', (self, [value], _keywords, runtime) => extend(self, [Number(value)], runtime)],
  [
    'extend',
    strict((self, [values = null], _keywords, runtime) =>
      extend(
        self,
        values instanceof PyBytes ? values.data : collected(values, runtime).map(Number),
        runtime,
      ),
    ),
  ],
  ['tobytes', (self) => self],
]);

function extend(self: Value, added: ArrayLike<number>, runtime: Runtime): null {
  const bytes = self as PyBytes;
  runtime.spend((bytes.data.length + added.length) / 8);
  runtime.allocate((bytes.data.length + added.length) / 8);
  const data = new Uint8Array(bytes.data.length + added.length);
  data.set(bytes.data);
  data.set(added, bytes.data.length);
  bytes.data = data;
  bytes.tags = null;
  return null;
}
