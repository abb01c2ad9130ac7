/**
 * Facts of documents, gathered from their round trips one by one or batch by batch.
 */
import type { AlteredDocument, DocumentFacts } from '../data/types.js';
import type { RoundTrip } from './round-trip.js';
import type { TextDifference } from './same-text.js';

export class FactsBuilder {
  private readonly originalBytes: number[] = [];
  private readonly nfkcBytes: number[] = [];
  private readonly decodedBytes: number[] = [];
  private readonly lossless: number[] = [];
  private readonly intact: number[] = [];
  private readonly gainedBytes: number[] = [];
  private firstAltered: AlteredDocument | null = null;

  get documents(): number {
    return this.originalBytes.length;
  }

  /** Adds one document. @param difference called where it is the first altered one */
  add(trip: RoundTrip, difference: () => TextDifference): void {
    if (!trip.intact && this.firstAltered === null) {
      const { published, decoded } = difference();
      this.firstAltered = { document: this.documents, published, decoded };
    }
    this.originalBytes.push(trip.originalBytes);
    this.nfkcBytes.push(trip.nfkcBytes);
    this.decodedBytes.push(trip.decodedBytes);
    this.lossless.push(trip.lossless ? 1 : 0);
    this.intact.push(trip.intact ? 1 : 0);
    this.gainedBytes.push(trip.gainedBytes);
  }

  /** Adds the documents of a batch, which follow those before them. */
  append(batch: DocumentFacts): void {
    const { firstAltered } = batch;
    if (firstAltered !== null && this.firstAltered === null) {
      this.firstAltered = { ...firstAltered, document: this.documents + firstAltered.document };
    }
    for (const [k, bytes] of batch.originalBytes.entries()) {
      this.originalBytes.push(bytes);
      this.nfkcBytes.push(batch.nfkcBytes[k]!);
      this.decodedBytes.push(batch.decodedBytes[k]!);
      this.lossless.push(batch.lossless[k]!);
      this.intact.push(batch.intact[k]!);
      this.gainedBytes.push(batch.gainedBytes[k]!);
    }
  }

  facts(): DocumentFacts {
    return {
      originalBytes: Uint32Array.from(this.originalBytes),
      nfkcBytes: Uint32Array.from(this.nfkcBytes),
      decodedBytes: Uint32Array.from(this.decodedBytes),
      lossless: Uint8Array.from(this.lossless),
      intact: Uint8Array.from(this.intact),
      gainedBytes: Uint32Array.from(this.gainedBytes),
      firstAltered: this.firstAltered,
    };
  }
}
