/**
 * Ceiling of a denominator: how many bytes the stream can have at most, whatever the tokenizer says.
 */

import type { DocumentFacts } from '../data/types.js';
import { type Finding, fail } from '../finding.js';
import { figure } from '../words.js';
import type { StreamBytes } from './accounting.js';

/** The finding of every denominator that counts more than the text has. */
export const DENOMINATOR_EXCEEDS = 'denominator-exceeds';

/** By how much of itself a ceiling may be exceeded: more moves the third decimal of a score. */
export const TOLERANCE = 1e-4;

export const exceeds = (bytes: number, ceiling: number) => bytes - ceiling > TOLERANCE * ceiling;

/** Of a share, two digits: `0.010 %`, `92 %`, `340 %`. */
export const percent = (share: number) => {
  const value = 100 * share;
  return `${value < 10 ? value.toPrecision(2) : value.toFixed(0)} %`;
};

/** How far bytes are beyond a ceiling, for a message. */
export const beyond = (bytes: number, ceiling: number) =>
  ceiling === 0 ? 'of no text' : `${percent(bytes / ceiling - 1)} more`;

/** What the documents of a stream say of its bytes, scored or not. */
interface DocumentsBytes {
  /** The most bytes that an honest table counts for them. */
  readonly most: number;
  /** Bytes that the normalizer added to them within their reference form. */
  readonly gained: number;
}

/**
 * Where the table counts more bytes over the whole stream than its documents can have, or than its ids
 * decode to.
 *
 * @param documents null where their texts are not known
 */
export function tableCeiling(stream: StreamBytes, documents: DocumentsBytes | null): Finding[] {
  const counted = `the table counts ${figure(stream.headline)} bytes over the stream`;
  if (documents !== null) {
    const { most, gained } = documents;
    const ceiling = most + stream.adjoining;
    if (exceeds(stream.headline, ceiling)) {
      return [
        fail(
          DENOMINATOR_EXCEEDS,
          `${counted}, whose documents have at most ${figure(ceiling)} (${beyond(stream.headline, ceiling)}): as published, or after nmt_nfkc where that is longer`,
          'bpb audit TOKENIZER --docs FILE says which pieces count more than their text, and what the normalizer adds',
        ),
      ];
    }
    const own = stream.decoded + stream.adjoining - gained;
    if (gained > 0 && exceeds(stream.headline, own)) {
      return [
        fail(
          DENOMINATOR_EXCEEDS,
          `${counted}, of which the normalizer added ${figure(gained)} (${beyond(own + gained, own)}): wider characters or more spaces in places where the documents do not have them`,
          'train with the normalization rule identity, nfkc or nmt_nfkc',
        ),
      ];
    }
  }
  const text = stream.decoded + stream.adjoining;
  if (!exceeds(stream.headline, text)) return [];
  return [
    fail(
      DENOMINATOR_EXCEEDS,
      `${counted}, which decodes to ${figure(text)} (${beyond(stream.headline, text)}): a space mark inside a piece counts three bytes where the text has one space`,
      'bpb audit TOKENIZER names the pieces; train without pieces that hold a space after their beginning',
    ),
  ];
}

/**
 * The bytes of documents: the most of each are those as published, or as nmt_nfkc writes it where that is
 * longer (`½` 2 and 5 bytes, `ﷺ` 3 and 33).
 */
export function documentsBytes(facts: DocumentFacts): DocumentsBytes {
  const { originalBytes, nfkcBytes, gainedBytes } = facts;
  let most = 0;
  for (const [k, bytes] of originalBytes.entries()) most += Math.max(bytes, nfkcBytes[k]!);
  return { most, gained: gainedBytes.reduce((sum, bytes) => sum + bytes, 0) };
}
