/**
 * Values of Python literals: strings with their escapes, numbers with underscores.
 */
import { type PyNode, type PySource, unwrapped } from './nodes.js';

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

const ESCAPE =
  /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{1,3})|N\{([^}]{1,60})\}|([\s\S]))/g;

/** Unicode names that stand for the SentencePiece space marker. */
const NAMED: Readonly<Record<string, string>> = {
  'LOWER ONE EIGHTH BLOCK': '\u2581',
  'REPLACEMENT CHARACTER': '\ufffd',
  'LOW LINE': '_',
  SPACE: ' ',
};

/** The string that a (possibly continued) literal means; null for anything computed. */
export function stringValue(source: PySource, node: PyNode | undefined): string | null {
  if (node === undefined) return null;
  const inner = unwrapped(node);
  if (inner.type === 'ContinuedString') {
    const parts = inner.children.map((child) => stringValue(source, child));
    return parts.includes(null) ? null : parts.join('');
  }
  if (inner.type !== 'String') return null;
  // Python reads CRLF in a source as LF.
  const text = source.text.slice(inner.from, inner.to).replace(/\r\n/g, '\n');
  const match = /^([a-zA-Z]{0,2})('''|"""|'|")([\s\S]*)\2$/.exec(text);
  if (match === null) return null;
  const [, prefix, , body] = match;
  return /r/i.test(prefix!) ? body! : unescaped(body!, /b/i.test(prefix!));
}

function unescaped(body: string, bytes: boolean): string {
  if (!body.includes('\\')) return body;
  return body.replace(ESCAPE, (whole, u, long, x, octal, named, other) => {
    if (u !== undefined && !bytes) return String.fromCharCode(Number.parseInt(u, 16));
    if (long !== undefined && !bytes) {
      const code = Number.parseInt(long, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }
    if (x !== undefined) return String.fromCharCode(Number.parseInt(x, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (named !== undefined) return NAMED[String(named).toUpperCase()] ?? whole;
    return ESCAPES[other] ?? whole;
  });
}

/** The value of a number literal; null for complex numbers and anything else. */
export function numberValue(source: PySource, node: PyNode): number | null {
  if (node.type !== 'Number') return null;
  const text = source.text.slice(node.from, Math.min(node.to, node.from + 400)).replace(/_/g, '');
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
