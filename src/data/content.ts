/**
 * Guess of what a file is, from its first bytes, for the refusal of one that is something else.
 */

/** Signatures at the start of a file, as Latin-1 text. */
const SIGNATURES: readonly (readonly [signature: string, name: string])[] = [
  ['version https://git-lfs', 'a Git LFS pointer, not the file itself'],
  ['\x1f\x8b', 'a gzip file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
  ['\xfd7zXZ', 'an xz file'],
  ['BZh', 'a bzip2 file'],
  ['\x04\x22\x4d\x18', 'an LZ4 file'],
  ['7z\xbc\xaf', 'a 7z file'],
  ['PAR1', 'a Parquet file'],
  ['ARROW1', 'an Arrow file'],
  ['\x93NUMPY', 'a NumPy array (.npy)'],
  ['MMIDIDX\0\0', "the index of Megatron's .bin"],
  ['GGUF', 'a GGUF model'],
  ['SQLite format 3', 'an SQLite database'],
  ['\x88\xd8\x34\x01', 'a token shard'],
];

/** What a zip file is, by the name of its first entry. */
function zipKind(text: string): string {
  const name = text.slice(30, 30 + text.charCodeAt(26));
  if (/\.npy$/.test(name)) return 'a NumPy archive (.npz)';
  return /\/(data\.pkl|version|byteorder|\.format_version)$/.test(name)
    ? 'a file of torch.save (a zip file)'
    : 'a zip file';
}

/** True where `head` has these bytes at `at`. */
function has(head: Uint8Array, at: number, ...bytes: readonly number[]): boolean {
  return bytes.every((byte, k) => head[at + k] === byte);
}

function binaryKind(head: Uint8Array, text: string): string | null {
  if (text.startsWith('PK\x03\x04')) return zipKind(text);
  if (text.slice(257, 262) === 'ustar') return 'a tar archive';
  // A stream of Arrow messages, as the Hugging Face datasets library keeps them.
  if (has(head, 0, 0xff, 0xff, 0xff, 0xff) && has(head, 6, 0, 0)) return 'an Arrow stream';
  // The opcode PROTO and its version.
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5 && head.length > 2) {
    return 'a Python pickle';
  }
  // Eight bytes of length, then a JSON header.
  if (has(head, 4, 0, 0, 0, 0, 0x7b, 0x22)) return 'a safetensors file';
  return null;
}

/** Guesses from the first bytes what a file is that is not what it should be; null where nothing matches. */
export function guessContent(head: Uint8Array): string | null {
  const text = Buffer.from(head.subarray(0, 512)).toString('latin1');
  const start = text.trimStart().toLowerCase();
  const signed = SIGNATURES.find(([signature]) => text.startsWith(signature));
  if (signed !== undefined) return signed[1];
  if (start.startsWith('<!doctype') || start.startsWith('<html')) return 'an HTML page';
  if (start.startsWith('<?xml')) return 'an XML document';
  const binary = binaryKind(head, text);
  if (binary !== null) return binary;
  if (start.startsWith('{') || start.startsWith('[')) return 'JSON text';
  if (head.length > 0 && /^[\t\n\r\x20-\x7e]+$/.test(text)) return 'plain text';
  return null;
}
