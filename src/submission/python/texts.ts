/**
 * `str` and `repr`
 */
import { PyBytes } from './bytes.js';
import { numberText } from './format-number.js';
import { PyClass, PyInstance } from './object-classes.js';
import { NativeType } from './object-descriptors.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList, PyRange, PySlice, PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { NativeFunction, PyObject, Unknown, type Value } from './values.js';

const NESTING_MAX = 40;

/** Null where it is not known. */
export function textOfValue(
  value: Value,
  quoted: boolean,
  runtime: Runtime,
  depth = 0,
): string | null {
  runtime.spend(1);
  if (typeof value === 'string') return quoted ? quotedText(value) : value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'None';
  if (depth > NESTING_MAX) return null;
  const all = (items: Iterable<Value>) => joined(items, runtime, depth + 1);
  if (value instanceof PyList) return wrapped('[', all(value.items), ']');
  if (value instanceof PyTuple) {
    if (value.names !== null) return named(value, runtime, depth + 1);
    return wrapped('(', all(value.items), value.items.length === 1 ? ',)' : ')');
  }
  if (value instanceof PyDict) return dictText(value, runtime, depth + 1);
  if (value instanceof PySet) return setText(value, all(value.members.values()));
  if (value instanceof PyBytes) return bytesText(value);
  if (value instanceof PyRange) {
    const step = value.step === 1 ? '' : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof PySlice)
    return wrapped('slice(', all([value.start, value.stop, value.step]), ')');
  if (value instanceof NativeType) return `<class '${value.name}'>`;
  if (value instanceof PyClass) return `<class '__main__.${value.name}'>`;
  return value instanceof PyInstance
    ? instanceText(value, quoted, runtime)
    : libraryText(value, quoted, runtime);
}

/** Of an object of the library that has such a method, as paths have. */
function libraryText(value: PyObject, quoted: boolean, runtime: Runtime): string | null {
  const method =
    value instanceof Unknown ? null : value.attribute(quoted ? '__repr__' : '__str__', runtime);
  if (!(method instanceof NativeFunction)) return null;
  const text = runtime.call(method, []);
  return typeof text === 'string' ? text : null;
}

function joined(items: Iterable<Value>, runtime: Runtime, depth: number): string | null {
  const texts: string[] = [];
  for (const item of items) {
    const text = textOfValue(item, true, runtime, depth);
    if (text === null) return null;
    runtime.allocate(text.length / 8);
    texts.push(text);
  }
  return texts.join(', ');
}

function wrapped(before: string, text: string | null, after: string): string | null {
  return text === null ? null : before + text + after;
}

function named(tuple: PyTuple, runtime: Runtime, depth: number): string | null {
  const texts = tuple.items.map((item, i) => {
    const text = textOfValue(item, true, runtime, depth);
    return text === null ? null : `${tuple.names![i]}=${text}`;
  });
  return texts.includes(null) ? null : `${tuple.typeName}(${texts.join(', ')})`;
}

function dictText(dict: PyDict, runtime: Runtime, depth: number): string | null {
  if (dict.blurred !== null) return null;
  const texts: string[] = [];
  for (const [key, value] of dict.entries.values()) {
    const left = textOfValue(key, true, runtime, depth);
    const right = textOfValue(value, true, runtime, depth);
    if (left === null || right === null) return null;
    texts.push(`${left}: ${right}`);
  }
  const text = `{${texts.join(', ')}}`;
  if (dict.typeName === 'dict') return text;
  const factory = textOfValue(dict.factory, true, runtime, depth);
  return dict.typeName === 'defaultdict'
    ? `defaultdict(${factory}, ${text})`
    : `${dict.typeName}(${texts.length === 0 ? '' : text})`;
}

function setText(set: PySet, members: string | null): string | null {
  if (members === null || set.blurred !== null) return null;
  if (set.members.size === 0) return `${set.typeName}()`;
  return set.frozen ? `frozenset({${members}})` : `{${members}}`;
}

function bytesText(bytes: PyBytes): string {
  const text = Array.from(bytes.data, byteText).join('');
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = `b${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`;
  return bytes.mutable ? `bytearray(${body})` : body;
}

const SHORT: ReadonlyMap<number, string> = new Map([
  [9, '\\t'],
  [10, '\\n'],
  [13, '\\r'],
  [92, '\\\\'],
]);

function byteText(byte: number): string {
  const short = SHORT.get(byte);
  if (short !== undefined) return short;
  return byte >= 32 && byte < 127
    ? String.fromCharCode(byte)
    : `\\x${byte.toString(16).padStart(2, '0')}`;
}

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function quotedText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = quote;
  for (const point of text) {
    const code = point.codePointAt(0)!;
    if (point === quote) result += `\\${quote}`;
    else if (SHORT.has(code)) result += SHORT.get(code)!;
    else if (!HIDDEN.test(point)) result += point;
    else if (code < 256) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code < 65_536) result += `\\u${code.toString(16).padStart(4, '0')}`;
    else result += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return result + quote;
}

function instanceText(value: PyInstance, quoted: boolean, runtime: Runtime): string | null {
  const names = quoted ? ['__repr__'] : ['__str__', '__repr__'];
  for (const name of names) {
    const method = value.cls.find(name);
    if (method === undefined) continue;
    const text = runtime.call(method, [value]);
    return typeof text === 'string' ? text : null;
  }
  return value.base instanceof PyObject ? runtime.text(value.base, quoted) : null;
}
