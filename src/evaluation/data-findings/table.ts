/**
 * Table of the findings about data: how grave each is, what it means, what helps, and when it is meant.
 */
import type { Finding } from '../../finding.js';

interface DataFinding {
  /** Of the finding, unless the way of scoring makes it a lesser one (docs/data.md). */
  readonly severity: Finding['severity'];
  /** What it means for a score. */
  readonly explanation: string;
  readonly remedy: string;
  /** When the data are meant to be so; null where nothing is withheld that could be accepted. */
  readonly meant: string | null;
}

export const DATA_FINDINGS = {
  'shard-gap': {
    severity: 'fail',
    explanation: 'A missing shard changes every total, and a second one of a number counts twice.',
    remedy: 'fetch the missing shards, and leave out those that are there twice',
    meant: 'for a set that was cut on purpose',
  },
  'first-shard-missing': {
    severity: 'fail',
    explanation:
      'The set begins in the middle: without its first shard every total is another one.',
    remedy: 'fetch the shards from number 0 on',
    meant: 'for a set that was cut on purpose, or is numbered from elsewhere',
  },
  'shard-copy': {
    severity: 'fail',
    explanation: 'The name is that of a copy, and what it is a copy of is scored too.',
    remedy: 'remove the copy, or name the other shards one by one with --data',
    meant: 'for shards that only have such names',
  },
  'equal-shards': {
    severity: 'fail',
    explanation: 'Text that is scored twice weighs twice in the quotient.',
    remedy: 'remove the copy, or name the other shards one by one with --data',
    meant: 'for a set that repeats its text on purpose',
  },
  'no-document-start': {
    severity: 'fail',
    explanation: 'Without starts the stream is one document, and no document begins afresh.',
    remedy: 'export each document after its start id',
    meant: 'for a stream that is one document',
  },
  'padding-at-end': {
    severity: 'fail',
    explanation: 'Padding has nats and no text: its targets move the score.',
    remedy: 'export the tokens without padding',
    meant: 'for text that ends so',
  },
  'impossible-ids': {
    severity: 'fail',
    explanation:
      'No text encodes to these ids: their nats count, and nobody wrote what they stand for.',
    remedy:
      'export the documents again with this tokenizer, or give the one that made the shards: --tokenizer FILE',
    meant: 'for ids that are put into documents on purpose',
  },
  'other-tokenizer': {
    severity: 'fail',
    explanation:
      'The ids are in the range of the vocabulary, but not in the order that this tokenizer gives any text: another tokenizer made the shards, and every accounting here is of a text that nobody wrote.',
    remedy: 'give the tokenizer that made the shards: --tokenizer FILE',
    meant: 'for ids that this tokenizer gave to text in another way',
  },
  'sidecar-operators': {
    severity: 'fail',
    explanation:
      'Case operators stand for no text: a sidecar that counts them was made from the table, not from the text.',
    remedy: 'write 0 at U+E001 to U+E004 unless the text itself holds the character (after ESC)',
    meant: 'where the bytes of operators are to count',
  },
  'sidecar-contradicts': {
    severity: 'fail',
    explanation:
      'Most entries are not the bytes of their tokens: the sidecar is shifted, scaled or of other tokens.',
    remedy:
      'use the sidecar that was exported with these very shards, or name its directory: --sidecar DIR',
    meant: 'for text that the tokenizer changes in most of its tokens',
  },
  'begins-inside-document': {
    severity: 'warn',
    explanation:
      'The first document has lost its beginning: its first tokens are predicted from less.',
    remedy: 'give the shards from the first one on, or export each document after its start id',
    meant: null,
  },
  'document-end-ids': {
    severity: 'warn',
    explanation:
      'Ids beside the document starts have nats and no bytes: the score is worse than without them.',
    remedy: 'export each document as its start id and its tokens, nothing else',
    meant: null,
  },
  'partial-set': {
    severity: 'warn',
    explanation: 'A part of a set has another score than the whole.',
    remedy: 'give the whole set',
    meant: null,
  },
  'foreign-set': {
    severity: 'warn',
    explanation: 'The counts are those of a known set that is not the canonical one.',
    remedy: 'compare it only with scores of the same set',
    meant: null,
  },
  'shard-names': {
    severity: 'warn',
    explanation:
      'Shards are read in the order of their names, which are not those of a set of this layout.',
    remedy: 'name the shards as they were published, or one by one and in order with --data',
    meant: null,
  },
} as const satisfies Readonly<Record<string, DataFinding>>;

export type DataFindingId = keyof typeof DATA_FINDINGS;

/** Those that a caller may accept, with what they are accepted for; others withhold nothing or are no findings about data. */
export const ACCEPTABLE: ReadonlyMap<string, string> = new Map(
  Object.entries<DataFinding>(DATA_FINDINGS).map(([id, { meant }]) => [
    id,
    meant ?? 'to say that it is known',
  ]),
);

interface Details {
  readonly severity?: Finding['severity'];
  /** In place of the table's own remedy. */
  readonly hint?: string;
}

/** A finding about data, with the way out and, where it withholds the headline, the flag that accepts it. */
export function found(
  id: DataFindingId,
  message: string,
  { severity = DATA_FINDINGS[id].severity, hint = DATA_FINDINGS[id].remedy }: Details = {},
): Finding {
  const { meant } = DATA_FINDINGS[id];
  const accept = severity === 'fail' && meant !== null ? `; ${meant}: --accept ${id}` : '';
  return { id, severity, message, hint: `${hint}${accept}`, accepted: false };
}
