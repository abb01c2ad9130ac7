/**
 * Checks of the documents: what the round trip loses, and what is odd in the text itself.
 */

import { DENOMINATOR_EXCEEDS } from '../../bytes/ceiling.js';
import type { AlteringRules } from '../../tokenizer/altering-rules.js';
import { MOST_ALTERED } from '../../tokenizer/reference-form.js';
import { figure, plural } from '../../words.js';
import type { AlteredTally, TextFacts } from '../collect.js';
import type { LossKind } from '../examine/loss.js';
import type { Trait } from '../types.js';
import { type Check, check, which } from './check.js';

function lossExamples(text: TextFacts, kinds: readonly LossKind[]): string[] {
  return kinds.flatMap((kind) => {
    const found = text.losses.get(kind);
    if (found === undefined) return [];
    const { document, loss } = found;
    const was = JSON.stringify(loss.original);
    return [
      `${kind}: document ${document}, byte ${loss.at}: ${was} → ${JSON.stringify(loss.decoded)}`,
    ];
  });
}

/** Documents that became another text, and what share of the published bytes they are. */
function alteredDocuments({ bytes }: TextFacts, tally: AlteredTally): string {
  const share = ((100 * tally.bytes) / Math.max(1, bytes.original)).toPrecision(3);
  return `${plural(tally.count, 'document')} of ${share} % of the bytes: ${which(tally, 'document')}`;
}

function alteredExamples(rules: AlteringRules | null, tally: AlteredTally | null, folds: boolean) {
  const shown = (text: string) => JSON.stringify(text);
  const example = tally?.example ?? null;
  return [
    ...(example === null
      ? []
      : [`document ${example.document}: ${shown(example.published)} → ${shown(example.decoded)}`]),
    ...(rules?.examples ?? [])
      .filter(({ folding }) => folding === folds)
      .map(({ from, to }) => `the normalizer makes ${shown(to)} of ${shown(from)}`),
  ];
}

const traitCheck = (
  name: string,
  trait: Trait,
  severity: 'warn' | 'info',
  explanation: string,
  remedy: string,
): Check =>
  check({
    name,
    severity,
    explanation,
    remedy,
    needs: ['text'],
    run: ({ text }) => {
      const tally = text.traits.get(trait)!;
      if (tally.count === 0) return null;
      return { detail: `${plural(tally.count, 'document')}: ${which(tally, 'document')}` };
    },
  });

