/**
 * Bytes that the table counts and no text has, whatever the stream decodes to.
 *
 * The table counts a piece as its characters. Two kinds of them are no characters of a text: a space mark
 * behind the first one, which stands for a space of one byte and is counted as three, and case operators,
 * which stand for none. Both may be spelled in byte pieces. The text that the ids decode to cannot show
 * them: it holds them too where they are bytes or operators, and a tokenizer decides how long it is by what
 * it writes for unknown ids.
 */
import type { TokenStream } from '../data/types.js';
import { type Finding, fail, warn } from '../finding.js';
import { byteOfPiece, CASE_OPERATORS, SPACE } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { figure } from '../words.js';
import { beyond, DENOMINATOR_EXCEEDS, exceeds } from './ceiling.js';
import { buildLut } from './lut.js';

/** Bytes over a whole stream. */
interface Overcount {
  /** Of space marks. */
  readonly spaces: number;
  /** Of case operators. */
  readonly operators: number;
}

/** A space mark has two bytes more than a space, an operator three more than nothing. */
const [OF_SPACE, OF_OPERATOR] = [2, 3];

/**
 * Where the table counts such bytes beyond the tolerance of a ceiling.
 *
 * @param counted bytes of the whole stream by the table
 * @param confirmed whether documents are known, which may hold the characters of operators
 */
export function overcounted(
  counted: number,
  { tokenizer, stream }: { readonly tokenizer: Tokenizer; readonly stream: TokenStream },
  confirmed: boolean,
): Finding[] {
  const { spaces, operators } = overcount(tokenizer, stream.ids);
  const over = confirmed ? spaces : spaces + operators;
  if (!exceeds(counted, counted - over)) return [];
  const [bytes, without] = [over, counted - over].map(figure);
  const what = [
    ...(spaces > 0 ? ['space marks that are counted as three bytes'] : []),
    ...(operators > 0 && !confirmed
      ? ['case operators (U+E001 to U+E004), which are no text']
      : []),
  ];
  // Its bytes are nobody's to choose; whether they were transformed text the shards alone do not say.
  const finding = tokenizer.kind === 'byte260' ? warn : fail;
  return [
    finding(
      DENOMINATOR_EXCEEDS,
      `the table counts ${bytes} bytes that are none of a text, beside ${without} (${beyond(counted, counted - over)}): ${what.join(' and ')}`,
      'bpb audit TOKENIZER --docs FILE names the pieces; a tokenizer needs a piece for a space alone, no space mark behind the first character, and operators as user-defined symbols with a sidecar',
    ),
  ];
}

function overcount(tokenizer: Tokenizer, ids: ArrayLike<number>): Overcount {
  const lut = buildLut(tokenizer);
  const sum = { spaces: 0, operators: 0 };
  const [spaces, operators] = [SPACE, CASE_OPERATORS.join('')].map((characters) =>
    tokenizer.pieces.map(({ text, type }, id) =>
      type === 'byte' || lut.base[id] === 0 ? 0 : countOf(text, characters, lut.leading[id]!),
    ),
  ) as [number[], number[]];
  // Of a vocabulary without such pieces nothing is summed.
  if (spaces.some((n) => n > 0) || operators.some((n) => n > 0)) {
    for (let i = 1; i < ids.length; i++) {
      sum.spaces += OF_SPACE * (spaces[ids[i]!] ?? 0);
      sum.operators += OF_OPERATOR * (operators[ids[i]!] ?? 0);
    }
  }
  // Where spaces are not written as marks, the bytes of a mark are a character of the text.
  const marksSpaces = tokenizer.normalizer?.escapeWhitespaces ?? false;
  if (marksSpaces) sum.spaces += OF_SPACE * spelled(tokenizer, ids, [SPACE]);
  sum.operators += OF_OPERATOR * spelled(tokenizer, ids, CASE_OPERATORS);
  return sum;
}

/** How many of `characters` the text holds from its `from`-th on. */
function countOf(text: string, characters: string, from: number): number {
  return [...text].slice(from).filter((each) => characters.includes(each)).length;
}

/** How often byte pieces in a row spell one of these characters, all of three bytes. */
function spelled(
  { pieces }: Tokenizer,
  ids: ArrayLike<number>,
  characters: readonly string[],
): number {
  const idOf = new Map(
    pieces.flatMap(({ text, type }, id) => (type === 'byte' ? [[byteOfPiece(text), id]] : [])),
  );
  const triples = characters
    .map((character) => [...Buffer.from(character)].map((byte) => idOf.get(byte)))
    .filter((triple): triple is number[] => !triple.includes(undefined));
  let count = 0;
  for (const [first, second, third] of triples) {
    const find = (from: number): number => Array.prototype.indexOf.call(ids, first, from);
    for (let i = find(1); i !== -1; i = find(i + 1)) {
      if (ids[i + 1] === second && ids[i + 2] === third) count++;
    }
  }
  return count;
}
