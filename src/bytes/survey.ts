/**
 * Survey of a token stream: what its ids look like to the tokenizer that is to have made them.
 *
 * Whether they are its own is seen where its text is encoded again: a tokenizer gives the ids that it
 * gave before, and those of another one, decoded here, are pieces in an order that no text has.
 */
import type { TokenIds, TokenStream } from '../data/types.js';
import { BpbError } from '../errors.js';
import { byteOfPiece } from '../tokenizer/check-pieces.js';
import { createEncoder } from '../tokenizer/encoder.js';
import { characterLength } from '../tokenizer/piece-decoder.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { figure } from '../words.js';

/** Stretches of the stream that are looked at, and tokens of each. */
const STRETCHES = 48;
const STRETCH_TOKENS = 256;
/** Tokens at both ends of a stretch that may differ, where it cuts a word or a character. */
const EDGE_TOKENS = 8;

export interface StreamSurvey {
  readonly tokens: number;
  /** Documents by the start id; 0 where it does not occur, or there is none. */
  readonly starts: number;
  readonly beginsWithStart: boolean;
  /** The control piece, other than the start id, that occurs most often; null where none occurs. */
  readonly control: { readonly id: number; readonly count: number } | null;
  /** Tokens of types that no text encodes to: control pieces other than the start id, unused ones. */
  readonly controls: number;
  readonly unused: number;
  /** Share of the ordinary pieces' range that occurs: the highest such id over the highest there is. */
  readonly reach: { readonly highest: number; readonly last: number };
  /** Byte pieces in the stretches, and those that are part of no UTF-8 character. */
  readonly bytes: { readonly seen: number; readonly invalid: number };
  /** Characters of the stretches, and control characters among them that no text has. */
  readonly characters: { readonly seen: number; readonly control: number };
  /** Pairs of neighbouring tokens inside the stretches, and those that encoding their text gives again. */
  readonly pairs: { readonly seen: number; readonly again: number };
}

/** Looks through the stream once, and at some stretches of it closely. */
export async function surveyStream(
  stream: TokenStream,
  tokenizer: Tokenizer,
): Promise<StreamSurvey> {
  const { ids, startId } = stream;
  const { pieces } = tokenizer;
  const counts = new Float64Array(pieces.length);
  for (let i = 0; i < ids.length; i++) counts[ids[i]!]!++;
  let controls = 0;
  let unused = 0;
  let control: StreamSurvey['control'] = null;
  let highest = -1;
  let last = -1;
  for (const [id, { type }] of pieces.entries()) {
    const count = counts[id]!;
    if (type === 'normal') last = id;
    if (type === 'normal' && count > 0) highest = id;
    if (type === 'unused') unused += count;
    if (type !== 'control' || id === startId || count === 0) continue;
    controls += count;
    if (count > (control?.count ?? 0)) control = { id, count };
  }
  return {
    tokens: ids.length,
    starts: startId === null ? 0 : counts[startId]!,
    beginsWithStart: startId !== null && ids[0] === startId,
    control,
    controls,
    unused,
    reach: { highest, last },
    ...(await surveyStretches(stretchesOf(ids, tokenizer), ids, tokenizer)),
  };
}

/** A stretch of text tokens: ordinary, user-defined and byte pieces without a break. */
type Stretch = readonly [from: number, to: number];

/** Stretches evenly spread over the stream: of each window the longest run of text tokens. */
function stretchesOf(ids: TokenIds, { pieces, documentStart }: Tokenizer): Stretch[] {
  const isText = pieces.map(
    ({ type }, id) =>
      id !== documentStart && (type === 'normal' || type === 'user_defined' || type === 'byte'),
  );
  const windows = Math.min(STRETCHES, Math.max(1, Math.floor(ids.length / STRETCH_TOKENS)));
  const stretches: Stretch[] = [];
  for (let w = 0; w < windows; w++) {
    const begin = Math.floor((w * ids.length) / windows);
    const end = Math.min(ids.length, begin + STRETCH_TOKENS);
    let best: Stretch = [begin, begin];
    for (let from = begin; from < end; ) {
      let to = from;
      while (to < end && isText[ids[to]!]) to++;
      if (to - from > best[1] - best[0]) best = [from, to];
      from = to + 1;
    }
    if (best[1] > best[0]) stretches.push(best);
  }
  return stretches;
}

async function surveyStretches(
  stretches: readonly Stretch[],
  ids: TokenIds,
  tokenizer: Tokenizer,
): Promise<Pick<StreamSurvey, 'bytes' | 'characters' | 'pairs'>> {
  const bytes = { seen: 0, invalid: 0 };
  const characters = { seen: 0, control: 0 };
  const pairs = { seen: 0, again: 0 };
  const encoder = await encoderOf(tokenizer);
  const byteOf = tokenizer.pieces.map(({ text, type }) =>
    type === 'byte' ? byteOfPiece(text)! : -1,
  );
  for (const [from, to] of stretches) {
    countBytes(ids, from, to, byteOf, bytes);
    if (encoder === null) continue;
    const text = textOf(() => encoder.decode(ids.subarray(from, to)));
    if (text === null) continue;
    for (const character of text) {
      characters.seen++;
      if (isControl(character.charCodeAt(0))) characters.control++;
    }
    // Bytes encode to themselves: only whether they are text can be seen.
    if (tokenizer.kind === 'byte260') continue;
    const found = commonPairs(ids.subarray(from, to), encoder.encode(text));
    pairs.seen += found.seen;
    pairs.again += found.again;
  }
  return { bytes, characters, pairs };
}

