/**
 * Round-trip check: whether a document's ids decode to its published text, and to how many bytes.
 */
import { countRestored, restoreCase } from './caseops.js';
import { PieceDecoder } from './piece-decoder.js';
import type { Tokenizer } from './types.js';

interface RoundTrip {
  /** UTF-8 length of the decoded document, case operators restored. */
  readonly decodedBytes: number;
  readonly lossless: boolean;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Checks documents of one tokenizer. Reuses its buffers: one instance per thread. */
export class RoundTripper {
  private readonly decoder: PieceDecoder;

  constructor(private readonly tokenizer: Tokenizer) {
    this.decoder = new PieceDecoder(tokenizer);
  }

  /** Compares what `ids[from .. to)`, a document without its BOS, decodes to with `text`. */
  check(ids: ArrayLike<number>, text: string, from = 0, to = ids.length): RoundTrip {
    const decoded = this.decoder.decode(ids, from, to);
    if (!this.tokenizer.hasCaseOperators) {
      return {
        decodedBytes: decoded.length,
        lossless: Buffer.from(text, 'utf8').equals(decoded),
      };
    }
    let lossless = false;
    try {
      lossless = restoreCase(utf8.decode(decoded)) === text;
    } catch {
      // The normalizer may have joined or split words around an operator: lossy, not malformed.
    }
    return { decodedBytes: countRestored(decoded), lossless };
  }

  /** The decoded UTF-8 of a document; valid until the next call. Operators are not restored. */
  decode(ids: ArrayLike<number>, from = 0, to = ids.length): Uint8Array {
    return this.decoder.decode(ids, from, to);
  }
}
