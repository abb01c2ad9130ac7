/**
 * The token stream of an evaluation: shards or documents, with their sidecar and published texts.
 */
import { existsSync } from 'node:fs';
import { alignDocuments } from '../bytes/align.js';
import { reconcile } from '../bytes/reconcile.js';
import { openDocuments, requireDocuments } from '../data/built-in.js';
import { firstDocuments } from '../data/document-starts.js';
import { findShards, readShards } from '../data/shards.js';
import { findSidecars, readSidecars, type Sidecar } from '../data/sidecars.js';
import { sotuDocuments } from '../data/sotu.js';
import type { DocumentFacts, DocumentSource, ShardInfo, TokenStream } from '../data/types.js';
import { usageError } from '../errors.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import {
  documentStartHint,
  requireDocumentStart,
  startIdOf,
  withDocumentStart,
} from '../tokenizer/document-start.js';
import { tokenizeDocuments } from '../tokenizer/stream.js';
import type { DocumentStart, Tokenizer } from '../tokenizer/types.js';

/** Data sets that come with an installed package, by name. */
const BUILT_IN: Readonly<Record<string, () => DocumentSource>> = {
  'sotu-val': () => sotuDocuments('val'),
};

/** True of the name of a built-in set. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(BUILT_IN, name);
}

/** What `--data` and `--docs` may name. */
export const DATA_EXPECTED = `--data DIR with shards, --docs FILE, or a built-in set (${Object.keys(BUILT_IN).join(', ')})`;

/** The two options that name a token stream. */
interface DataNames {
  readonly data?: readonly string[] | undefined;
  readonly docs?: string | undefined;
}

export function namesData({ data, docs }: DataNames): boolean {
  return (data !== undefined && data.length > 0) || docs !== undefined;
}

