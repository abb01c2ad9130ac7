/**
 * Numbers as Python writes them, and its mini-language of format specifications.
 */
import { lengthOf } from './code-points.js';
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

/** As `repr` has it. Integral floats are written as integers, since they are not told apart. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Number.isInteger(value)) return BigInt(value).toString();
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e16) return String(value);
  return exponent(magnitude < 1e-6 || magnitude >= 1e21 ? String(value) : value.toExponential());
}

/** Two digits of the exponent at least. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const SPEC =
  /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;
const WIDTH_MAX = 10_000;

/** `format(value, spec)` of a number or text; null where the specification is not known. */
export function formatted(value: Value, spec: string, runtime: Runtime): string | null {
  const parts = SPEC.exec(spec);
  if (parts === null) return runtime.raise('ValueError', 'Invalid format specifier');
  const [, fill = ' ', align, sign = '-', , alternate, zero, width = '0', group, precision, type] =
    parts;
  if (Number(width) > WIDTH_MAX || Number(precision ?? 0) > 100) return null;
  const number = typeof value === 'boolean' && spec !== '' ? Number(value) : value;
  if (typeof number !== 'number') {
    const text = runtime.text(value);
    if (text === null) return null;
    const cut = precision === undefined ? text : [...text].slice(0, Number(precision)).join('');
    return padded(cut, fill, align ?? '<', Number(width));
  }
  const digits = magnitudeText(number, type, precision, alternate !== undefined, runtime);
  const grouped = group === undefined ? digits : groupedDigits(digits, group);
  const negative = number < 0 || Object.is(number, -0);
  const prefix = negative ? '-' : sign === '-' ? '' : sign;
  if (zero !== undefined && align === undefined) {
    return prefix + grouped.padStart(Number(width) - prefix.length, '0');
  }
  if (align === '=') return prefix + grouped.padStart(Number(width) - prefix.length, fill);
  return padded(prefix + grouped, fill, align ?? '>', Number(width));
}

function padded(text: string, fill: string, align: string, width: number): string {
  const missing = Math.max(0, width - lengthOf(text));
  if (align === '<') return text + fill.repeat(missing);
  if (align === '>') return fill.repeat(missing) + text;
  const before = Math.floor(missing / 2);
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

/** The number without its sign. */
function magnitudeText(
  number: number,
  type: string | undefined,
  precision: string | undefined,
  alternate: boolean,
  runtime: Runtime,
): string {
  const value = Math.abs(number);
  const digits = precision === undefined ? 6 : Number(precision);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : 'inf';
  switch (type) {
    case undefined:
      return precision === undefined ? numberText(value) : general(value, digits);
    case 'd':
    case 'n':
      return numberText(value);
    case 'x':
      return (alternate ? '0x' : '') + BigInt(Math.trunc(value)).toString(16);
    case 'X':
      return (alternate ? '0X' : '') + BigInt(Math.trunc(value)).toString(16).toUpperCase();
    case 'o':
      return (alternate ? '0o' : '') + BigInt(Math.trunc(value)).toString(8);
    case 'b':
      return (alternate ? '0b' : '') + BigInt(Math.trunc(value)).toString(2);
    case 'c':
      return String.fromCodePoint(value);
    case 'e':
    case 'E': {
      const text = exponent(value.toExponential(digits));
      return type === 'e' ? text : text.toUpperCase();
    }
    case 'f':
    case 'F':
      return fixed(value, digits);
    case '%':
      return `${fixed(value * 100, digits)}%`;
    case 'g':
    case 'G': {
      const text = general(value, digits === 0 ? 1 : digits);
      return type === 'g' ? text : text.toUpperCase();
    }
    default:
      return runtime.raise('ValueError', `Unknown format code '${type}'`);
  }
}

function fixed(value: number, digits: number): string {
  if (value < 1e21) return value.toFixed(digits);
  return BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
}

function general(value: number, digits: number): string {
  if (value === 0) return '0';
  const power = Number(value.toExponential(Math.max(0, digits - 1)).split('e')[1]);
  const text =
    power < -4 || power >= digits
      ? exponent(value.toExponential(Math.max(0, digits - 1)))
      : value.toFixed(Math.max(0, digits - 1 - power));
  return text.includes('.') ? text.replace(/\.?0+(?=e|$)/, '') : text;
}

function groupedDigits(text: string, group: string): string {
  const [whole = '', ...rest] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return [grouped, ...rest].join('.');
}
