/** Tokenizers, documents, shards and sidecars for audits: right ones, each to be spoilt by one thing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from '#bpb/audit/audit';
import type { AuditReport } from '#bpb/audit/types';
import { DecodedShares } from '#bpb/bytes/decoded';
import { buildLut } from '#bpb/bytes/lut';
import { documentSpan } from '#bpb/bytes/spans';
import { writeShard } from '#bpb/data/shards';
import type { Document, TokenStream } from '#bpb/data/types';
import type { AuditOptions } from '#bpb/evaluation/audit-options';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import type { Tokenizer } from '#bpb/tokenizer/types';
import { temporaryFolder } from '../helpers/folder.js';
import {
  type ModelOptions,
  type ModelPiece,
  modelFile,
  PIECE_TYPE,
  SMALL,
} from '../helpers/sentencepiece.js';

/** A vocabulary without fault: specials, 256 bytes, letters, merges, ▁. */
export const RIGHT: readonly ModelPiece[] = SMALL.filter(([text]) => text !== '▁▁');

export const OPERATORS: readonly ModelPiece[] = ['\ue001', '\ue002', '\ue003', '\ue004'].map(
  (text) => [text, PIECE_TYPE.user],
);

/** The same with case operators, at ids 4 to 7 as in the published vocabulary. */
export const CASED: readonly ModelPiece[] = [...RIGHT.slice(0, 4), ...OPERATORS, ...RIGHT.slice(4)];

export const rightModel = (options: ModelOptions = {}) => modelFile({ pieces: RIGHT, ...options });
export const casedModel = () => modelFile({ pieces: CASED });

/** Texts that a tokenizer without a normalizer keeps whole; capitals, several bytes, many spaces. */
export const TEXTS: readonly string[] = [
  'the cat and the hen in the inn',
  'The NASA Launch of iPhone by OpenAI and then the rest of it',
  'a bare b bare c and a thin thing in the bin, and again a bare one.',
  'thé … 🙂 naïve 中文 and the rest of the line',
  '',
  'x',
  'an inch in the ink and a thing that hangs in the thin then',
];

export function docsFile(texts: readonly string[] = TEXTS): string {
  const path = join(temporaryFolder(), 'docs.jsonl');
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return path;
}

export async function* documentsOf(texts: readonly string[]): AsyncGenerator<Document> {
  for (const [k, text] of texts.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

export async function streamFor(model: string, texts: readonly string[]) {
  const tokenizer = loadTokenizer(model);
  const { stream } = await tokenizeDocuments(documentsOf(texts), tokenizer);
  return { tokenizer, stream };
}

/** Right sidecar entries of a stream whose documents all survive the round trip. */
export function sidecarOf(tokenizer: Tokenizer, stream: TokenStream): number[] {
  const shares = new DecodedShares(tokenizer);
  const entries = new Array<number>(stream.ids.length).fill(0);
  for (let k = 0; k < stream.documentStarts.length; k++) {
    const { textFrom, textTo } = documentSpan(stream, k);
    for (const [i, share] of shares.of(stream.ids, textFrom, textTo).entries()) {
      entries[textFrom + i] = share;
    }
  }
  return entries;
}

export interface DataSet {
  readonly folder: string;
  readonly ids: number[];
  readonly entries: number[];
}

/** Shards of `texts`, with a sidecar where asked for; `change` spoils tokens and entries first. */
export async function dataSet(
  model: string,
  texts: readonly string[] = TEXTS,
  change: (data: { ids: number[]; entries: number[] }) => void = () => {},
  withSidecar = false,
): Promise<DataSet> {
  const { tokenizer, stream } = await streamFor(model, texts);
  const data = { ids: [...stream.ids], entries: sidecarOf(tokenizer, stream) };
  change(data);
  const folder = temporaryFolder();
  await writeShard(join(folder, 'fineweb_val_000000.bin'), data.ids);
  if (withSidecar) await writeShard(join(folder, 'fineweb_val_bytes_000000.bin'), data.entries);
  return { folder, ...data };
}

export interface Table {
  base: number[];
  leading: number[];
  boundary: number[];
}

/** The rule's own table as a participant would dump it; `change` spoils it first. */
export function tableFile(
  model: string,
  change: (table: Table, tokenizer: Tokenizer) => unknown,
): string {
  const tokenizer = loadTokenizer(model);
  const lut = buildLut(tokenizer);
  const table: Table = {
    base: [...lut.base],
    leading: [...lut.leading],
    boundary: [...lut.boundary],
  };
  const changed = change(table, tokenizer);
  const path = join(temporaryFolder(), 'lut.json');
  writeFileSync(path, JSON.stringify(changed ?? table));
  return path;
}

export const run = (tokenizer: string, options: Partial<AuditOptions> = {}): Promise<AuditReport> =>
  audit({ tokenizer, ...options });

/** Names of the checks that found something of this weight. */
export const found = (report: AuditReport, severity: 'fail' | 'warn' | 'info') =>
  report.findings.filter((f) => f.severity === severity).map(({ check }) => check);
