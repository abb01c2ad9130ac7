/**
 * Documents with capitals, and what a tokenizer with case operators makes of them: for preparations of data, which
 * write the operators themselves (openai/parameter-golf pull request 1729).
 */
import { buildLut, lutBytes } from '../../bytes/lut.js';
import { decodeIds } from './decode.js';
import { tokenizerOf } from './set.js';
import type { SmallSet } from './types.js';
import { ALLCAPS, BOS, CAPNEXT, isOperator, smallVocabulary, TITLE } from './vocabulary.js';

const FIRST = [TITLE, 'the'];
/** Pieces of the words of a document; a space before an operator is a piece of its own. */
const FOLLOWING: readonly (readonly string[])[] = [
  ['▁', ALLCAPS, 'n', 'a', 's', 'a'],
  ['▁', TITLE, 'l', 'a', 'u', 'n', 'ed'],
  ['▁of'],
  ['▁', 'i', CAPNEXT, 'r', 'o', 'n'],
  ['▁in', ','],
  ['▁', TITLE, 'o', 'n', 'e', CAPNEXT, 'a', CAPNEXT, 'i', '.'],
  ['▁日本', 'é'],
  ['▁', ALLCAPS, 'tion', 'er'],
  ['▁and'],
  ['▁', TITLE, 's'],
  ['▁th', 'ing', '!'],
];
const DOCUMENTS = 8;

/** The same at each call, since what encodes its documents is kept by the set. */
let made: SmallSet | null = null;

export function casedSet(): SmallSet {
  made ??= build();
  return made;
}

function build(): SmallSet {
  const pieces = smallVocabulary('operators');
  const idOf = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const ids: number[] = [];
  const starts: number[] = [];
  for (let document = 0; document < DOCUMENTS; document++) {
    starts.push(ids.length);
    const rest = FOLLOWING.map((_, k) => FOLLOWING[(document + k) % FOLLOWING.length]!).slice(2);
    ids.push(BOS, ...[FIRST, ...rest].flat().map((piece) => idOf.get(piece)!));
  }
  const lut = buildLut(tokenizerOf(pieces));
  const bytes = ids.map((id, i) =>
    i === 0 || isOperator(pieces[id]!) ? 0 : lutBytes(lut, ids[i - 1]!, id),
  );
  const texts = starts.map((start, k) =>
    withCapitals(decodeIds(pieces, ids.slice(start, starts[k + 1] ?? ids.length))),
  );
  return { pieces, ids, starts, bytes, sidecar: bytes, texts };
}

/** The text that the operators stand for. */
function withCapitals(text: string): string {
  return text
    .replace(new RegExp(`${ALLCAPS}([a-z]+)`, 'g'), (_, word: string) => word.toUpperCase())
    .replace(new RegExp(`[${TITLE}${CAPNEXT}]([a-z])`, 'g'), (_, letter: string) =>
      letter.toUpperCase(),
    );
}
