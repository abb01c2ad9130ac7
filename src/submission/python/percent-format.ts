/**
 * `'%d of %s' % (a, b)`
 */
import { formatted } from './format-number.js';
import { PyDict } from './object-mappings.js';
import { PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { PyObject, Unknown, type Value } from './values.js';

const DIRECTIVE = /%(?:\((\w+)\))?([-+ 0#]*)(\d+|\*)?(?:\.(\d+))?([hlL]?)([diouxXeEfFgGcrsa%])/g;

export function percentFormat(text: string, given: Value, runtime: Runtime): Value {
  if (given instanceof Unknown) return new Unknown(given.stop);
  const values = given instanceof PyTuple ? given.items : [given];
  let at = 0;
  let unknown: Value | undefined;
  runtime.spend(text.length / 16);
  const result = text.replace(
    DIRECTIVE,
    (
      all: string,
      key: string | undefined,
      flags: string,
      width = '',
      precision,
      _size,
      type: string,
      from: number,
    ) => {
      if (type === '%') return '%';
      const size = width === '*' ? String(values[at++]) : width;
      const value =
        key !== undefined && given instanceof PyDict ? given.item(key, runtime) : values[at++];
      if (value === undefined) {
        return runtime.raise('TypeError', 'not enough arguments for format string');
      }
      const piece = directive(value, flags, size, precision, type, runtime);
      if (piece === null) {
        unknown = value;
        const after = text.slice(from + all.length);
        runtime.host.formatted?.(text.slice(0, from), value, runtime, after);
      }
      return piece ?? '';
    },
  );
  if (unknown === undefined) return result;
  return unknown instanceof Unknown
    ? new Unknown(unknown.stop)
    : runtime.unknown('a text of what is not known');
}

function directive(
  value: Value,
  flags: string,
  width: string,
  precision: string | undefined,
  type: string,
  runtime: Runtime,
): string | null {
  const point = precision === undefined ? '' : `.${precision}`;
  const align = flags.includes('-') ? '<' : '>';
  if (/[rsa]/.test(type)) {
    const text = runtime.text(value, type !== 's');
    return text === null ? null : formatted(text, `${align}${width}${point}`, runtime);
  }
  if (value instanceof PyObject) return null;
  if (type === 'c' && typeof value === 'string') return value;
  if (typeof value === 'string' || value === null) {
    return runtime.raise('TypeError', `%${type} format: a number is required`);
  }
  const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const zero = flags.includes('0') && align === '>' ? '0' : '';
  const kind = /[diu]/.test(type) ? 'd' : type;
  const number = kind === 'd' ? Math.trunc(Number(value)) : Number(value);
  const spec = `${zero === '' ? align : ''}${sign}${flags.includes('#') ? '#' : ''}${zero}${width}`;
  return formatted(number, spec + point + kind, runtime);
}