/** A control character, except for tab, line breaks and the like. */
const isControl = (unit: number) =>
  (unit < 0x20 && !(unit >= 0x09 && unit <= 0x0d)) || unit === 0x7f;

/** Null where SentencePiece does not load the model: only an encoding needs that. */
async function encoderOf(tokenizer: Tokenizer) {
  try {
    return await createEncoder(tokenizer);
  } catch (error) {
    if (error instanceof BpbError) return null;
    throw error;
  }
}

/** Null for case operators that a stretch cuts off from what they are about. */
function textOf(decode: () => string): string | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof BpbError) return null;
    throw error;
  }
}

/** Runs of byte pieces that the stretch cuts off are left out. */
function countBytes(
  ids: TokenIds,
  from: number,
  to: number,
  byteOf: readonly number[],
  count: { seen: number; invalid: number },
): void {
  const run: number[] = [];
  for (let i = from; i <= to; i++) {
    const byte = i < to ? byteOf[ids[i]!]! : -1;
    if (byte >= 0) {
      run.push(byte);
      continue;
    }
    // A character that the stretch cuts: up to three bytes at either end.
    const first = i - run.length === from ? run.findIndex((b) => (b & 0xc0) !== 0x80) : 0;
    const end = i === to ? Math.max(0, run.length - 3) : run.length;
    if (run.length > 0 && first >= 0) {
      for (let at = first; at < end; ) {
        const length = characterLength(run, at, run.length);
        count.seen += Math.max(1, length);
        if (length === 0) count.invalid++;
        at += Math.max(1, length);
      }
    }
    run.length = 0;
  }
}

/**
 * Neighbouring ids of `own`, and how many of them `other` has too, each as often as it has it. Those
 * at the ends are not counted: a stretch may begin and end inside a word.
 */
function commonPairs(own: ArrayLike<number>, other: ArrayLike<number>) {
  const left = new Map<number, number>();
  const key = (ids: ArrayLike<number>, i: number) => ids[i]! * 2 ** 24 + ids[i + 1]!;
  for (let i = 0; i + 1 < other.length; i++) {
    left.set(key(other, i), (left.get(key(other, i)) ?? 0) + 1);
  }
  let seen = 0;
  let again = 0;
  for (let i = EDGE_TOKENS; i + 1 < own.length - EDGE_TOKENS; i++) {
    seen++;
    const count = left.get(key(own, i)) ?? 0;
    if (count === 0) continue;
    left.set(key(own, i), count - 1);
    again++;
  }
  return { seen, again };
}

/** Fewer tell nothing. */
const MIN_PAIRS = 128;
const MIN_BYTES = 64;
const MIN_CHARACTERS = 512;
const MIN_TOKENS = 64;
/** Own ids come back to 99 % and more, in any language; those of another tokenizer to 40 to 96 %. */
const AGAIN = 0.97;
/** A text has no invalid UTF-8 at all; of another tokenizer's byte pieces a few percent at least. */
const INVALID = 0.02;
/** English text read with its bytes shifted has 16 %; random code points below 256 have 11 %. */
const CONTROL = 0.14;
const UNUSED = 1e-3;
/** Of a vocabulary's ordinary pieces even a short text uses some of the last ones. */
const REACH = 0.75;

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

/** What shows that another tokenizer made the stream, one clause each; empty where nothing does. */
export function foreignSigns(survey: StreamSurvey): string[] {
  const { pairs, bytes, characters, unused, tokens, starts, reach } = survey;
  const signs: string[] = [];
  if (pairs.seen >= MIN_PAIRS && pairs.again < AGAIN * pairs.seen) {
    const same = percent(pairs.again, pairs.seen);
    signs.push(`encoding its text again gives only ${same} of its pairs of tokens`);
  }
  if (bytes.seen >= MIN_BYTES && bytes.invalid > INVALID * bytes.seen) {
    signs.push(`${percent(bytes.invalid, bytes.seen)} of its byte pieces are part of no character`);
  }
  if (characters.seen >= MIN_CHARACTERS && characters.control > CONTROL * characters.seen) {
    const share = percent(characters.control, characters.seen);
    signs.push(`${share} of its characters are control characters`);
  }
  if (unused > UNUSED * tokens) signs.push(`${figure(unused)} of its tokens are unused pieces`);
  if (tokens >= MIN_TOKENS && starts > tokens / 2) {
    signs.push(
      `more than half of its tokens begin a document (${figure(starts)} of ${figure(tokens)})`,
    );
  }
  if (signs.length > 0 && tokens >= MIN_TOKENS && reach.highest < REACH * reach.last) {
    const highest =
      reach.highest < 0
        ? 'no ordinary piece'
        : `no ordinary piece beyond id ${figure(reach.highest)}`;
    signs.push(`${highest} of ${figure(reach.last)} occurs`);
  }
  return signs;
}
