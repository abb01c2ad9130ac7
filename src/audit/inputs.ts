/**
 * Facts of an audit's inputs: tokenizer, documents, shards, sidecar and a claimed table.
 */
import { existsSync, statSync } from 'node:fs';
import { findDocuments } from '../bytes/align.js';
import { buildLut } from '../bytes/lut.js';
import { sumSidecar } from '../bytes/sidecar.js';
import { surveyStream } from '../bytes/survey.js';
import type { DocumentSource, TokenStream } from '../data/types.js';
import { BpbError } from '../errors.js';
import type { AuditOptions } from '../evaluation/audit-options.js';
import { findingsOf } from '../evaluation/data-findings.js';
import type { AuditEvaluation } from '../evaluation/open.js';
import type { Finding } from '../finding.js';
import { alteringRules } from '../tokenizer/altering-rules.js';
import { withDocumentStart } from '../tokenizer/document-start.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { AuditFacts } from './checks/check.js';
import { readClaimedTable } from './claimed-table.js';
import { type Codec, measureTable, openCodec } from './measure.js';
import { probeLosses } from './round-trip-losses.js';
import { readShardFacts, type ShardFacts } from './shard-facts.js';
import { type OpenSidecar, openSidecar } from './sidecar-facts.js';
import { tableDifferences } from './table-differences.js';
import type { VocabularyReport } from './types.js';
import { unreachablePieces } from './unreachable.js';
import { readVocabulary } from './vocabulary.js';

export type OpenedTokenizer = Pick<
  AuditFacts,
  'tokenizer' | 'problems' | 'unloadable' | 'measured' | 'rules' | 'unreachable' | 'table'
> & { readonly vocabulary: VocabularyReport };

/** Measures the tokenizer, and compares it with the claimed table. */
export async function examineTokenizer(
  { tokenizer, problems }: AuditEvaluation,
  options: AuditOptions,
): Promise<OpenedTokenizer> {
  const vocabulary = readVocabulary(tokenizer);
  const claimed = options.lut === undefined ? null : readClaimedTable(options.lut);
  const table = claimed === null ? null : { claimed, wrong: tableDifferences(claimed, tokenizer) };
  const rules = alteringRules(tokenizer);
  const rest = { tokenizer, problems, table, rules };
  const codec = await openCodec(tokenizer);
  if (codec instanceof BpbError) {
    const { missing } = vocabulary.byte_pieces;
    // What its pieces explain is a finding; what they do not is a damaged file.
    const explained = problems.length > 0 || (missing.length > 0 && missing.length < 256);
    if (!explained) throw codec;
    return { ...rest, unloadable: codec, measured: null, unreachable: null, vocabulary };
  }
  return { ...rest, unloadable: null, ...measure(tokenizer, codec, options) };
}

function measure(tokenizer: Tokenizer, codec: Codec, { onProgress }: AuditOptions) {
  const total = tokenizer.pieces.length;
  const measured = measureTable(tokenizer, codec, (done) =>
    onProgress?.({ phase: 'measure', done, total, unit: 'ids', bpb: null }),
  );
  const vocabulary = { ...readVocabulary(tokenizer), losses: probeLosses(tokenizer, codec) };
  return { measured, vocabulary, unreachable: unreachablePieces(tokenizer, codec) };
}

export interface OpenedData {
  readonly source: DocumentSource | null;
  readonly stream: TokenStream | null;
  readonly shards: ShardFacts | null;
  readonly sidecar: OpenSidecar | null;
  /** What a score of the shards finds in them; null without shards. */
  readonly findings: readonly Finding[] | null;
  /** About how many bytes there are to work through. */
  readonly inputBytes: number;
}

/** Documents that no id begins are known by their ids alone, where the documents are given. */
async function documentsOf(
  stream: TokenStream,
  source: DocumentSource | null,
  tokenizer: Tokenizer,
  { workers = 0 }: AuditOptions,
): Promise<TokenStream> {
  if (stream.startId !== null || source === null) return stream;
  return findDocuments(source, stream, withDocumentStart(tokenizer, 'none'), workers);
}

/** Gathers what the shards and their sidecar hold. */
export async function examineData(
  { tokenizer, documents: source, shards: opened }: AuditEvaluation,
  options: AuditOptions,
): Promise<OpenedData> {
  const { docs } = options;
  const docBytes = docs !== undefined && existsSync(docs) ? statSync(docs).size : 0;
  if (opened === null) {
    return {
      source,
      stream: null,
      shards: null,
      sidecar: null,
      findings: null,
      inputBytes: docBytes,
    };
  }
  const { files, shards } = opened;
  const stream = await documentsOf(opened.stream, source, tokenizer, options);
  const sidecar = await openSidecar(files, options.sidecar, stream, tokenizer);
  // A sidecar of another length than the tokens has no sums; that is a finding of its own.
  const isHeadline = tokenizer.hasCaseOperators && sidecar !== null && sidecar.facts.sum !== null;
  const headline = isHeadline
    ? (from: number, to: number) => sumSidecar(sidecar.bytes, from, to)
    : undefined;
  const facts = readShardFacts(shards, stream, tokenizer, buildLut(tokenizer), headline);
  // A token is some four bytes of text.
  const inputBytes = Math.max(docBytes, 4 * stream.ids.length);
  const findings = await findingsOf({
    ...{ stream, tokenizer, shards, confirmed: false, partial: false },
    sidecar: sidecar === null || sidecar.facts.sum === null ? null : sidecar.bytes,
    mode: null,
    scoredEnd: stream.ids.length,
    known: facts.known_as,
    survey: await surveyStream(stream, tokenizer),
  });
  return { source, stream, shards: facts, sidecar, findings, inputBytes };
}
