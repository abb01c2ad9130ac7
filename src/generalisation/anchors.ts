/**
 * Anchors: short stretches of texts by which longer ones are found in other texts, white space aside.
 */
import type { Texts } from './texts.js';

/** Bytes of an anchor. */
const ANCHOR = 32;
/** Anchors of a document: at its ends and its quarters, so that each half of it holds one whole. */
const QUARTERS = 4;
/** Documents that may share an anchor; one that more of them have is a phrase of the kind, not of a document. */
const MOST_SHARED = 8;
const FACTOR = 0x01000193;

/** A stretch where an anchor of one set stands in the other. */
export interface Hit {
  /** Document of the anchor, and the anchor's place in its texts. */
  readonly document: number;
  readonly at: number;
}

/** Table of the anchors of all documents, by a rolling hash of their bytes. */
export class Anchors {
  private readonly table: Int32Array;
  private readonly hashes: Int32Array;
  private readonly mask: number;
  private readonly places: Float64Array;
  private readonly owners: Int32Array;
  private count = 0;
  /** `FACTOR ^ ANCHOR`: the weight of the byte that leaves the window. */
  private readonly leaving: number;

  constructor({ bytes, starts }: Texts) {
    const documents = starts.length - 1;
    const most = documents * (QUARTERS + 1);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * most)));
    this.mask = size - 1;
    this.table = new Int32Array(size);
    this.hashes = new Int32Array(most);
    this.places = new Float64Array(most);
    this.owners = new Int32Array(most);
    let leaving = 1;
    for (let i = 0; i < ANCHOR; i++) leaving = Math.imul(leaving, FACTOR);
    this.leaving = leaving;
    for (let k = 0; k < documents; k++) {
      const [from, to] = [starts[k]!, starts[k + 1]!];
      const room = to - from - ANCHOR;
      if (room < 0) continue;
      let last = -1;
      for (let q = 0; q <= QUARTERS; q++) {
        const at = from + Math.floor((room * q) / QUARTERS);
        if (at === last) continue;
        last = at;
        this.add(hashOf(bytes, at), k, at);
      }
    }
  }

  /** Calls `onHit` for each window of document `[from, to)` that may be an anchor, by its hash alone. */
  scan(bytes: Uint8Array, from: number, to: number, onHit: (at: number, hit: Hit) => void): void {
    if (to - from < ANCHOR) return;
    let hash = hashOf(bytes, from);
    for (let at = from; ; at++) {
      let slot = slotOf(hash) & this.mask;
      for (let entry = this.table[slot]!; entry !== 0; entry = this.table[slot]!) {
        const k = entry - 1;
        if (this.hashes[k] === hash) onHit(at, { document: this.owners[k]!, at: this.places[k]! });
        slot = (slot + 1) & this.mask;
      }
      if (at + ANCHOR >= to) return;
      hash =
        (Math.imul(hash, FACTOR) + bytes[at + ANCHOR]! - Math.imul(this.leaving, bytes[at]!)) | 0;
    }
  }

  private add(hash: number, document: number, at: number): void {
    let slot = slotOf(hash) & this.mask;
    let same = 0;
    for (let entry = this.table[slot]!; entry !== 0; entry = this.table[slot]!) {
      if (this.hashes[entry - 1] === hash && ++same >= MOST_SHARED) return;
      slot = (slot + 1) & this.mask;
    }
    this.hashes[this.count] = hash;
    this.owners[this.count] = document;
    this.places[this.count] = at;
    this.table[slot] = ++this.count;
  }
}

function hashOf(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let i = at; i < at + ANCHOR; i++) hash = (Math.imul(hash, FACTOR) + bytes[i]!) | 0;
  return hash;
}

/** Spreads a hash, whose low bits are those of few bytes, over the table. */
function slotOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return mixed ^ (mixed >>> 15);
}
