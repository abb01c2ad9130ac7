/**
 * Texts and bytes as they are written in a script.
 */

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['\n', ''],
]);
const ESCAPE =
  /\\(?:(\r\n|[\s\S])(?<=[\\'"abfnrtv\r\n])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g;

interface Literal {
  readonly bytes: boolean;
  readonly raw: boolean;
  /** Without prefix and quotes. */
  readonly from: number;
  readonly to: number;
}

/** Where the contents of a literal lie in its text. */
export function literalOf(text: string): Literal {
  const prefix = /^[a-zA-Z]*/.exec(text)![0].toLowerCase();
  const rest = text.slice(prefix.length);
  const quotes = /^(?:"""|''')/.test(rest) ? 3 : 1;
  const closed = text.endsWith(rest.slice(0, quotes)) && rest.length >= 2 * quotes;
  return {
    bytes: prefix.includes('b'),
    raw: prefix.includes('r'),
    from: prefix.length + quotes,
    to: text.length - (closed ? quotes : 0),
  };
}

/** The contents with their escapes replaced; of bytes by one character a byte. */
export function unescaped(text: string, bytes: boolean): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (all, simple, octal, hex, short, long) => {
    if (simple !== undefined) return simple === '\r\n' ? '' : (SIMPLE.get(simple) ?? all);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0x1ff);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (bytes) return all;
    const code = Number.parseInt(short ?? long, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
