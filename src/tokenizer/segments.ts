/**
 * Segment encoder: encodes a text word by word through a cache, with exactly the ids of the whole.
 *
 * Where no rule and no piece spans a space (`Tokenizer.separable`), a text may be cut before
 * a single space between two printable ASCII characters, and the ids of the parts follow one
 * another. Most parts are in the cache already. Texts of any length work this way; SentencePiece's
 * WebAssembly itself slows down with the length and runs out of memory at some 10 MB.
 */

/** First word of every part but the first: it keeps the part's own space from being at the start. */
const LEAD = 'a';

/** Longer parts are rare and seldom met again. In UTF-16 units. */
const CACHED_LENGTH = 40;

/** Entries at which the cache starts anew; some 30 MB. */
const CACHE_ENTRIES = 1 << 17;

const isPrintable = (unit: number) => unit > 0x20 && unit < 0x7f;

/** First place to cut at or after `from`, or the end. */
function nextCut(text: string, from: number): number {
  for (let i = text.indexOf(' ', from); i !== -1; i = text.indexOf(' ', i + 1)) {
    if (i > 0 && isPrintable(text.charCodeAt(i - 1)) && isPrintable(text.charCodeAt(i + 1))) {
      return i;
    }
  }
  return text.length;
}

/** A copy that does not keep the document alive from which the part was cut. */
const detached = (part: string) => Buffer.from(part, 'utf16le').toString('utf16le');

export class SegmentEncoder {
  private readonly cache = new Map<string, readonly number[]>();
  private readonly lead: number;
  private out = new Uint32Array(1 << 14);
  private length = 0;

  /** @param whole encodes a whole text; it must be that of a separable tokenizer */
  constructor(
    private readonly whole: (text: string) => Uint32Array,
    private readonly capacity = CACHE_ENTRIES,
  ) {
    this.lead = whole(LEAD).length;
  }

  encode(text: string): Uint32Array {
    this.length = 0;
    const first = nextCut(text, 0);
    this.append(this.whole(text.slice(0, first)));
    for (let from = first; from < text.length; ) {
      const to = nextCut(text, from + 1);
      this.append(this.part(text.slice(from, to)));
      from = to;
    }
    return this.out.slice(0, this.length);
  }

  /** Ids of a part that begins with its space and follows another. */
  private part(part: string): ArrayLike<number> {
    if (part.length > CACHED_LENGTH) return this.whole(LEAD + part).subarray(this.lead);
    const known = this.cache.get(part);
    if (known !== undefined) return known;
    const ids = Array.from(this.whole(LEAD + part).subarray(this.lead));
    if (this.cache.size >= this.capacity) this.cache.clear();
    this.cache.set(detached(part), ids);
    return ids;
  }

  private append(ids: ArrayLike<number>): void {
    const length = this.length + ids.length;
    if (length > this.out.length) {
      const grown = new Uint32Array(Math.max(length, 2 * this.out.length));
      grown.set(this.out);
      this.out = grown;
    }
    for (let k = 0; k < ids.length; k++) this.out[this.length + k] = ids[k]!;
    this.length = length;
  }
}
