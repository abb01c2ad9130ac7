/**
 * Pass over all documents: examined in parallel, added up and written in order.
 */
import { sumSidecar } from '../bytes/sidecar.js';
import { interrupted } from '../errors.js';
import type { AuditOptions } from '../evaluation/audit-options.js';
import { hashDocument, newDocumentsHash } from '../tokenizer/encode-pool.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { auditWorkers } from './audit-workers.js';
import type { ClaimedTable } from './claimed-table.js';
import { addDocument, newTextFacts, type TextFacts } from './collect.js';
import type { AuditOutput } from './documents-output.js';
import { examineDocuments } from './examine/pool.js';
import type { OpenedData } from './inputs.js';
import { compareDocument } from './sidecar-facts.js';

export interface TextPass {
  readonly text: TextFacts;
  readonly histogram: Int32Array;
  readonly documentsSha256: string | null;
}

export async function examineText(
  data: OpenedData,
  tokenizer: Tokenizer,
  claimed: ClaimedTable | null,
  output: AuditOutput | null,
  options: AuditOptions,
): Promise<TextPass> {
  const { source, stream, sidecar } = data;
  const size = tokenizer.pieces.length + 1;
  const histogram = new Int32Array(new SharedArrayBuffer(4 * size));
  const workers = auditWorkers(options, data.inputBytes);
  const text = newTextFacts();
  const hash = newDocumentsHash();
  const batches = examineDocuments({ tokenizer, source, stream, claimed, workers }, histogram);
  for await (const { first, documents, examined } of batches) {
    if (options.signal?.aborted) throw interrupted();
    for (const [k, found] of examined.entries()) {
      const index = first + k;
      const document = documents?.[k] ?? null;
      if (document !== null) hashDocument(hash, document.text);
      addDocument(text, index, found);
      const entries = sidecarOf(data, index);
      if (entries !== null && found.original !== null) {
        compareDocument(sidecar!.facts, index, entries, found.original, found.loss === null);
      }
      output?.add({ document: index, source: document, found, sidecar: entries });
    }
    options.onProgress?.({
      phase: 'examine',
      done: text.documents,
      total: stream?.documentStarts.length ?? null,
      unit: 'documents',
      bpb: null,
    });
  }
  return { text, histogram, documentsSha256: source === null ? null : hash.digest('hex') };
}

/** Sidecar bytes of document `index`; null where there is none, or none that fits the tokens. */
function sidecarOf({ stream, sidecar }: OpenedData, index: number): number | null {
  if (stream === null || sidecar === null || sidecar.facts.sum === null) return null;
  const start = stream.documentStarts[index];
  if (start === undefined) return null;
  return sumSidecar(sidecar.bytes, start, stream.documentStarts[index + 1] ?? stream.ids.length);
}
