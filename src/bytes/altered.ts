/**
 * Altered text: documents whose ids decode to another text than the published one, in the reference form.
 */
import type { DocumentFacts } from '../data/types.js';
import { type Finding, fail, warn } from '../finding.js';
import { figure, plural } from '../words.js';
import { percent, TOLERANCE } from './ceiling.js';

/**
 * What the tokenizer folds, drops or replaces: the model predicts an easier text than the published one.
 *
 * @param facts of all documents of the stream, scored or not
 * @param allowed whether the rules of the score name the normalizer
 */
export function alteredText(facts: DocumentFacts, allowed: boolean): Finding[] {
  const { firstAltered: first, originalBytes, intact } = facts;
  if (first === null) return [];
  let count = 0;
  let altered = 0;
  let all = 0;
  for (const [k, bytes] of originalBytes.entries()) {
    all += bytes;
    if (intact[k] === 1) continue;
    count++;
    altered += bytes;
  }
  const share = altered / all;
  const [published, decoded] = [first.published, first.decoded].map((text) => JSON.stringify(text));
  const message = `the tokenizer changes the text of ${plural(count, 'document')} of ${figure(intact.length)} (${percent(share)} of the bytes): in document ${first.document} ${published} became ${decoded}`;
  if (share <= TOLERANCE || allowed) {
    const hint = 'bpb audit TOKENIZER --docs FILE lists what is lost, by kind';
    return [warn('text-altered', message, hint)];
  }
  return [
    fail(
      'text-altered',
      message,
      'take a tokenizer that keeps the text: normalizer nmt_nfkc or identity, and byte pieces for what has no piece (byte_fallback); rules may allow a normalizer by its sha256: --rules FILE',
    ),
  ];
}
