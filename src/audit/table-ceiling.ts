/**
 * The table's total against what the text can have: the ceilings of a score's denominator.
 */
import { exceeds, tableCeiling } from '../bytes/ceiling.js';
import { overcounted } from '../bytes/overcount.js';
import type { Finding } from '../finding.js';
import type { TextFacts } from './collect.js';
import type { OpenedData, OpenedTokenizer } from './inputs.js';

/**
 * What a score finds of the table's total over the same documents or shards. A cause that an audit names
 * by itself is left to it: no piece for a space, spaces inside pieces, a table that contradicts the decoded
 * text, shards of other documents.
 *
 * @returns null where the table is no accounting, as with case operators
 */
export function ceilingFindings(
  {
    tokenizer,
    vocabulary,
    problems,
  }: Pick<OpenedTokenizer, 'tokenizer' | 'vocabulary' | 'problems'>,
  { stream }: OpenedData,
  { text, histogram }: { readonly text: TextFacts; readonly histogram: Int32Array },
): readonly Finding[] | null {
  if (tokenizer.hasCaseOperators) return null;
  if (problems.some(({ code }) => code === 'BPB_NO_SPACE_PIECE')) return [];
  const { lut, decoded } = text.bytes;
  const { adjoining } = text;
  const { most, gained } = text;
  const areKnown = text.withText === text.documents && !text.matches.has('other text');
  const documents = areKnown ? { most, gained } : null;
  const named =
    text.tableDisagrees.count > 0 || vocabulary.inner_spaces.some((id) => histogram[id]! > 0);
  if (named) {
    // What the ids decode to may be too long as well, for another reason.
    const isLong = areKnown && exceeds(decoded, most + adjoining);
    return isLong ? tableCeiling({ headline: lut, decoded, adjoining }, documents) : [];
  }
  const found = tableCeiling({ headline: lut, decoded, adjoining }, documents);
  if (found.length > 0 || stream === null) return found;
  return overcounted(lut, { tokenizer, stream }, areKnown);
}
