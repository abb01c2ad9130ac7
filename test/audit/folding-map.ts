/** A compiled character map that lower-cases A to Z, as SentencePiece would read it. */

const OFFSET = 256;

/**
 * `uint32 size, trie, replacements`: a Darts-clone double array of one level, whose leaves hold the
 * offsets of the NUL-terminated replacements.
 */
export function foldingMap(): Uint8Array {
  // One block of 256 children for the root, one of 256 for every letter's leaf.
  const units = new Uint32Array(OFFSET * 28);
  const replacements: number[] = [];
  // darts.h, DoubleArrayUnit: offset in bits 10 to 30, a leaf's flag in bit 8, the label below.
  units[0] = (OFFSET << 10) >>> 0;
  for (let k = 0; k < 26; k++) {
    const label = 0x41 + k;
    const at = OFFSET ^ label;
    const child = OFFSET * (2 + k);
    units[at] = (((at ^ child) << 10) | (1 << 8) | label) >>> 0;
    // A leaf: its value with the topmost bit set.
    units[child] = (replacements.length | 0x80000000) >>> 0;
    replacements.push(0x61 + k, 0);
  }
  const map = Buffer.alloc(4 + units.byteLength + replacements.length);
  map.writeUInt32LE(units.byteLength, 0);
  Buffer.from(units.buffer).copy(map, 4);
  Buffer.from(replacements).copy(map, 4 + units.byteLength);
  return map;
}
