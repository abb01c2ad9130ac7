/**
 * How a documents file is laid out, by its first bytes whatever its name is.
 */
import { type BpbError, inputError } from '../../errors.js';
import { shellWord } from '../../shell-word.js';
import { guessContent } from '../content.js';
import { foreignHint } from './refusals.js';

/** Bytes to look at; a tar archive is known by byte 257 and later. */
export const HEAD_BYTES = 4096;

interface Layout {
  /** One document a line, or one array of them. */
  readonly kind: 'lines' | 'array';
  /** A UTF-8 byte order mark of three bytes stands first. */
  readonly byteOrderMark: boolean;
}

/** Formats of text, which the parser of a line refuses in its own words. */
const TEXT = /JSON text|plain text|HTML|XML|Git LFS/;

/**
 * @param head the first bytes of the file, decompressed
 * @throws BPB_DOCUMENT_UTF8 for UTF-16, UTF-32, and formats that are no text, with the way out
 */
export function layoutOf(head: Uint8Array, path: string): Layout {
  const wide = wideEncoding(head);
  if (wide !== null) throw refuseWide(path, wide);
  const format = guessContent(head);
  if (format !== null && !TEXT.test(format)) throw refuseFormat(path, format);
  const byteOrderMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const text = Buffer.from(head.subarray(byteOrderMark ? 3 : 0)).toString('latin1');
  return { kind: /^[ \t\r\n]*\[/.test(text) ? 'array' : 'lines', byteOrderMark };
}

/** Name, for iconv, of an encoding of two or four bytes a character; null for any other text. */
function wideEncoding(head: Uint8Array): string | null {
  const isMark = (...bytes: number[]) => bytes.every((byte, k) => head[k] === byte);
  if (isMark(0xff, 0xfe, 0, 0) || isMark(0, 0, 0xfe, 0xff)) return 'UTF-32';
  if (isMark(0xff, 0xfe) || isMark(0xfe, 0xff)) return 'UTF-16';
  // Without a mark: JSON begins with ASCII characters, each beside its zero bytes.
  const zeros = Array.from(head.subarray(0, 8), (byte) => (byte === 0 ? '0' : 'x')).join('');
  const patterns: readonly [string, string][] = [
    ['x000x000', 'UTF-32LE'],
    ['000x000x', 'UTF-32BE'],
    ['x0x0x0x0', 'UTF-16LE'],
    ['0x0x0x0x', 'UTF-16BE'],
  ];
  const found = patterns.find(([pattern]) => pattern === zeros);
  const isAscii = head.subarray(0, 8).every((byte) => byte < 0x80);
  return found !== undefined && isAscii ? found[1] : null;
}

function refuseWide(path: string, encoding: string): BpbError {
  const word = shellWord(path);
  return inputError('BPB_DOCUMENT_UTF8', {
    message: `The documents are ${encoding}, not UTF-8.`,
    path,
    expected: 'UTF-8',
    actual: encoding,
    hint: `iconv -f ${encoding} -t UTF-8 ${word} > ${shellWord(`${path}.utf8.jsonl`)}`,
  });
}

function refuseFormat(path: string, format: string): BpbError {
  return inputError('BPB_DOCUMENT_UTF8', {
    message: `The file is ${format}, which is not read as documents.`,
    path,
    expected: 'JSON Lines or a JSON array, also as .gz, .zst, .xz or .br; or Parquet',
    actual: format,
    hint: foreignHint(path, format),
  });
}
