/**
 * Checks of a normalizer's compiled character map, which SentencePiece reads without bounds checks.
 *
 * A damaged one makes SentencePiece read out of bounds (sentencepiece #1269, #1272), so every unit
 * that a text can reach is followed here once.
 */
import { inputError } from '../errors.js';
import { DoubleArray } from './darts.js';

interface Walk {
  problem: string | null;
  /** Whether some rule reads over a space: one inside its key, or first and before ASCII. */
  spansSpaces: boolean;
}

const broken = (problem: string): Walk => ({ problem, spansSpaces: true });

function walk(map: Uint8Array): Walk {
  const unreadable = DoubleArray.problem(map);
  if (unreadable !== null) return broken(unreadable);
  const trie = new DoubleArray(map);
  const seen = new Uint8Array(trie.units);
  const { root } = trie;
  const stack = [root];
  let spansSpaces = false;
  let afterSpace = -1;
  while (stack.length > 0) {
    const base = stack.pop()!;
    if (trie.outside(base)) return broken('a trie that leads out of its array');
    if (seen[base] === 1) continue;
    seen[base] = 1;
    for (const { byte, child, ends } of trie.arrows(base)) {
      if (ends && child >= trie.units) return broken('a trie that leads out of its array');
      if (ends && trie.valueAt(child) === null) return broken('a replacement out of bounds');
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
