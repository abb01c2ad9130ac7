/** Bytes of documents with and without a start id: sums over targets against sums over texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accounting } from '#bpb/bytes/accounting';
import { alignDocuments } from '#bpb/bytes/align';
import type { DocumentSource } from '#bpb/data/types';
import { withDocumentStart } from '#bpb/tokenizer/document-start';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import type { DocumentStart, Tokenizer } from '#bpb/tokenizer/types';
import { gpt2Style, userDefinedBos, withoutControls } from '../helpers/no-bos.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

const MODELS: [string, () => string, number | null][] = [
  ['GPT-2 habit', gpt2Style, 0],
  ['GPT-2 habit, dummy prefix', () => gpt2Style({ addDummyPrefix: true }), 0],
  ['GPT-2 habit, spaces removed', () => gpt2Style({ removeExtraWhitespaces: true }), 0],
  ['user-defined <s>', userDefinedBos, 1],
  ['user-defined <s>, dummy prefix', () => userDefinedBos({ addDummyPrefix: true }), 1],
  ['byte260 and its EOS', () => 'byte260', 2],
  ['no control piece', () => withoutControls({ addDummyPrefix: true }), null],
];

/** Texts with what tokenizers treat apart: spaces at both ends, several bytes, symbols, nothing. */
const text = fc
  .array(fc.constantFrom('the ', ' ', '  ', 'a', 'é', '🙂', '中', 'x', '</s>', 'ing', '.'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

/** The first ones empty or a space alone, so that token 0 is another document's. */
const someTexts = () => [...fc.sample(fc.constantFrom('', ' '), 2), ...fc.sample(text, 150), ''];

function sourceOf(all: readonly string[]): DocumentSource {
  return {
    path: 'docs.jsonl',
    facts: () => null,
    async *[Symbol.asyncIterator]() {
      for (const [k, text] of all.entries()) {
        yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
      }
    },
  };
}

/** Bytes of one token by the text of the rule; nothing for the id that begins documents. */
function ruleBytes({ pieces }: Tokenizer, startId: DocumentStart, previous: number, id: number) {
  const counts = (k: number) =>
    k !== startId && !['control', 'unknown', 'unused'].includes(pieces[k]!.type);
  if (!counts(id)) return 0n;
  const { text, type } = pieces[id]!;
  if (type === 'byte') return 1n;
  const rest = BigInt(Buffer.byteLength(text.replace(/^▁/, '')));
  return text.startsWith('▁') && counts(previous) ? rest + 1n : rest;
}

describe.each(MODELS)('%s', (_, model, startId) => {
  const starts: DocumentStart[] = startId === null ? ['none'] : [startId, 'none'];
  it.each(starts)('document start %s: each document has the bytes of its text', async (start) => {
    const tokenizer = withDocumentStart(loadTokenizer(model()), start);
    const encoder = await createEncoder(tokenizer);
    const all = someTexts();
    const { stream, facts } = await tokenizeDocuments(sourceOf(all), tokenizer);
    const n = stream.ids.length;
    // By document: the tokens by encoding, one text after the other.
    const owner: number[] = [];
    const ids: number[] = [];
    for (const [k, text] of all.entries()) {
      const own = [...encoder.encode(text)];
      if (start !== 'none') own.unshift(start);
      ids.push(...own);
      owner.push(...own.map(() => k));
    }
    expect([...stream.ids]).toEqual(ids);
    const lut = all.map(() => 0n);
    const targets = all.map(() => 0);
    for (let i = 1; i < n; i++) {
      const k = start === 'none' ? owner[i]! : owner[i - 1]!;
      targets[k]!++;
      lut[k]! += ruleBytes(tokenizer, start, ids[i - 1]!, ids[i]!);
    }
    const decoded = all.map((text) => Buffer.byteLength(encoder.decode(encoder.encode(text))));
    const accounting = new Accounting({ tokenizer, stream, facts });
    const check = (cuts: readonly number[]) => {
      const ends = [...new Set([1, n, ...cuts.map((cut) => 1 + (cut % n))])].sort((a, b) => a - b);
      const totals = accounting.totals(
        ends.slice(1).map((end, k) => [ends[k]!, end - ends[k]!] as const),
      );
      const { byDocument } = totals;
      expect([...byDocument.targets]).toEqual(targets);
      expect([...byDocument.lut].map(BigInt)).toEqual(lut);
      expect(BigInt(totals.lut)).toBe(lut.reduce((a, b) => a + b, 0n));
      for (const [k, text] of all.entries()) {
        if (targets[k] === 0) continue;
        // Token 0 is no target: without a start id it takes its bytes from its document.
        if (start === 'none' && k === owner[0]) {
          expect(byDocument.decoded[k]).toBeLessThanOrEqual(decoded[k]!);
          continue;
        }
        expect(byDocument.decoded[k]).toBe(decoded[k]);
        // What has no piece, and no byte pieces, is gone: such a text is altered.
        const kept = encoder.encode(text).every((id) => tokenizer.pieces[id]!.type !== 'unknown');
        expect(facts.intact[k]).toBe(kept ? 1 : 0);
        expect(byDocument.original![k]).toBe(kept ? Buffer.byteLength(text) : Number.NaN);
        expect(byDocument.complete[k]).toBe(1);
      }
    };
    fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 6 }), check), { numRuns: 20 });
  });
});

