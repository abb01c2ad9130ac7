/**
 * The small validation set: a stream in which every type of piece follows every other, and the right bytes.
 */
import { buildLut, lutBytes } from '../../bytes/lut.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import type { SmallPiece, SmallSet } from './types.js';
import { BOS, isOperator, PAD, smallVocabulary, type VocabularyKind } from './vocabulary.js';

/** Tokens of documents, repeated: shorter and longer than a row of 32 or 64 tokens, the shortest with one word. */
const LENGTHS = [41, 2, 23, 67, 33, 5, 130, 32, 17, 64, 11, 90, 3, 29, 261, 48, 9, 37];

/**
 * A set of `tokens` tokens; the last document is cut where they end.
 *
 * Its beginning holds each pair of kinds (what the token is, what the token before it is) once; the rest is made of
 * words, and of byte pieces as rare as a fifth of them.
 *
 * @param stretch documents are so many times longer
 */
export function smallSet(tokens: number, kind: VocabularyKind = 'pieces', stretch = 1): SmallSet {
  const pieces = smallVocabulary(kind);
  const next = drawer(pieces, kind);
  const pairs = kindPairs(pieces);
  const ids: number[] = [];
  const starts: number[] = [];
  for (let document = 0; ids.length < tokens; document++) {
    starts.push(ids.length);
    ids.push(BOS);
    const end = ids.length + LENGTHS[document % LENGTHS.length]! * stretch - 1;
    while (ids.length < end) {
      // A pair goes in whole; what begins with BOS can only stand here.
      const atStart = ids.length === starts.at(-1)! + 1;
      const pair = pairs.find(([before]) => (before === BOS) === atStart);
      if (pair === undefined || end - ids.length < pair.length) ids.push(next());
      else {
        pairs.splice(pairs.indexOf(pair), 1);
        ids.push(...pair.filter((id) => id !== BOS));
      }
    }
  }
  ids.length = tokens;
  const lut = buildLut(tokenizerOf(pieces));
  const byTable = ids.map((id, i) => (i === 0 ? 0 : lutBytes(lut, ids[i - 1]!, id)));
  const sidecar =
    kind === 'operators'
      ? byTable.map((bytes, i) => (isOperator(pieces[ids[i]!]!) ? 0 : bytes))
      : null;
  return { pieces, ids, starts, bytes: sidecar ?? byTable, sidecar };
}

/** What a token is as a predecessor, or as a target; two pieces with one key have the same byte rule. */
function kindOf({ piece, type }: SmallPiece): string {
  if (type !== 'normal') return type;
  if (/^▁+$/u.test(piece)) return piece;
  return `${piece.startsWith('▁') ? 'marked' : 'plain'} ${piece.slice(1).includes('▁') ? 'inner' : ''}`;
}

/** For each pair of kinds one pair of ids, the BOS apart from other control pieces. */
function kindPairs(pieces: readonly SmallPiece[]): number[][] {
  const members = new Map<string, number[]>();
  for (const [id, piece] of pieces.entries()) {
    // No stream has the padding that scripts put beside it.
    if (id === PAD) continue;
    const kind = id === BOS ? 'bos' : kindOf(piece);
    members.set(kind, [...(members.get(kind) ?? []), id]);
  }
  const pairs: number[][] = [];
  let turn = 0;
  for (const before of members.values()) {
    for (const [kind, after] of members) {
      if (kind === 'bos') continue;
      pairs.push([before[turn % before.length]!, after[turn % after.length]!]);
      turn++;
    }
  }
  return pairs;
}

/** Draws ids of text: words, now and then a byte piece or a user-defined one; always in the same order. */
function drawer(pieces: readonly SmallPiece[], kind: VocabularyKind): () => number {
  const of = (type: string) => pieces.flatMap((each, id) => (each.type === type ? [id] : []));
  const words = of('normal');
  const marked = words.filter((id) => pieces[id]!.piece.startsWith('▁'));
  const [bytes, defined] = [of('byte'), of('user_defined')];
  let state = 12345;
  let byte = 0;
  const random = (below: number) => {
    // The generator of Numerical Recipes (Press et al., 2nd edition, section 7.1).
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return () => {
    const choice = random(20);
    if (kind === 'bytes' || choice < 4) return bytes[byte++ % bytes.length]!;
    if (choice === 4) return defined[random(defined.length)]!;
    return choice < 12 ? marked[random(marked.length)]! : words[random(words.length)]!;
  };
}

export function tokenizerOf(pieces: readonly SmallPiece[]): Tokenizer {
  return {
    kind: 'sentencepiece',
    path: null,
    model: null,
    sha256: '',
    pieces: pieces.map(({ piece, type }) => ({ text: piece, type })),
    bosId: BOS,
    documentStart: BOS,
    userDefinedBos: null,
    hasCaseOperators: pieces.some(isOperator),
    normalizer: null,
    unknownSurface: ' ⁇ ',
    byteFallback: true,
    separable: false,
  };
}
