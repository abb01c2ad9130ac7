/**
 * The four byte accountings side by side: sums over target ranges, and the totals of a run.
 *
 * Definitions of `lut`, `sidecar`, `decoded` and `original` are those of docs/accounting.md. All
 * sums are whole numbers well below 2^53, so their order does not matter.
 */
import type { Sidecar } from '../data/sidecars.js';
import type { DocumentFacts, TokenStream } from '../data/types.js';
import { inputError, usageError } from '../errors.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { DecodedShares } from './decoded.js';
import { buildLut, type Lut, sumLut } from './lut.js';
import { checkSidecar, sumSidecar } from './sidecar.js';
import { type DocumentSpan, documentSpan } from './spans.js';

/** `count` targets from target `first`, `1 ≤ first`. */
export type TargetRange = readonly [first: number, count: number];

interface AccountingInputs {
  readonly tokenizer: Tokenizer;
  readonly stream: TokenStream;
  /** Width of the model's logits, where it is wider than the tokenizer. */
  readonly vocabulary?: number;
  readonly sidecar?: Sidecar | null;
  /** Of the stream's documents in order, where their published texts are known. */
  readonly facts?: DocumentFacts | null;
  /** The stream has no headline of its own: case operators without a sidecar are no fault then. */
  readonly compared?: boolean;
}

/** Bytes of the scored targets; all arrays by document. */
interface DocumentBytes {
  /** Scored targets, repeated ones counted again. */
  readonly targets: Uint32Array;
  readonly lut: Float64Array;
  readonly sidecar: Float64Array | null;
  readonly decoded: Float64Array;
  /** NaN for an altered document, and a lossy one scored in part; null without the documents. */
  readonly original: Float64Array | null;
  /** 1 where every target of the document is scored exactly once. */
  readonly complete: Uint8Array;
}

/**
 * Bytes of the whole stream, scored or not: what is scored, a tail that is dropped and a part of the
 * plan change none of them.
 */
export interface StreamBytes {
  /** Of all targets, by the headline accounting. */
  readonly headline: number;
  /** Of the text that the ids decode to, document by document, case operators restored. */
  readonly decoded: number;
  /** Documents whose first token follows one of text: the table counts a leading space there. */
  readonly adjoining: number;
}

export interface ByteTotals {
  readonly targets: number;
  readonly lut: number;
  readonly sidecar: number | null;
  readonly decoded: number;
  /** Null without the documents, where one is altered, and where a lossy one is scored in part. */
  readonly original: number | null;
  readonly headline: 'lut' | 'sidecar';
  /** Bytes of the headline accounting. */
  readonly bytes: number;
  /** Scored documents that do not survive the round trip; null without the documents. */
  readonly documentsLossy: number | null;
  /** Scored documents that decode to another text, in the reference form; null without the documents. */
  readonly documentsAltered: number | null;
  readonly stream: StreamBytes;
  readonly byDocument: DocumentBytes;
}

export class Accounting {
  readonly lut: Lut;
  readonly headline: 'lut' | 'sidecar';
  private readonly sidecar: Sidecar | null;
  private readonly facts: DocumentFacts | null;

  /** Refuses case operators without a sidecar, and a sidecar beyond the documents' bytes. */
  constructor(private readonly inputs: AccountingInputs) {
    const { tokenizer, stream, vocabulary, sidecar = null, facts = null, compared } = inputs;
    this.lut = buildLut(tokenizer, vocabulary);
    this.sidecar = sidecar;
    this.facts = facts;
    const withoutSidecar = compared === true && sidecar === null;
    this.headline = tokenizer.hasCaseOperators && !withoutSidecar ? 'sidecar' : 'lut';
    if (this.headline === 'sidecar' && sidecar === null) {
      throw inputError('BPB_SIDECAR_REQUIRED', {
        message:
          'The tokenizer has case operators, whose bytes only a byte sidecar knows: the table would count three for each and lower the score by about 8 %.',
        path: tokenizer.path ?? undefined,
        expected: 'fineweb_val_bytes_*.bin beside the shards',
        actual: 'no sidecar',
        hint: 'Export the sidecar with the shards; openai/parameter-golf pull request 2071 shows what happens without.',
      });
    }
    const documents = stream.documentStarts.length;
    if (facts !== null && facts.originalBytes.length !== documents) {
      throw usageError('BPB_FACTS_LENGTH', {
        message: 'The facts are not those of the documents of this stream.',
        expected: `${documents} documents`,
        actual: `${facts.originalBytes.length}`,
      });
    }
    if (sidecar !== null && facts !== null) checkSidecar(sidecar, stream, facts);
  }

