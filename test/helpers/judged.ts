/** The bytes of texts as a score judges them: from shards alone, or with the published documents. */
import { Accounting, type TargetRange } from '#bpb/bytes/accounting';
import { identify } from '#bpb/data/known-sets';
import type { Document } from '#bpb/data/types';
import { judgeBytes } from '#bpb/score/denominator';
import { withDocumentStart } from '#bpb/tokenizer/document-start';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { SurfaceBytes } from '#bpb/tokenizer/surfaces-bytes';
import type { DocumentStart } from '#bpb/tokenizer/types';

interface Given {
  /** Whether the documents are given; else there are only shards, and a sidecar. */
  readonly docs: boolean;
  /** Changes the sidecar that a tokenizer of case operators comes with; `texts` of each entry's token. */
  readonly sidecar?: (entry: number, index: number, entries: Uint16Array) => number;
  readonly start?: DocumentStart;
  /** What is scored; by default all. */
  readonly ranges?: readonly TargetRange[];
  readonly namedByCaller?: boolean;
  readonly namedByRules?: boolean;
  readonly normalizerAllowed?: boolean;
}

export async function* documentsOf(texts: readonly string[]): AsyncGenerator<Document> {
  for (const [k, text] of texts.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

/** Totals, denominator and findings of `texts` under the tokenizer of a model file. */
export async function judged(path: string, texts: readonly string[], given: Given) {
  const { docs, start, namedByCaller = false, namedByRules = false } = given;
  const tokenizer = withDocumentStart(loadTokenizer(path), start);
  const { stream, facts: known } = await tokenizeDocuments(documentsOf(texts), tokenizer);
  const facts = docs ? known : null;
  let sidecar = null;
  if (tokenizer.hasCaseOperators) {
    const encoder = await createEncoder(tokenizer);
    const surfaces = new SurfaceBytes(tokenizer);
    const entries = texts.flatMap((text) => [
      ...(stream.startId === null ? [] : [0]),
      ...surfaces.count(text, encoder.encode(text)),
    ]);
    const bytes = new Uint16Array(new SharedArrayBuffer(2 * entries.length));
    bytes.set(entries);
    const { sidecar: change } = given;
    const right = bytes.slice();
    if (change !== undefined) for (const [i, e] of right.entries()) bytes[i] = change(e, i, right);
    sidecar = { bytes, files: [{ file: 'side.bin', tokens: bytes.length, sha256: '' }] };
  }
  const targets = stream.ids.length - 1;
  const ranges = given.ranges ?? [[1, targets]];
  const totals = new Accounting({ tokenizer, stream, facts, sidecar }).totals(ranges);
  const data = { stream, tokenizer, shards: [], sidecar, facts, documents: null, partial: false };
  const counts = { documents: texts.length, tokens: stream.ids.length };
  const { normalizerAllowed = false } = given;
  const named = { namedByCaller, namedByRules, normalizerAllowed };
  const context = { known: identify(counts), planned: totals.targets, ...named };
  return { stream, tokenizer, totals, facts: known, ...judgeBytes(totals, { data, ...context }) };
}
