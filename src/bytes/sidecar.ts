/**
 * Sums of the byte sidecar, and its check against the published documents.
 */
import type { Sidecar } from '../data/sidecars.js';
import type { DocumentFacts, TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';

/** Sum over the targets `[from, to)`. */
export function sumSidecar(bytes: Uint16Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return sum;
}

/**
 * Refuses a sidecar that counts more bytes for a document than it has: it would lower the score.
 *
 * Exact, document by document: an entry is the stretch of the published text that its token stands for,
 * before normalization, so that a document's entries sum to its published bytes or, where input was
 * dropped, to fewer. Text that normalization lengthens does not lengthen them.
 */
export function checkSidecar(
  sidecar: Sidecar,
  { ids, documentStarts }: TokenStream,
  facts: DocumentFacts,
): void {
  for (let k = 0; k < documentStarts.length; k++) {
    const sum = sumSidecar(sidecar.bytes, documentStarts[k]!, documentStarts[k + 1] ?? ids.length);
    const original = facts.originalBytes[k]!;
    if (sum <= original) continue;
    throw inputError('BPB_SIDECAR_EXCEEDS', {
      message: `The byte sidecar counts more bytes for document ${k} than the document has.`,
      path: sidecar.files.map(({ file }) => file).join(', '),
      expected: `at most ${original} bytes`,
      actual: `${sum} bytes`,
      hint: 'The sidecar was made wrongly, or for other documents.',
    });
  }
}
