/** Compiled character maps of normalizers, as SentencePiece would read them. */

const OFFSET = 256;

/**
 * `uint32 size, trie, replacements`: a Darts-clone double array of one level, whose leaves hold the
 * offsets of the NUL-terminated replacements.
 *
 * @param replaced what each ASCII character becomes; the empty string drops it
 */
export function characterMap(replaced: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(replaced);
  // One block of 256 children for the root, one of 256 for every character's leaf.
  const units = new Uint32Array(OFFSET * (2 + pairs.length));
  const replacements: number[] = [];
  // darts.h, DoubleArrayUnit: offset in bits 10 to 30, a leaf's flag in bit 8, the label below.
  units[0] = (OFFSET << 10) >>> 0;
  for (const [k, [character, replacement]] of pairs.entries()) {
    const label = character.charCodeAt(0);
    const at = OFFSET ^ label;
    const child = OFFSET * (2 + k);
    units[at] = (((at ^ child) << 10) | (1 << 8) | label) >>> 0;
    // A leaf: its value with the topmost bit set.
    units[child] = (replacements.length | 0x80000000) >>> 0;
    replacements.push(...Buffer.from(replacement), 0);
  }
  const map = Buffer.alloc(4 + units.byteLength + replacements.length);
  map.writeUInt32LE(units.byteLength, 0);
  Buffer.from(units.buffer).copy(map, 4);
  Buffer.from(replacements).copy(map, 4 + units.byteLength);
  return map;
}

/** Lower-cases A to Z. */
export function foldingMap(): Uint8Array {
  const letters = Array.from({ length: 26 }, (_, k) => String.fromCharCode(0x41 + k));
  return characterMap(Object.fromEntries(letters.map((each) => [each, each.toLowerCase()])));
}
