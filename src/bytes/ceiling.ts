/**
 * Ceiling of a denominator: how many bytes the stream can have at most, whatever the tokenizer says.
 */
import { type Finding, fail } from '../finding.js';
import type { StreamBytes } from './accounting.js';

/** By how much of itself a ceiling may be exceeded: more moves the third decimal of a score. */
const TOLERANCE = 1e-4;

export const exceeds = (bytes: number, ceiling: number) => bytes - ceiling > TOLERANCE * ceiling;

/** Share of `part` beyond `whole`, for a message. */
export const beyond = (bytes: number, ceiling: number) =>
  ceiling === 0 ? 'of no text' : `${(100 * (bytes / ceiling - 1)).toPrecision(2)} % more`;

const figure = (value: number) => value.toLocaleString('en-US');

/**
 * Where the table counts more bytes over the whole stream than its ids decode to. A table that counts
 * each piece as its text never does, except for the leading space of a document that adjoins another.
 */
export function textCeiling(stream: StreamBytes): Finding[] {
  const ceiling = stream.decoded + stream.adjoining;
  if (!exceeds(stream.headline, ceiling)) return [];
  return [
    fail(
      'denominator-exceeds',
      `the table counts ${figure(stream.headline)} bytes over the stream, whose text has ${figure(ceiling)} (${beyond(stream.headline, ceiling)}): a space mark inside a piece counts three bytes where the text has one space`,
      'bpb audit TOKENIZER names the pieces; train without pieces that hold a space after their beginning',
    ),
  ];
}
