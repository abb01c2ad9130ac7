/**
 * Kinds of targets that the byte rule treats alike, and how much each weighs in a full-size set.
 */
import type { SmallPiece, SmallSet } from './types.js';

/**
 * `marked`: begins with ▁ and follows text · `first`: begins with ▁ and follows what is no text ·
 * `inner`: has another ▁ · `operator`: a case operator · `defined`: user-defined.
 */
export type Kind =
  | 'marked'
  | 'first'
  | 'inner'
  | 'plain'
  | 'byte'
  | 'special'
  | 'operator'
  | 'defined';

/** `document`: once in a document · `rare`: hardly ever in published sets. */
export type Frequency = 'usual' | 'document' | 'rare';

const MARK = '\u2581';
/** The case operators of openai/parameter-golf pull request 1729 are private-use characters. */
const OPERATOR = /^[\ue000-\uf8ff]$/;
const NO_TEXT = ['control', 'unknown', 'unused'];

export function kindOf({ pieces, ids }: SmallSet, position: number): Kind {
  const { piece, type } = pieces[ids[position]!]!;
  if (NO_TEXT.includes(type)) return 'special';
  if (type === 'byte') return 'byte';
  if (type === 'user_defined') return OPERATOR.test(piece) ? 'operator' : 'defined';
  if (piece.slice(1).includes(MARK)) return 'inner';
  if (!piece.startsWith(MARK)) return 'plain';
  return NO_TEXT.includes(pieces[ids[position - 1]!]!.type) ? 'first' : 'marked';
}

export function frequencyOf(
  set: SmallSet,
  position: number,
  starts: ReadonlySet<number>,
): Frequency {
  const { pieces, ids } = set;
  if (starts.has(position) || starts.has(position - 1)) return 'document';
  const kind = kindOf(set, position);
  const before = pieces[ids[position - 1]!]!.type;
  const rare = kind === 'special' || kind === 'inner' || kind === 'defined';
  return rare || NO_TEXT.includes(before) || before === 'user_defined' ? 'rare' : 'usual';
}

/** Whether a piece stands for text, after which a leading space counts. */
export const isText = ({ type }: SmallPiece): boolean => !NO_TEXT.includes(type);
