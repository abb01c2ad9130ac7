/** What `tokenize` writes scores as its documents do, to the last bit; with a sidecar, by the sidecar. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { score } from '#bpb/score/score';
import { tokenize } from '#bpb/tokenize/tokenize';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { seededTexts } from '../helpers/score-fixture.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { EDGES, operatorPieces } from './texts.js';

/** A table model of the tokenizer's width, and documents tokenized into several shards. */
async function prepared(tokenizer: string) {
  const folder = temporaryFolder();
  const width = loadTokenizer(tokenizer).pieces.length;
  const model = join(folder, 'table.onnx');
  const docs = join(folder, 'docs.jsonl');
  const shards = join(folder, 'shards');
  writeFileSync(model, tableModel(normals(width * width, 3, 2), width));
  const texts = [...seededTexts(40), ...EDGES, 'Title ALLCAPS camelCase', ''];
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const written = await tokenize({ docs, tokenizer, out: shards, workers: 0, shardTokens: 1000 });
  expect(written.shards.length).toBeGreaterThan(2);
  return { model, docs, shards, written };
}

/** Without the piece of two spaces, whose bytes no table has right. */
const PLAIN = SMALL.filter(([text]) => text !== '▁▁');

const common = { window: 'chunk', seqLen: 32, workers: 1, threads: 1 } as const;

it.each<[string, () => string]>([
  ['byte260', () => 'byte260'],
  ['a SentencePiece model', () => modelFile({ pieces: PLAIN, removeExtraWhitespaces: true })],
])('%s: shards and documents are one score', async (_, path) => {
  const tokenizer = path();
  const { model, docs, shards, written } = await prepared(tokenizer);
  const shared = { ...common, artifact: model, tokenizer };
  const fromDocs = await score({ ...shared, docs });
  const fromShards = await score({ ...shared, data: [shards] });
  expect(fromShards.totals.nats_q30).toBe(fromDocs.totals.nats_q30);
  expect(fromShards.score.val_loss).toBe(fromDocs.score.val_loss);
  expect(fromShards.score.val_bpb).toBe(fromDocs.score.val_bpb);
  expect(fromShards.coverage).toEqual(fromDocs.coverage);
  expect(fromShards.coverage.tokens).toBe(written.tokens);
  expect(fromShards.data.shards.map(({ sha256 }) => sha256)).toEqual(
    written.shards.map(({ sha256 }) => sha256),
  );
  // With the documents beside the shards, nothing is unknown any more.
  const both = await score({ ...shared, data: [shards], docs });
  expect(both.totals.bytes).toEqual(fromDocs.totals.bytes);
  expect(both.data.documents?.sha256).toBe(written.documents.sha256);
});

it('case operators: the headline is the sidecar, confirmed by the documents', async () => {
  const tokenizer = modelFile({
    pieces: [...PLAIN, ...operatorPieces],
    removeExtraWhitespaces: true,
  });
  const { model, docs, shards, written } = await prepared(tokenizer);
  const result = await score({
    ...common,
    tail: 'score',
    artifact: model,
    tokenizer,
    data: [shards],
    docs,
  });
  expect(result.totals.headline).toBe('sidecar');
  // Every target but the first BOS is scored, and BOS has no bytes.
  expect(result.totals.bytes.sidecar).toBe(written.bytes.sidecar);
  expect(result.totals.bytes.decoded).toBe(written.bytes.decoded);
  expect(result.totals.denominator.confirmed_by).toBe('documents');
  const nats = Number(result.totals.nats_q30) / 2 ** 30;
  // Two divisions of doubles.
  expect(result.score.val_bpb).toBeCloseTo(nats / Math.LN2 / written.bytes.sidecar!, 12);
  expect(result.totals.documents_lossy).toBe(written.documents.lossy);
});