export interface DataOptions {
  readonly tokenizer: Tokenizer;
  /** Id before each document, or `none`; by default what the tokenizer says. */
  readonly documentStart?: DocumentStart | undefined;
  /** A directory of shards, shard files, or the name of a built-in set. */
  readonly data?: readonly string[] | undefined;
  readonly docs?: string | undefined;
  /** The field of each document that holds its text; by default `text`. */
  readonly textField?: string | undefined;
  /** Directory of the sidecars; by default the shards' own. */
  readonly sidecar?: string | undefined;
  readonly limitDocs?: number | undefined;
  /** Threads for tokenizing. */
  readonly workers: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const DATA_CHECKS: OptionChecks<DataOptions> = {
  tokenizer: option.required(option.object),
  documentStart: option.countOr('none', 0),
  data: option.texts,
  docs: option.text,
  textField: option.text,
  sidecar: option.text,
  limitDocs: option.count(1),
  workers: option.required(option.count(0)),
  onProgress: option.callback,
};

export interface OpenData {
  readonly stream: TokenStream;
  readonly tokenizer: Tokenizer;
  readonly shards: readonly ShardInfo[];
  readonly sidecar: Sidecar | null;
  /** Of the published documents, where they are known. */
  readonly facts: DocumentFacts | null;
  readonly documents: { readonly source: string; readonly sha256: string } | null;
  /** True where `limitDocs` left documents out. */
  readonly partial: boolean;
}

/**
 * Reads shards, tokenizes documents, or both and reconciles them.
 *
 * @example
 * ```ts
 * import { loadTokenizer, openData } from 'bpb-harness';
 *
 * const tokenizer = loadTokenizer('byte260');
 * const data = await openData({ tokenizer, data: ['sotu-val'], workers: 2 });
 * console.log(data.stream.ids.length, data.facts?.originalBytes);
 * ```
 * @throws input errors naming the file; usage errors where nothing, or nothing known, is named
 */
export async function openData(given: DataOptions): Promise<OpenData> {
  checkOptionTypes('openData', DATA_CHECKS, given);
  const tokenizer = withDocumentStart(given.tokenizer, given.documentStart);
  const options = { ...given, tokenizer };
  const { data, docs } = options;
  requireDocuments(docs, options.textField);
  const builtIn = data?.length === 1 && !existsSync(data[0]!) ? BUILT_IN[data[0]!] : undefined;
  if (builtIn !== undefined) {
    if (docs !== undefined) {
      throw usageError('BPB_USAGE_DATA', {
        message: `the built-in set ${data![0]} brings its own documents`,
        path: '--docs',
        expected: '--docs only with shards, or alone',
        actual: docs,
      });
    }
    return fromDocuments(builtIn(), options);
  }
  if (data !== undefined && data.length > 0) return fromShards(data, options);
  if (docs !== undefined) return fromDocuments(documentSource(docs, options.textField), options);
  throw usageError('BPB_USAGE_DATA', {
    message: 'there is nothing to score',
    path: '--data',
    expected: DATA_EXPECTED,
    actual: 'neither, and the artifact names no data set',
  });
}

/** The documents of a file, or of a built-in set where there is no file of that name. */
export function documentSource(docs: string, textField: string | undefined): DocumentSource {
  return openDocuments(docs, textField, BUILT_IN);
}

export interface OpenShards {
  /** Paths, in order. */
  readonly files: readonly string[];
  readonly stream: TokenStream;
  readonly shards: readonly ShardInfo[];
}

/** @throws input errors naming the shard */
export async function openShards(
  data: readonly string[],
  tokenizer: Tokenizer,
  onProgress: DataOptions['onProgress'],
): Promise<OpenShards> {
  onProgress?.({ phase: 'data', done: 0, total: null, unit: 'shards', bpb: null });
  const files = findShards(data.length === 1 ? data[0]! : data);
  const vocabulary = tokenizer.pieces.length;
  return { files, ...(await readShards(files, { vocabulary, startId: startIdOf(tokenizer) })) };
}

async function fromDocuments(source: DocumentSource, options: DataOptions): Promise<OpenData> {
  const { tokenizer, limitDocs, workers, onProgress } = options;
  const tokenized = await tokenizeDocuments(source, tokenizer, {
    workers,
    ...(limitDocs === undefined ? {} : { limit: limitDocs }),
    progress: (documents) => onProgress?.(progressOf('tokenize', documents, limitDocs ?? null)),
  });
  return {
    stream: tokenized.stream,
    tokenizer,
    shards: [],
    sidecar: null,
    facts: tokenized.facts,
    documents: { source: source.path, sha256: tokenized.documentsSha256 },
    partial: !tokenized.complete,
  };
}

async function fromShards(data: readonly string[], options: DataOptions): Promise<OpenData> {
  const { tokenizer, docs, onProgress } = options;
  if (docs !== undefined) requireDocumentStart(tokenizer);
  const { files, stream: whole, shards } = await openShards(data, tokenizer, onProgress);
  const sidecarFiles = findSidecars(files, 'val', options.sidecar);
  const sidecar = sidecarFiles.length === 0 ? null : await readSidecars(sidecarFiles, whole);
  const { stream, facts, documentsSha256 } =
    whole.startId === null
      ? await withoutStartId(whole, options)
      : await withStartId(whole, options);
  return {
    stream,
    tokenizer,
    shards,
    sidecar:
      sidecar === null ? null : { ...sidecar, bytes: sidecar.bytes.subarray(0, stream.ids.length) },
    facts,
    documents: documentsSha256 === null ? null : { source: docs!, sha256: documentsSha256 },
    partial: stream.ids.length < whole.ids.length,
  };
}

/** The documents of shards, with what their published texts say of them. */
interface ShardDocuments {
  readonly stream: TokenStream;
  /** Both null where the published texts are not given. */
  readonly facts: DocumentFacts | null;
  readonly documentsSha256: string | null;
}

async function withStartId(
  whole: TokenStream,
  { tokenizer, docs, textField, limitDocs, workers, onProgress }: DataOptions,
): Promise<ShardDocuments> {
  const stream = limitDocs === undefined ? whole : firstDocuments(whole, limitDocs);
  if (docs === undefined) return { stream, facts: null, documentsSha256: null };
  const total = stream.documentStarts.length;
  const reconciled = await reconcile(documentSource(docs, textField), stream, tokenizer, {
    workers,
    progress: (documents) => onProgress?.(progressOf('tokenize', documents, total)),
    ...(stream.ids.length < whole.ids.length ? { limit: total } : {}),
  });
  return { stream, ...reconciled };
}

/** Only the documents themselves say where they begin. */
async function withoutStartId(
  whole: TokenStream,
  { tokenizer, docs, textField, limitDocs, workers, onProgress }: DataOptions,
): Promise<ShardDocuments> {
  if (docs !== undefined) {
    return alignDocuments(documentSource(docs, textField), whole, tokenizer, {
      workers,
      limit: limitDocs,
      progress: (documents) => onProgress?.(progressOf('tokenize', documents, limitDocs ?? null)),
    });
  }
  if (limitDocs === undefined) return { stream: whole, facts: null, documentsSha256: null };
  throw usageError('BPB_USAGE_DATA', {
    message: 'the documents of these shards are not known: no id begins them',
    path: '--limit-docs',
    expected: '--docs FILE beside it, or --document-start ID',
    actual: 'shards alone',
    hint: documentStartHint(tokenizer),
  });
}

function progressOf(phase: Progress['phase'], done: number, total: number | null): Progress {
  return { phase, done, total, unit: 'documents', bpb: null };
}
