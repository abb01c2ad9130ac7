/**
 * What a tokenizer's pieces say without any text.
 */
import { byteOfPiece, SPACE } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { VocabularyReport } from './types.js';

/** Facts of the pieces; `losses` stays empty until probes are encoded. */
export function readVocabulary(tokenizer: Tokenizer): VocabularyReport {
  const { pieces } = tokenizer;
  const control: Record<string, number> = {};
  const bytes = new Set<number>();
  const seen = new Set<string>();
  const duplicates: number[] = [];
  const empty: number[] = [];
  const innerSpaces: number[] = [];
  let unknown: number | null = null;
  let spacePiece: number | null = null;
  let userDefined = 0;
  for (const [id, { text, type }] of pieces.entries()) {
    if (text === '') empty.push(id);
    else if (seen.has(text)) duplicates.push(id);
    seen.add(text);
    if (type === 'control') control[text] = id;
    else if (type === 'unknown') unknown ??= id;
    else if (type === 'byte') bytes.add(byteOfPiece(text) ?? -1);
    else {
      if (type === 'user_defined') userDefined++;
      if (text === SPACE) spacePiece = id;
      if (type !== 'unused' && text.includes(SPACE, 1)) innerSpaces.push(id);
    }
  }
  return {
    kind: tokenizer.kind,
    path: tokenizer.path,
    sha256: tokenizer.sha256,
    vocabulary: pieces.length,
    specials: { bos: tokenizer.bosId, unknown, control },
    bytePieces: {
      fallback: tokenizer.byteFallback,
      present: bytes.size,
      missing: Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !bytes.has(byte)),
    },
    spacePiece,
    normalizer: tokenizer.normalizer,
    losses: [],
    caseOperators: tokenizer.hasCaseOperators,
    userDefined,
    duplicates,
    empty,
    innerSpaces,
  };
}
