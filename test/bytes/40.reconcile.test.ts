/** Reconciling published documents with a stream: the same, in order, or refused by name. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Accounting } from '#bpb/bytes/accounting';
import { reconcile } from '#bpb/bytes/reconcile';
import { firstDifference } from '#bpb/data/difference';
import { readDocuments } from '#bpb/data/documents';
import { sotuDocuments } from '#bpb/data/sotu';
import type { DocumentSource } from '#bpb/data/types';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { streamOf } from '../helpers/stream.js';
import { compileCharsmap } from '../tokenize/charsmap.js';

function documents(...texts: string[]): DocumentSource {
  const path = join(temporaryFolder(), 'docs.jsonl');
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return readDocuments(path);
}

const lossy = () => loadTokenizer(modelFile({ removeExtraWhitespaces: true }));

describe('refused', () => {
  it('fewer and more documents than the stream has, with both counts', async () => {
    const tokenizer = lossy();
    const { stream } = await tokenizeDocuments(documents('a', 'b', 'c'), tokenizer);
    for (const texts of [
      ['a', 'b'],
      ['a', 'b', 'c', 'd', 'e'],
    ]) {
      const refusal = await refusalOf(() => reconcile(documents(...texts), stream, tokenizer));
      expect(refusal.code).toBe('BPB_DOCUMENT_COUNT');
      expect(refusal.message).toContain(`holds ${texts.length} documents, the token stream 3`);
    }
  });

  it.each([0, 1])(
    'another document, by index, line and first differing byte (%d workers)',
    async (workers) => {
      const tokenizer = lossy();
      const { stream } = await tokenizeDocuments(
        documents('one', 'two thé thing', 'three'),
        tokenizer,
      );
      const other = documents('one', 'two thé thins', 'three');
      const refusal = await refusalOf(() => reconcile(other, stream, tokenizer, { workers }));
      expect(refusal.code).toBe('BPB_OTHER_DOCUMENT');
      expect(refusal.exitCode).toBe(3);
      expect(refusal.message).toContain('Document 1');
      expect(refusal.message).toContain('line 2');
      expect(refusal.message).toContain('byte 13');
      expect(refusal.expected).toContain('thins');
      expect(refusal.actual).toContain('thing');
    },
  );

  it('documents in another order, and one composed otherwise', async () => {
    const tokenizer = lossy();
    const { stream } = await tokenizeDocuments(documents('one', 'é'), tokenizer);
    for (const texts of [
      ['é', 'one'],
      ['one', 'e\u0301'],
    ]) {
      const refusal = await refusalOf(() => reconcile(documents(...texts), stream, tokenizer));
      expect(refusal.code).toBe('BPB_OTHER_DOCUMENT');
    }
  });

  it('a lossy document in tokens that its tokenizer would not give', async () => {
    const tokenizer = lossy();
    const { stream } = await tokenizeDocuments(documents('the  the'), tokenizer);
    const letters = ['t', 'h', 'e'].map((c) => tokenizer.pieces.findIndex((p) => p.text === c));
    const forged = streamOf([stream.ids[0]!, ...letters, stream.ids.at(-1)!]);
    const refusal = await refusalOf(() => reconcile(documents('the  the'), forged, tokenizer));
    expect(refusal.code).toBe('BPB_OTHER_DOCUMENT');
  });
});

it('lossless documents are confirmed by decoding, lossy ones by encoding again', async () => {
  const tokenizer = lossy();
  const source = () => documents('the thing', 'two  spaces ', '', '½ 🙂');
  const made = await tokenizeDocuments(source(), tokenizer);
  for (const workers of [0, 2]) {
    const { facts, documentsSha256, lines } = await reconcile(source(), made.stream, tokenizer, {
      workers,
    });
    expect(facts).toEqual(made.facts);
    expect([...facts.lossless]).toEqual([1, 0, 1, 1]);
    expect([...facts.intact]).toEqual([1, 1, 1, 1]);
    expect([...facts.originalBytes]).toEqual([9, 12, 0, 7]);
    expect([...facts.nfkcBytes]).toEqual([9, 12, 0, 10]);
    expect(facts.firstAltered).toBeNull();
    expect(documentsSha256).toBe(made.documentsSha256);
    expect([...lines]).toEqual([1, 2, 3, 4]);
  }
});

it('a document that the normalizer changed to another text is altered, and the first is shown', async () => {
  const charsmap = compileCharsmap({ e: 'x', '½': '1⁄2', '\n': ' ' });
  const tokenizer = loadTokenizer(modelFile({ charsmap, removeExtraWhitespaces: true }));
  const texts = ['a ½\nand\n', 'all that', `${'a '.repeat(20)}the end`, 'be'];
  const source = () => documents(...texts, ...Array<string>(600).fill('one'));
  const made = await tokenizeDocuments(source(), tokenizer, { workers: 1 });
  const { facts } = await reconcile(source(), made.stream, tokenizer, { workers: 1 });
  expect(facts).toEqual(made.facts);
  expect([...facts.lossless.subarray(0, 5)]).toEqual([0, 1, 0, 0, 0]);
  expect([...facts.intact.subarray(0, 5)]).toEqual([1, 1, 0, 0, 0]);
  expect(facts.nfkcBytes[0]).toBe(12);
  expect(facts.firstAltered).toEqual({
    document: 2,
    published: 'a a a a a a a the end',
    decoded: 'a a a a a a a thx xnd',
  });
  // The first altered document of a later batch: its index is that in the stream.
  const late = documents(...Array<string>(1100).fill('a'), 'e');
  const { facts: second } = await tokenizeDocuments(late, tokenizer);
  expect(second.firstAltered).toEqual({ document: 1100, published: 'e', decoded: 'x' });
});

it('case operators: letters that the normalizer composed and words that it joined are intact', async () => {
  const charsmap = compileCharsmap({ 'e\u0301': 'é', ﬁ: 'fi', '\u0001': '', ₓ: 'x' });
  const operators = ['\ue001', '\ue002', '\ue003', '\ue004'].map((text) => [text, 4] as const);
  const tokenizer = loadTokenizer(modelFile({ pieces: [...SMALL, ...operators], charsmap }));
  const texts = [
    'E\u0301lan',
    'CAFE\u0301S',
    'ﬁX',
    'Ab\u0001C',
    'NOₓ',
    'AB\u0001c',
    '\ue001 \ue004',
    'CAFé',
    'É',
  ];
  const { facts } = await tokenizeDocuments(documents(...texts), tokenizer);
  expect([...facts.intact]).toEqual(texts.map(() => 1));
  const folding = modelFile({
    pieces: [...SMALL, ...operators],
    charsmap: compileCharsmap({ h: 'x' }),
  });
  const folded = await tokenizeDocuments(documents('a', 'The'), loadTokenizer(folding));
  expect([...folded.facts.intact]).toEqual([1, 0]);
  expect([...facts.lossless]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1]);
});

it('the first documents of a file confirm a stream of only those', async () => {
  const tokenizer = lossy();
  const { stream } = await tokenizeDocuments(documents('a', 'b', 'c'), tokenizer, { limit: 2 });
  const { facts } = await reconcile(documents('a', 'b', 'c'), stream, tokenizer, { limit: 2 });
  expect([...facts.originalBytes]).toEqual([1, 1]);
});

it('firstDifference is the end of the shorter where one continues the other', () => {
  expect(firstDifference(Buffer.from('ab'), Buffer.from('abc'))).toBe(2);
  expect(firstDifference(Buffer.from('ab'), Buffer.from('ax'))).toBe(1);
  expect(firstDifference(Buffer.from(''), Buffer.from(''))).toBe(0);
});

describe.skipIf(SP8192 === null || CASEOPS === null)('real documents and tokenizers', () => {
  it('decoded equals the table, and the original is what was published', async () => {
    const tokenizer = loadTokenizer(SP8192!);
    const source = sotuDocuments('val');
    const { stream, facts } = await tokenizeDocuments(source, tokenizer, { workers: 2 });
    const accounting = new Accounting({ tokenizer, stream, facts });
    const totals = accounting.totals([[1, stream.ids.length - 1]]);
    expect(totals.decoded).toBe(totals.lut);
    expect(totals.original).toBe(source.facts()!.bytes);
    expect(totals.lut).toBeLessThanOrEqual(totals.original!);
  });

  it('through the case operators the same documents decode to the same bytes', async () => {
    const [plain, cased] = await Promise.all(
      [SP8192!, CASEOPS!].map((path) =>
        tokenizeDocuments(sotuDocuments('val'), loadTokenizer(path), { workers: 1 }),
      ),
    );
    expect(cased!.facts.decodedBytes).toEqual(plain!.facts.decodedBytes);
    expect(cased!.facts.lossless).toEqual(plain!.facts.lossless);
    expect(cased!.documentsSha256).toBe(plain!.documentsSha256);
  });
});
