/**
 * The command `tokenize`: documents to shards in the reference layout, encoded in parallel and
 * written in order, in bounded memory.
 */
import { BpbError } from '../errors.js';
import { withOutDirectory } from '../out-directory.js';
import {
  batchDocuments,
  type DocumentBatch,
  hashDocument,
  isShortBatch,
  newDocumentsHash,
} from '../tokenizer/encode-pool.js';
import { runInOrder } from '../workers/ordered-pool.js';
import { openSharder, type ShardTask } from './batch.js';
import {
  checkTokenizeOptions,
  type OpenedOptions,
  openOptions,
  type TokenizeOptions,
} from './options.js';
import { checkShardDirectory, ShardDirectory } from './output.js';
import { type TokenizeResult, TokenizeTotals, tokenizeResult } from './result.js';

/**
 * Writes documents as shards: BOS, or another start id, before each document, uint16, at most 100,000,000 tokens a file
 * (a document may span two files); next to them `tokenize-<split>.json`, and for a case-operator
 * tokenizer the byte sidecar (docs/tokenize.md).
 *
 * The files are renamed to their final names once all of them are complete: a run that fails or is
 * interrupted leaves none.
 *
 * @example
 * ```ts
 * import { tokenize } from 'bpb-harness';
 *
 * const result = await tokenize({ docs: 'docs.jsonl', tokenizer: 'byte260', out: 'tokens' });
 * console.log(result.tokens, result.shards[0]?.sha256);
 * ```
 * @throws BpbError: `usage` (also where the directory holds shards of the split), `input`,
 *   `environment` where the files cannot be written, `limit`, or `interrupted`
 */
export async function tokenize(options: TokenizeOptions): Promise<TokenizeResult> {
  checkTokenizeOptions(options);
  const { out, split = 'val', signal } = options;
  checkShardDirectory(out, split);
  return withOutDirectory({ path: out, files: [], signal }, () => writeShards(options));
}

async function writeShards(options: TokenizeOptions): Promise<TokenizeResult> {
  const started = performance.now();
  const opened = openOptions(options);
  const { source, tokenizer, split, shardTokens, limit } = opened;
  const output = new ShardDirectory(options.out, split, shardTokens, tokenizer.hasCaseOperators);
  try {
    const { totals, documentsSha256 } = await writeEntries(opened, options, output);
    const written = await output.finish();
    stopIfAborted(options.signal);
    const result = tokenizeResult({
      totals,
      written,
      tokenizer,
      split,
      directory: options.out,
      source: source.path,
      facts: source.facts(),
      documentsSha256,
      partial: totals.documents >= limit,
      seconds: (performance.now() - started) / 1000,
      command: options.command,
    });
    output.publish(result);
    return result;
  } catch (error) {
    await output.discard();
    throw error;
  }
}

async function writeEntries(
  { source, tokenizer, limit, workers }: OpenedOptions,
  { signal, onProgress, limitDocs }: TokenizeOptions,
  output: ShardDirectory,
): Promise<{ totals: TokenizeTotals; documentsSha256: string }> {
  const totals = new TokenizeTotals();
  const hash = newDocumentsHash();
  const results = runInOrder(batchDocuments(source, limit), {
    workers,
    payload: ({ documents }: DocumentBatch): ShardTask => ({
      path: source.path,
      texts: documents.map(({ text }) => text),
      lines: documents.map(({ line }) => line),
    }),
    module: new URL('./worker.js', import.meta.url),
    setup: tokenizer,
    open: openSharder,
    isShort: isShortBatch,
  });
  stopIfAborted(signal);
  for await (const { task, result } of results) {
    stopIfAborted(signal);
    await output.append(result);
    for (const { text } of task.documents) hashDocument(hash, text);
    totals.add(
      task.documents.map(({ bytes }) => bytes),
      result,
    );
    const done = totals.documents;
    onProgress?.({
      phase: 'tokenize',
      done,
      total: limitDocs ?? null,
      unit: 'documents',
      bpb: null,
    });
  }
  return { totals, documentsSha256: hash.digest('hex') };
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new BpbError({
    kind: 'interrupted',
    code: 'BPB_INTERRUPTED',
    message: 'interrupted; no shards were written',
  });
}