  /** LUT bytes of the targets `[from, to)`. */
  lutBytes(from: number, to: number): number {
    return sumLut(this.lut, this.inputs.stream.ids, from, to);
  }

  /** Sidecar bytes of the targets `[from, to)`; null without a sidecar. */
  sidecarBytes(from: number, to: number): number | null {
    return this.sidecar === null ? null : sumSidecar(this.sidecar.bytes, from, to);
  }

  /** Bytes of the targets `[from, to)` in the headline accounting. */
  headlineBytes(from: number, to: number): number {
    return this.headline === 'sidecar' ? this.sidecarBytes(from, to)! : this.lutBytes(from, to);
  }

  /**
   * The totals of all scored targets, given as ranges in any order; a target that two ranges hold
   * is counted twice, as the historical evaluator does.
   */
  totals(ranges: Iterable<TargetRange>): ByteTotals {
    const { stream, tokenizer } = this.inputs;
    const documents = stream.documentStarts.length;
    const byDocument: DocumentBytes = {
      targets: new Uint32Array(documents),
      lut: new Float64Array(documents),
      sidecar: this.sidecar === null ? null : new Float64Array(documents),
      decoded: new Float64Array(documents),
      original: this.facts === null ? null : new Float64Array(documents),
      complete: new Uint8Array(documents),
    };
    const sorted = this.sortedRanges(ranges);
    const shares = new DecodedShares(tokenizer);
    const whole = { headline: 0, decoded: 0, adjoining: 0 };
    let next = 0;
    let open: TargetRange[] = [];
    for (let k = 0; k < documents; k++) {
      const span = documentSpan(stream, k);
      const { targetFrom, targetTo } = span;
      while (next < sorted.length && sorted[next]![0] < targetTo) open.push(sorted[next++]!);
      const segments: [number, number][] = [];
      for (const [first, count] of open) {
        const from = Math.max(first, targetFrom);
        const to = Math.min(first + count, targetTo);
        if (from < to) segments.push([from, to]);
      }
      open = open.filter(([first, count]) => first + count > targetTo);
      const decoded =
        segments.length > 0 ? this.addDocument(k, span, segments, shares, byDocument) : null;
      whole.headline += this.documentHeadline(k, span, byDocument);
      whole.decoded += decoded ?? this.decodedText(k, span, shares);
      if (this.adjoins(span)) whole.adjoining++;
    }
    return this.sumUp(byDocument, whole);
  }

  /** Of all targets of document `k`: what was summed already where all of them are scored once. */
  private documentHeadline(k: number, span: DocumentSpan, of: DocumentBytes): number {
    if (of.complete[k] === 1) return this.headline === 'lut' ? of.lut[k]! : of.sidecar![k]!;
    return this.headlineBytes(span.targetFrom, span.targetTo);
  }

  private decodedText(k: number, { textFrom, textTo }: DocumentSpan, shares: DecodedShares) {
    return this.facts?.decodedBytes[k] ?? shares.total(this.inputs.stream.ids, textFrom, textTo);
  }

  /** Whether the text follows a token of text, after which a leading space counts. */
  private adjoins({ textFrom, textTo }: DocumentSpan): boolean {
    if (textFrom === 0 || textFrom === textTo) return false;
    return this.lut.boundary[this.inputs.stream.ids[textFrom - 1]!] === 0;
  }

