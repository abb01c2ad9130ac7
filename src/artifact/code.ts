/**
 * What counts as code: source files by their names, plain or compressed, and archives of them.
 */
import { COMPRESSED_EXTENSIONS } from './decompress.js';
import { sha256 } from './size.js';

/** Languages that training code, its kernels and their builds are written in. */
const SOURCE =
  /\.(py|pyx|ipynb|c|cc|cpp|cxx|h|hpp|cu|cuh|m|mm|metal|swift|rs|go|zig|jl|java|kt|scala|js|mjs|cjs|ts|mts|lua|sh|bash)$/i;

/** Files of one archive that are looked at; a script and its kernels are far fewer. */
const MEMBERS_MAX = 10_000;
const BLOCK = 512;

/** Whether a file of this name is a source file, maybe compressed. */
function isSourceName(name: string): boolean {
  const extension = COMPRESSED_EXTENSIONS.find((each) => name.endsWith(each)) ?? '';
  return SOURCE.test(name.slice(0, name.length - extension.length));
}

interface Member {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * The plain files of a tar archive (POSIX.1-1988 `ustar` and older), with names of at most 256
 * characters; none where the bytes are no such archive.
 */
function* tarMembers(bytes: Uint8Array): Generator<Member> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let k = 0; k < MEMBERS_MAX && at + BLOCK <= data.length; k++) {
    const header = data.subarray(at, at + BLOCK);
    if (!hasChecksum(header)) return;
    const size = octal(header.subarray(124, 136));
    const end = at + BLOCK + size;
    if (!Number.isSafeInteger(size) || end > data.length) return;
    const type = header[156];
    if (type === 0x30 || type === 0) {
      const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 500) : '';
      const name = `${prefix === '' ? '' : `${prefix}/`}${text(header, 0, 100)}`;
      yield { name, content: data.subarray(at + BLOCK, end) };
    }
    at = BLOCK * Math.ceil(end / BLOCK);
  }
}

/** The sum of a header's bytes, its own eight counted as spaces. */
function hasChecksum(header: Buffer): boolean {
  let sum = 0;
  for (let k = 0; k < BLOCK; k++) sum += k >= 148 && k < 156 ? 0x20 : header[k]!;
  return sum === octal(header.subarray(148, 156));
}

function octal(field: Buffer): number {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(field.toString('latin1'));
  return digits === null ? Number.NaN : Number.parseInt(digits[1]!, 8);
}

function text(header: Buffer, from: number, to: number): string {
  const end = header.subarray(from, to).indexOf(0);
  return header.toString('utf8', from, end === -1 ? to : from + end);
}

/** An empty script, or one of spaces, trains nothing. */
function hasText(content: Uint8Array): boolean {
  return content.some((byte) => byte > 0x20);
}

/**
 * What a counted file is when it is not scored, and what it packs.
 *
 * @param content unpacked, where the file is stored compressed
 * @param named whether the manifest names it as code
 */
export function examineCounted(
  name: string,
  content: Uint8Array,
  named: boolean,
): { isCode: boolean; members: string[] } {
  if (!hasText(content)) return { isCode: false, members: [] };
  const members = isSourceName(name) ? [] : [...tarMembers(content)];
  const packsSource = members.some(
    (member) => isSourceName(member.name) && hasText(member.content),
  );
  return {
    isCode: named || isSourceName(name) || packsSource,
    members: members.map((member) => sha256(member.content)),
  };
}