it('the reference counts the leading space of a document that no boundary token precedes', async () => {
  const all = ['the the', 'the'];
  const model = gpt2Style({ addDummyPrefix: true });
  const lutOf = async (start: DocumentStart) => {
    const tokenizer = withDocumentStart(loadTokenizer(model), start);
    const { stream, facts } = await tokenizeDocuments(sourceOf(all), tokenizer);
    const { byDocument } = new Accounting({ tokenizer, stream, facts }).totals([
      [1, stream.ids.length - 1],
    ]);
    return byDocument;
  };
  expect([...(await lutOf(0)).lut]).toEqual([7, 3]);
  const touching = await lutOf('none');
  expect(touching.lut[1]).toBe(4);
  expect(touching.decoded[1]).toBe(3);
  expect(touching.original![1]).toBe(3);
});

it('a user-defined symbol that begins documents is no text of theirs', async () => {
  const tokenizer = withDocumentStart(loadTokenizer(userDefinedBos()), 1);
  const { stream, facts } = await tokenizeDocuments(sourceOf(['the', 'the']), tokenizer);
  const totals = new Accounting({ tokenizer, stream, facts }).totals([[1, stream.ids.length - 1]]);
  expect(totals).toMatchObject({ lut: 6, decoded: 6, original: 6 });
});

describe('documents of a stream in which nothing stands between them', () => {
  const noneStart = () => withDocumentStart(loadTokenizer(gpt2Style()), 'none');
  const streamed = async (all: readonly string[]) => {
    const tokenizer = noneStart();
    const { stream, facts } = await tokenizeDocuments(sourceOf(all), tokenizer);
    return { tokenizer, whole: streamOf(stream.ids, [0], null), stream, facts };
  };

  it('another document is refused by its line and token', async () => {
    const { tokenizer, whole } = await streamed(['the', 'an x', 'a']);
    const refusal = await refusalOf(() =>
      alignDocuments(sourceOf(['the', 'an y', 'a']), whole, tokenizer),
    );
    expect(refusal.code).toBe('BPB_OTHER_DOCUMENT');
    expect(refusal.message).toMatch(/Document 1 in line 2 .* its token \d/);
  });

  it('too few and too many documents are refused', async () => {
    const { tokenizer, whole } = await streamed(['the', 'an x', 'a']);
    const few = await refusalOf(() => alignDocuments(sourceOf(['the']), whole, tokenizer));
    expect(few.code).toBe('BPB_DOCUMENT_COUNT');
    const many = await refusalOf(() =>
      alignDocuments(sourceOf(['the', 'an x', 'a', 'b']), whole, tokenizer),
    );
    expect(many.code).toBe('BPB_OTHER_DOCUMENT');
    expect(many.actual).toBe('the end of the stream');
  });

  it('the right ones give the stream that they were tokenized to', async () => {
    const { tokenizer, whole, stream, facts } = await streamed(['the', '', 'an x', 'a']);
    const aligned = await alignDocuments(sourceOf(['the', '', 'an x', 'a']), whole, tokenizer);
    expect(aligned.stream.documentStarts).toEqual(stream.documentStarts);
    expect(aligned.facts).toEqual(facts);
    const first = await alignDocuments(sourceOf(['the', '', 'an x', 'a']), whole, tokenizer, {
      limit: 2,
    });
    expect(first.stream.ids.length).toBe(stream.documentStarts[2]);
  });
});
