/**
 * Facts of a tokenizer's pieces, without any text.
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
  const inner_spaces: number[] = [];
  let unknown: number | null = null;
  let space_piece: number | null = null;
  let user_defined = 0;
  for (const [id, { text, type }] of pieces.entries()) {
    if (text === '') empty.push(id);
    else if (seen.has(text)) duplicates.push(id);
    seen.add(text);
    if (type === 'control') control[text] = id;
    else if (type === 'unknown') unknown ??= id;
    else if (type === 'byte') bytes.add(byteOfPiece(text) ?? -1);
    else {
      if (type === 'user_defined') user_defined++;
      if (text === SPACE) space_piece = id;
      if (type !== 'unused' && text.includes(SPACE, 1)) inner_spaces.push(id);
    }
  }
  return {
    kind: tokenizer.kind,
    path: tokenizer.path,
    sha256: tokenizer.sha256,
    vocabulary: pieces.length,
    specials: { bos: tokenizer.bosId, unknown, control },
    document_start: tokenizer.documentStart,
    byte_pieces: {
      fallback: tokenizer.byteFallback,
      present: bytes.size,
      missing: Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !bytes.has(byte)),
    },
    space_piece,
    normalizer: normalizerReport(tokenizer),
    losses: [],
    case_operators: tokenizer.hasCaseOperators,
    user_defined,
    duplicates,
    empty,
    inner_spaces,
  };
}

function normalizerReport({ normalizer }: Tokenizer): VocabularyReport['normalizer'] {
  if (normalizer === null) return null;
  return {
    name: normalizer.name,
    add_dummy_prefix: normalizer.addDummyPrefix,
    remove_extra_whitespaces: normalizer.removeExtraWhitespaces,
    escape_whitespaces: normalizer.escapeWhitespaces,
    sha256: normalizer.sha256,
  };
}
