/**
 * Options of `tokenize`, checked before anything is read or written.
 */
import { availableParallelism } from 'node:os';
import { openDocuments } from '../data/built-in.js';
import { SHARD_MAX_TOKENS } from '../data/shard-header.js';
import { sotuDocuments } from '../data/sotu.js';
import type { DocumentSource } from '../data/types.js';
import { inputError, usageError } from '../errors.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import { requireDocumentStart, withDocumentStart } from '../tokenizer/document-start.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { DocumentStart, Tokenizer } from '../tokenizer/types.js';

export const SPLITS = ['val', 'train'] as const;
export type Split = (typeof SPLITS)[number];

export interface TokenizeOptions {
  /** Documents (docs/documents.md), or `sotu-val`, `sotu-train`. */
  docs: string;
  /** The field of each document that holds its text; by default `text`. */
  textField?: string | undefined;
  /** A SentencePiece `.model`, or `byte260`. */
  tokenizer: string;
  /** Id before each document, or `none`; by default the tokenizer's BOS. */
  documentStart?: DocumentStart | undefined;
  /** Directory for the shards; made where it is missing. */
  out: string;
  /** Which name the shards get. Default `val`. */
  split?: Split | undefined;
  /** Take the first documents only. */
  limitDocs?: number | undefined;
  /** Encoding threads; 0 encodes in this one. Default: one a core. */
  workers?: number | undefined;
  /** Tokens a shard, at most and by default the reference's 100,000,000. */
  shardTokens?: number | undefined;
  /** What the caller's command line was, for the record. */
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

const TOKENIZE_CHECKS: OptionChecks<TokenizeOptions> = {
  docs: option.required(option.text),
  textField: option.text,
  tokenizer: option.required(option.text),
  documentStart: option.countOr('none', 0),
  out: option.required(option.text),
  split: option.text,
  limitDocs: option.count(1),
  workers: option.threads(0),
  shardTokens: option.count(1, SHARD_MAX_TOKENS),
  command: option.text,
  signal: option.signal,
  onProgress: option.callback,
};

/** The options with their defaults, and what they name opened. */
export interface OpenedOptions {
  readonly source: DocumentSource;
  readonly tokenizer: Tokenizer;
  readonly split: Split;
  readonly limit: number;
  readonly workers: number;
  readonly shardTokens: number;
}

const BUILT_IN: Readonly<Record<string, () => DocumentSource>> = {
  'sotu-val': () => sotuDocuments('val'),
  'sotu-train': () => sotuDocuments('train'),
};

/** A shard has 16 bits a token. */
function refuseWide({ pieces, path, kind }: Tokenizer): void {
  if (pieces.length <= 65_536) return;
  throw inputError('BPB_VOCABULARY_TOO_LARGE', {
    message: 'The vocabulary is too large for shards, which have 16 bits a token.',
    path: path ?? kind,
    expected: 'at most 65,536 ids',
    actual: `${pieces.length}`,
    hint: 'Score the documents themselves, with --docs.',
  });
}

/** @throws usage errors naming the flag */
export function checkTokenizeOptions(options: TokenizeOptions): void {
  checkOptionTypes('tokenize', TOKENIZE_CHECKS, options);
  const { split = 'val' } = options;
  if (!SPLITS.includes(split)) {
    throw usageError('BPB_USAGE_SPLIT', {
      message: '--split is not a split',
      path: '--split',
      expected: SPLITS.join(' or '),
      actual: String(split),
    });
  }
}

/** @throws input errors naming the file */
export function openOptions(options: TokenizeOptions): OpenedOptions {
  const { docs, textField, split = 'val', limitDocs, workers, shardTokens } = options;
  const checked = {
    split,
    limit: limitDocs ?? Number.POSITIVE_INFINITY,
    workers: workers ?? availableParallelism(),
    shardTokens: shardTokens ?? SHARD_MAX_TOKENS,
  };
  const tokenizer = withDocumentStart(loadTokenizer(options.tokenizer), options.documentStart);
  requireDocumentStart(tokenizer);
  refuseWide(tokenizer);
  return { ...checked, tokenizer, source: openDocuments(docs, textField, BUILT_IN) };
}