  private sortedRanges(ranges: Iterable<TargetRange>): TargetRange[] {
    const n = this.inputs.stream.ids.length;
    const sorted: TargetRange[] = [];
    let ascending = true;
    for (const range of ranges) {
      const [first, count] = range;
      if (!(first >= 1 && count >= 0 && first + count <= n)) {
        throw usageError('BPB_TARGET_RANGE', {
          message: 'A range of targets lies outside the stream.',
          expected: `targets 1 to ${n - 1}`,
          actual: `${count} targets from ${first}`,
        });
      }
      const last = sorted[sorted.length - 1];
      if (last !== undefined && last[0] + last[1] === first) {
        // Neighbouring rows make one range: a plan of a million rows becomes a handful.
        sorted[sorted.length - 1] = [last[0], last[1] + count];
        continue;
      }
      if (last !== undefined && last[0] > first) ascending = false;
      sorted.push(range);
    }
    return ascending ? sorted : sorted.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  /** @returns the bytes of the document's whole decoded text; null where only some of it is scored */
  private addDocument(
    k: number,
    span: DocumentSpan,
    segments: readonly [number, number][],
    shares: DecodedShares,
    out: DocumentBytes,
  ): number | null {
    let reached = span.targetFrom;
    let repeated = false;
    let gap = false;
    for (const [from, to] of segments) {
      out.targets[k]! += to - from;
      out.lut[k]! += this.lutBytes(from, to);
      if (out.sidecar !== null) out.sidecar[k]! += this.sidecarBytes(from, to)!;
      if (from < reached) repeated = true;
      if (from > reached) gap = true;
      reached = Math.max(reached, to);
    }
    const once = !repeated && !gap;
    out.complete[k] = once && reached === span.targetTo ? 1 : 0;
    // The next document's start id has no bytes: a text is whole without it. A first stretch without
    // one never is, because its token 0 is no target.
    const wholeText = once && reached >= span.textTo && span.textFrom >= span.targetFrom;
    const decoded = wholeText
      ? this.decodedText(k, span, shares)
      : this.partialShares(segments, span.textFrom, span.textTo, shares);
    out.decoded[k] = decoded;
    if (out.original !== null && this.facts !== null) {
      const { lossless, intact, originalBytes } = this.facts;
      // Published bytes are credited for the published text alone: one that is changed has none.
      if (lossless[k] === 1) out.original[k] = decoded;
      else out.original[k] = wholeText && intact[k] === 1 ? originalBytes[k]! : Number.NaN;
    }
    return wholeText ? decoded : null;
  }

  private partialShares(
    segments: readonly [number, number][],
    textFrom: number,
    textTo: number,
    shares: DecodedShares,
  ): number {
    const of = shares.of(this.inputs.stream.ids, textFrom, textTo);
    let sum = 0;
    for (const [from, to] of segments) {
      for (let i = from; i < Math.min(to, textTo); i++) sum += of[i - textFrom]!;
    }
    return sum;
  }

  private sumUp(byDocument: DocumentBytes, stream: StreamBytes): ByteTotals {
    const total = (values: Float64Array | Uint32Array) => {
      let sum = 0;
      for (const value of values) sum += value;
      return sum;
    };
    const lut = total(byDocument.lut);
    const sidecar = byDocument.sidecar === null ? null : total(byDocument.sidecar);
    const original = byDocument.original === null ? null : total(byDocument.original);
    const scoredWithout = (kept: Uint8Array) =>
      byDocument.targets.reduce((sum, n, k) => sum + (n > 0 && kept[k] === 0 ? 1 : 0), 0);
    return {
      targets: total(byDocument.targets),
      lut,
      sidecar,
      decoded: total(byDocument.decoded),
      original: original === null || Number.isNaN(original) ? null : original,
      headline: this.headline,
      bytes: this.headline === 'lut' ? lut : sidecar!,
      documentsLossy: this.facts && scoredWithout(this.facts.lossless),
      documentsAltered: this.facts && scoredWithout(this.facts.intact),
      stream,
      byDocument,
    };
  }
}