export const TEXT_CHECKS: readonly Check[] = [
  check({
    name: 'unknown-tokens',
    severity: 'fail',
    explanation:
      'Text became the unknown token, which has no bytes however long the text was: its bytes are missing from the denominator.',
    remedy: 'Train the tokenizer with byte_fallback=True.',
    needs: ['text'],
    run: ({ text, headlineEffect }) =>
      text.unknown.tokens === 0
        ? null
        : {
            detail: `${plural(text.unknown.tokens, 'unknown token')} in ${which(text.unknown, 'document')}`,
            effect: headlineEffect,
          },
  }),
  check({
    name: 'case-folding',
    severity: 'fail',
    explanation:
      'Upper and lower case become one: the model scores an easier text than the published one (pull requests 1578, 1585, 1670).',
    remedy: 'Use a normalizer without case folding, or the lossless case operators.',
    needs: [],
    run: ({ vocabulary, text, rules }) => {
      const first = text?.losses.get('case folding')?.count ?? 0;
      const documents = Math.max(first, text?.folded.count ?? 0);
      const folding = rules?.folding ?? 0;
      if (!vocabulary.losses.includes('case folding') && documents + folding === 0) return null;
      const examples = [
        ...(text === null ? [] : lossExamples(text, ['case folding'])),
        ...alteredExamples(rules, text?.folded ?? null, true),
      ];
      if (documents > 0) return { detail: plural(documents, 'document'), examples };
      if (folding === 0) return { detail: 'a probe text lost its capitals', examples };
      return { detail: `${plural(folding, 'rule')} of the normalizer`, examples };
    },
  }),
  check({
    name: 'altered-text',
    severity: 'fail',
    explanation:
      'The normalizer folds, drops or replaces characters beyond what SentencePiece’s nmt_nfkc does: the model scores another text than the published one.',
    remedy:
      'Use identity, nfkc or nmt_nfkc; an organizer may allow a normalizer by the sha256 of its character map (--rules).',
    needs: [],
    run: ({ text, rules }) => {
      const changes = rules?.altering ?? 0;
      const tally = text?.altered ?? null;
      const examples = alteredExamples(rules, tally, false);
      const parts = [];
      if (tally !== null && tally.count > 0) parts.push(alteredDocuments(text!, tally));
      if (changes > 0) parts.push(`${plural(changes, 'rule')} of the normalizer`);
      if (rules?.complete === false)
        parts.push('more rules than any normalizer of SentencePiece has');
      if (parts.length === 0) return null;
      const few = changes === 0 && rules?.complete !== false;
      const slight = few && tally!.bytes <= MOST_ALTERED * text!.bytes.original;
      return { detail: parts.join('; '), examples, ...(slight ? { severity: 'warn' } : {}) };
    },
  }),
  check({
    name: 'lossy-text',
    severity: 'warn',
    explanation:
      'What the tokenizer writes does not decode to the published text, but to one that has its reference form: the challenge’s rule counts the bytes after normalization.',
    remedy:
      'Right by the rule; bpb_original, over the published bytes, stands beside it in a score.',
    needs: [],
    run: ({ vocabulary, text, headlineEffect }) => {
      const losses = vocabulary.losses.filter((kind) => kind !== 'case folding');
      if (text === null || text.withText === 0) {
        return losses.length === 0
          ? null
          : { detail: `the normalizer loses: ${losses.join(', ')}` };
      }
      const count = (kind: LossKind) => {
        const { count: all, altered } = text.losses.get(kind)!;
        return all - altered;
      };
      const kinds = [...text.losses.keys()].filter(
        (kind) => kind !== 'case folding' && count(kind) > 0,
      );
      if (kinds.length === 0) return null;
      kinds.sort((a, b) => count(b) - count(a));
      const documents = kinds.reduce((sum, kind) => sum + count(kind), 0);
      const first = kinds.map((kind) => `${kind} ${figure(count(kind))}`).join(', ');
      return {
        detail: `${figure(documents)} of ${plural(text.withText, 'document')}, by first loss: ${first}`,
        effect: headlineEffect,
        examples: lossExamples(text, kinds),
      };
    },
  }),
  check({
    name: 'table-against-text',
    severity: 'fail',
    explanation: 'The table’s sum over a document is not the length of what its tokens decode to.',
    remedy: 'Inspect the documents named: the shards hold tokens that no text encodes to.',
    needs: ['text'],
    run: ({ text }) =>
      text.tableDisagrees.count === 0
        ? null
        : {
            detail: `${which(text.tableDisagrees, 'document')}: decoded ${figure(text.bytes.decoded)} bytes over all, table ${figure(text.bytes.lut)}`,
            effect: {
              bytes: text.bytes.lut / text.bytes.decoded,
              bpb: text.bytes.decoded / text.bytes.lut,
            },
          },
  }),
  check({
    name: DENOMINATOR_EXCEEDS,
    severity: 'fail',
    explanation:
      'The table counts more bytes than the text can have: as published, or after nmt_nfkc where that is longer. A score of it has no headline.',
    remedy:
      'Use the normalizer identity, nfkc or nmt_nfkc, and no space mark or case operator as text of a piece.',
    needs: ['ceiling', 'text'],
    run: ({ ceiling, text, headlineEffect }) => {
      const [finding] = ceiling;
      if (finding === undefined) return null;
      return {
        detail: finding.message,
        effect: text.withText === text.documents ? headlineEffect : null,
      };
    },
  }),
  check({
    name: 'first-space',
    severity: 'info',
    explanation: 'By the rule a space right after BOS has no bytes, though the text has one there.',
    remedy: 'Nothing: the rule is the same for everybody.',
    needs: ['text'],
    run: ({ text }) =>
      text.firstSpace.count === 0
        ? null
        : { detail: `${plural(text.firstSpace.count, 'document')} with a space at the start` },
  }),
  check({
    name: 'file-byte-order-mark',
    severity: 'warn',
    explanation: 'The documents file begins with a byte order mark; it belongs to no document.',
    remedy: 'Write the file as UTF-8 without BOM: other readers may count its three bytes.',
    needs: ['documents'],
    run: ({ documents }) =>
      documents.byteOrderMark ? { detail: 'EF BB BF at the start, left out' } : null,
  }),
  traitCheck(
    'literal-marker',
    'literal_marker',
    'warn',
    'A literal ▁ (U+2581) in the text becomes a space: three bytes of text count as one.',
    'Nothing, if it is in the published text; the loss is in bpb_original.',
  ),
  traitCheck(
    'operators-in-text',
    'operator',
    'warn',
    'The text itself holds private-use characters U+E001–U+E004, which case operators look like.',
    'A case transform must escape them with U+E004; check that yours does.',
  ),
  traitCheck(
    'byte-order-mark',
    'byte_order_mark',
    'info',
    'A document begins with U+FEFF; a normalizer drops it, its three bytes are in the original.',
    'Remove it from the export, if it is not in the published text.',
  ),
  traitCheck(
    'crlf',
    'crlf',
    'info',
    'Lines end in CR LF; a normalizer makes one space of the two bytes.',
    'Check that the export did not change the line ends.',
  ),
  traitCheck(
    'nul',
    'nul',
    'info',
    'A text holds NUL, which tools written in C cut it at.',
    'Check that the documents were exported whole.',
  ),
  traitCheck(
    'replacement-character',
    'replacement_character',
    'info',
    'A text holds U+FFFD: somebody decoded it wrongly before it was published.',
    'Nothing, if it is in the published text.',
  ),
  traitCheck(
    'empty-documents',
    'empty',
    'info',
    'An empty document is a BOS and nothing else.',
    'Nothing, if the published set has it.',
  ),
];
