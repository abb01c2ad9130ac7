/**
 * Round-trip check: whether a document's ids decode to its published text or to another one that
 * reads the same, and to how many bytes.
 */
import { countRestored, restoreCase, transformCase } from './caseops.js';
import { gainedBytes } from './gained-bytes.js';
import { PieceDecoder } from './piece-decoder.js';
import { nfkcBytes } from './reference-form.js';
import { sameText, type TextDifference, textDifference } from './same-text.js';
import type { Tokenizer } from './types.js';

export interface RoundTrip {
  /** UTF-8 length of the published text. */
  readonly originalBytes: number;
  /** The most bytes that an honest normalizer leaves of it (reference-form.ts). */
  readonly nfkcBytes: number;
  /** UTF-8 length of the decoded document, case operators restored. */
  readonly decodedBytes: number;
  readonly lossless: boolean;
  /** Whether both texts have the same reference form. */
  readonly intact: boolean;
  /** Bytes that a normalizer added to an intact document (gained-bytes.ts). */
  readonly gainedBytes: number;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const transformed = (text: string) => Buffer.from(transformCase(text), 'utf8');

/** Checks documents of one tokenizer. Reuses its buffers: one instance per thread. */
export class RoundTripper {
  private readonly decoder: PieceDecoder;

  constructor(private readonly tokenizer: Tokenizer) {
    this.decoder = new PieceDecoder(tokenizer);
  }

  /** Compares what `ids[from .. to)`, a document without its BOS, decodes to with `text`. */
  check(ids: ArrayLike<number>, text: string, from = 0, to = ids.length): RoundTrip {
    const raw = this.decoder.decode(ids, from, to);
    const original = Buffer.from(text, 'utf8');
    const decodedBytes = this.tokenizer.hasCaseOperators ? countRestored(raw) : raw.length;
    const decoded = this.restored(raw);
    const lossless = decoded !== null && original.equals(decoded);
    const intact = lossless || this.reads(text, original, decoded, raw);
    const gains = intact && !lossless && decoded !== null;
    return {
      originalBytes: original.length,
      nfkcBytes: nfkcBytes(text, original.length),
      decodedBytes,
      lossless,
      intact,
      gainedBytes: gains ? gainedBytes(text, utf8.decode(decoded)) : 0,
    };
  }

  /** Where the reference forms of `text` and of what the ids decode to first differ. */
  difference(ids: ArrayLike<number>, text: string, from = 0, to = ids.length): TextDifference {
    const raw = this.decoder.decode(ids, from, to);
    const restored = this.restored(raw);
    if (restored === null) return textDifference(transformed(text), raw);
    return textDifference(Buffer.from(text, 'utf8'), restored);
  }

  /** The decoded UTF-8 of a document; valid until the next call. Operators are not restored. */
  decode(ids: ArrayLike<number>, from = 0, to = ids.length): Uint8Array {
    return this.decoder.decode(ids, from, to);
  }

  /** Null where the operators are not as the transform writes them. */
  private restored(raw: Uint8Array): Uint8Array | null {
    if (!this.tokenizer.hasCaseOperators) return raw;
    try {
      return Buffer.from(restoreCase(utf8.decode(raw)), 'utf8');
    } catch {
      return null;
    }
  }

  private reads(
    text: string,
    original: Uint8Array,
    restored: Uint8Array | null,
    raw: Uint8Array,
  ): boolean {
    if (restored !== null && sameText(original, restored)) return true;
    // The normalizer runs after the transform, and what it joins to a word may end an operator's
    // reach or take part in it: NOₓ comes back as NOX. The transform is our own, so that equal
    // transformed texts are equal texts too.
    return this.tokenizer.hasCaseOperators && sameText(transformed(text), raw);
  }
}
