/**
 * Result of `tokenize` (`bpb-tokenize/1`): files written, their source, tokenizer and harness.
 */
import type { ShardInfo, SourceFacts } from '../data/types.js';
import { requireDocumentStart } from '../tokenizer/document-start.js';
import type { DocumentStart, Tokenizer } from '../tokenizer/types.js';
import { harnessCommit, harnessVersion } from '../version.js';
import type { ShardEntries } from './batch.js';
import type { Split } from './options.js';
import type { Written } from './output.js';

export interface TokenizeResult {
  readonly schema: 'bpb-tokenize/1';
  readonly split: Split;
  readonly directory: string;
  /** Tokens of the stream, start ids included. */
  readonly tokens: number;
  readonly documents: {
    readonly source: string;
    readonly count: number;
    /** sha256 over each text's length and bytes, the same for any file that holds these texts. */
    readonly sha256: string;
    /** sha256 of the file; null for a built-in set, and where the file was not read to its end. */
    readonly file_sha256: string | null;
    /** Documents whose ids do not decode to their text. */
    readonly lossy: number;
    /** The file began with a byte order mark, which is in no document. */
    readonly byte_order_mark: boolean;
    /** True where `--limit-docs` left documents out, or may have. */
    readonly partial: boolean;
  };
  readonly bytes: {
    /** UTF-8 length of the texts. */
    readonly original: number;
    /** UTF-8 length of what the ids decode to, case operators restored. */
    readonly decoded: number;
    /** Sum of the sidecar; null without case operators. */
    readonly sidecar: number | null;
  };
  /** Documents whose sidecar has fewer bytes than their text; null without a sidecar. */
  readonly documents_short: number | null;
  readonly tokenizer: {
    readonly kind: Tokenizer['kind'];
    readonly vocab: number;
    readonly sha256: string;
    readonly case_operators: boolean;
    /** The id before each document, or `none`. */
    readonly document_start: DocumentStart;
  };
  /** Files by name, in the order of their tokens. */
  readonly shards: readonly ShardInfo[];
  readonly sidecars: readonly ShardInfo[];
  readonly time: { readonly total_s: number; readonly bytes_per_s: number };
  readonly run: {
    readonly harness: string;
    readonly commit: string | null;
    readonly command: string | null;
    readonly date: string;
  };
}

/** Sums over the batches of a run. */
export class TokenizeTotals {
  documents = 0;
  tokens = 0;
  original = 0;
  decoded = 0;
  lossy = 0;
  sidecar = 0;
  short = 0;

  /** @param originals UTF-8 length of each text of the batch */
  add(originals: readonly number[], { ids, decodedBytes, lossless, sidecarBytes }: ShardEntries) {
    this.documents += originals.length;
    this.tokens += ids.length;
    for (const [k, original] of originals.entries()) {
      this.original += original;
      this.decoded += decodedBytes[k]!;
      this.lossy += 1 - lossless[k]!;
      this.sidecar += sidecarBytes[k] ?? 0;
      if (sidecarBytes.length > 0 && sidecarBytes[k]! < original) this.short++;
    }
  }
}

interface ResultParts {
  readonly totals: TokenizeTotals;
  readonly written: Written;
  readonly tokenizer: Tokenizer;
  readonly split: Split;
  readonly directory: string;
  readonly source: string;
  readonly facts: SourceFacts | null;
  readonly documentsSha256: string;
  readonly partial: boolean;
  readonly seconds: number;
  readonly command: string | undefined;
}

export function tokenizeResult(parts: ResultParts): TokenizeResult {
  const { totals, written, tokenizer, facts, seconds } = parts;
  const { hasCaseOperators } = tokenizer;
  return {
    schema: 'bpb-tokenize/1',
    split: parts.split,
    directory: parts.directory,
    tokens: totals.tokens,
    documents: {
      source: parts.source,
      count: totals.documents,
      sha256: parts.documentsSha256,
      file_sha256: facts?.sha256 ?? null,
      lossy: totals.lossy,
      byte_order_mark: facts?.byteOrderMark ?? false,
      partial: parts.partial,
    },
    bytes: {
      original: totals.original,
      decoded: totals.decoded,
      sidecar: hasCaseOperators ? totals.sidecar : null,
    },
    documents_short: hasCaseOperators ? totals.short : null,
    tokenizer: {
      kind: tokenizer.kind,
      vocab: tokenizer.pieces.length,
      sha256: tokenizer.sha256,
      case_operators: hasCaseOperators,
      document_start: requireDocumentStart(tokenizer),
    },
    shards: written.shards,
    sidecars: written.sidecars,
    time: { total_s: seconds, bytes_per_s: totals.original / seconds },
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: parts.command ?? null,
      date: new Date().toISOString(),
    },
  };
}
