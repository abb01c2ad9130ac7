/**
 * Checks of a normalizer's compiled character map, which SentencePiece reads without bounds checks.
 *
 * The map is `uint32 size, trie, replacements`: a Darts-clone double array whose leaves are offsets
 * into NUL-terminated replacements. A damaged one makes SentencePiece read out of bounds
 * (sentencepiece #1269, #1272), so every unit that a text can reach is followed here once.
 */
import { inputError } from '../errors.js';

interface Walk {
  problem: string | null;
  /** Whether some rule reads over a space: one inside its key, or first and before ASCII. */
  spansSpaces: boolean;
}

const broken = (problem: string): Walk => ({ problem, spansSpaces: true });

function walk(map: Uint8Array): Walk {
  if (map.length < 4) return broken(`a character map of ${map.length} bytes`);
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const trieBytes = view.getUint32(0, true);
  if (trieBytes % 4 !== 0 || trieBytes === 0 || 4 + trieBytes >= map.length) {
    return broken(`a character map of ${map.length} bytes with a trie of ${trieBytes}`);
  }
  if (map[map.length - 1] !== 0) return broken('replacements that do not end');
  const units = trieBytes / 4;
  const replacements = map.length - 4 - trieBytes;
  const unit = (index: number) => view.getUint32(4 + 4 * index, true);
  // offset(), label(), has_leaf() and value() of darts.h, DoubleArrayUnit.
  const offset = (u: number) => ((u >>> 10) << ((u & (1 << 9)) >>> 6)) >>> 0;
  const seen = new Uint8Array(units);
  const root = offset(unit(0));
  const stack = [root];
  let spansSpaces = false;
  let afterSpace = -1;
  while (stack.length > 0) {
    const base = stack.pop()!;
    if ((base | 0xff) >>> 0 >= units) return broken('a trie that leads out of its array');
    if (seen[base] === 1) continue;
    seen[base] = 1;
    for (let byte = 1; byte < 256; byte++) {
      const at = base ^ byte;
      const u = unit(at);
      if ((u & 0x800000ff) >>> 0 !== byte) continue;
      const child = (at ^ offset(u)) >>> 0;
      if (((u >>> 8) & 1) === 1) {
        if (child >= units) return broken('a trie that leads out of its array');
        if ((unit(child) & 0x7fffffff) >= replacements)
          return broken('a replacement out of bounds');
      }
      if (byte === 0x20 && base !== root) spansSpaces = true;
      if (byte === 0x20 && base === root) afterSpace = child;
      if (base === afterSpace && byte > 0x20 && byte < 0x7f) spansSpaces = true;
      stack.push(child);
    }
  }
  return { problem: null, spansSpaces };
}

/**
 * Refuses a character map that would be read out of bounds; an empty one is the identity.
 *
 * @returns whether its rules stop at spaces, so that text may be cut at a space between ASCII
 */
export function checkCharsmap(map: Uint8Array, path: string): boolean {
  if (map.length === 0) return true;
  const { problem, spansSpaces } = walk(map);
  if (problem === null) return !spansSpaces;
  throw inputError('BPB_TOKENIZER_CHARSMAP', {
    message: `The tokenizer's normalizer is damaged: ${problem}.`,
    path,
    expected: 'a character map compiled by SentencePiece',
    actual: problem,
    hint: 'Check that the model loads in SentencePiece and was downloaded whole.',
  });
}
