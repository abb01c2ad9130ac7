/**
 * Losses of a tokenizer's round trip, measured on texts that each have one thing to lose.
 */
import { restoreCase, transformCase } from '../tokenizer/caseops.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { findLoss, type LossKind } from './examine/loss.js';
import type { Codec } from './measure.js';

const PROBES: readonly string[] = [
  'two  spaces',
  'a line\nand another',
  'a\ttab',
  'no\u00a0break',
  'ﬁ ½ ＡＢ',
  'cafe\u0301',
  'a zero\u200bwidth',
  'a ▁ mark',
  'Upper CASE iPhone',
  '中文 한글 🙂',
];

/** Kinds of loss, in the order of the probes, each once. */
export function probeLosses(tokenizer: Tokenizer, codec: Codec): LossKind[] {
  const found = new Set<LossKind>();
  const cased = tokenizer.hasCaseOperators && tokenizer.path !== null;
  for (const probe of PROBES) {
    const ids = codec.encode(cased ? transformCase(probe) : probe);
    let decoded = codec.decode(ids);
    let malformed = false;
    try {
      if (cased) decoded = restoreCase(decoded);
    } catch {
      malformed = true;
    }
    if (decoded === probe) continue;
    const unknown = ids.some((id) => tokenizer.pieces[id]!.type === 'unknown');
    const surface = unknown ? tokenizer.unknownSurface : null;
    found.add(findLoss(Buffer.from(probe), Buffer.from(decoded), surface, malformed).kind);
  }
  return [...found];
}
