/** Encoding: in one thread or many, whole or in parts, always the same ids in the same order. */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sotuDocuments } from '#bpb/data/sotu';
import type { Document } from '#bpb/data/types';
import { batchDocuments } from '#bpb/tokenizer/encode-pool';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { SegmentEncoder } from '#bpb/tokenizer/segments';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { collect } from '../helpers/collect.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  modelFile,
  referenceSentencePiece,
  SMALL,
  sentencePieceModel,
} from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

/** The small vocabulary without its piece of two spaces, which reaches over one. */
const SEPARABLE = SMALL.filter(([text]) => text !== '▁▁');

async function* documentsOf(texts: readonly string[]): AsyncGenerator<Document> {
  for (const [k, text] of texts.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

describe('misuse', () => {
  it('a text that is not Unicode is refused by every encoder', async () => {
    for (const tokenizer of [loadTokenizer('byte260'), loadTokenizer(modelFile())]) {
      const encoder = await createEncoder(tokenizer);
      expect((await refusalOf(() => encoder.encode('a\ud800b'))).code).toBe('BPB_LONE_SURROGATE');
    }
  });

  it('a model file that is replaced after loading is not read again', async () => {
    const path = modelFile();
    const tokenizer = loadTokenizer(path);
    const before = (await createEncoder(tokenizer)).encode('the cat');
    for (const replaced of [
      sentencePieceModel({ addDummyPrefix: true }),
      Buffer.from('no model'),
    ]) {
      writeFileSync(path, replaced);
      expect((await createEncoder(tokenizer)).encode('the cat')).toEqual(before);
    }
    // Another model gives other ids: the comparison above can fail.
    const other = loadTokenizer(modelFile({ addDummyPrefix: true }));
    expect((await createEncoder(other)).encode('the cat')).not.toEqual(before);
  });

  it('what SentencePiece cannot load is refused, though its load does not throw', async () => {
    const refusal = await refusalOf(() =>
      referenceSentencePiece(modelFile(Buffer.from('no model'))),
    );
    expect(refusal.code).toBe('BPB_TOKENIZER_LOAD');
  });

  it('an error in a worker keeps its code on the way back', async () => {
    const tokenizer = loadTokenizer(modelFile());
    const work = () => tokenizeDocuments(documentsOf(['a', '\ud800']), tokenizer, { workers: 1 });
    const refusal = await refusalOf(work);
    expect(refusal.code).toBe('BPB_LONE_SURROGATE');
    expect(refusal.hint).toMatch(/Repair the text/);
  });

  it('loading leaves no listeners behind in the process', async () => {
    const count = () =>
      process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
    const before = count();
    for (let k = 0; k < 3; k++) await createEncoder(loadTokenizer(modelFile()));
    expect(count()).toBe(before);
  });
});

it('byte260 is the bytes of the text, and comes back', async () => {
  const encoder = await createEncoder(loadTokenizer('byte260'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const ids = encoder.encode(text);
      expect([...ids]).toEqual([...Buffer.from(text)].map((byte) => byte + 4));
      expect(encoder.decode(ids)).toBe(text);
    }),
  );
});

it('with byte fallback and no normalization every text comes back', async () => {
  const encoder = await createEncoder(loadTokenizer(modelFile()));
  // U+2581 itself cannot: it is the mark for a space, and decodes as one.
  const texts = fc.string({ unit: 'binary' }).filter((text) => !text.includes('▁'));
  fc.assert(
    fc.property(texts, (text) => {
      expect(encoder.decode(encoder.encode(text))).toBe(text);
    }),
  );
});

describe('encoding word by word', () => {
  it.skipIf(SP8192 === null)('gives the ids of the whole document', async () => {
    const { encode } = await referenceSentencePiece(SP8192!);
    const segments = new SegmentEncoder(encode);
    for (const { text } of await collect(sotuDocuments('val'))) {
      expect(Buffer.from(segments.encode(text)).equals(Buffer.from(encode(text)))).toBe(true);
    }
  });

  const words = [
    'the',
    'The',
    ' ',
    '\n',
    '½',
    '▁',
    'x y',
    'Don’t',
    '  ',
    '12',
    'é',
    'e\u0301',
    '\u0308',
    '.',
    '\u200b',
    '~',
    '<s>',
    '\ue001',
  ];
  const models: [string, () => string, boolean][] = [
    ['small', () => modelFile({ pieces: SEPARABLE }), false],
    ['dummy prefix', () => modelFile({ pieces: SEPARABLE, addDummyPrefix: true }), false],
    ['spaces removed', () => modelFile({ pieces: SEPARABLE, removeExtraWhitespaces: true }), false],
    ['sp8192', () => SP8192!, SP8192 === null],
    ['case operators', () => CASEOPS!, CASEOPS === null],
  ];
  for (const [name, path, skip] of models) {
    it.skipIf(skip)(
      `gives the ids of the whole for any words and white space (${name})`,
      async () => {
        const file = path();
        expect(loadTokenizer(file).separable).toBe(true);
        const { encode } = await referenceSentencePiece(file);
        // A cache of three entries, so that it is emptied over and over.
        const segments = new SegmentEncoder(encode, 3);
        fc.assert(
          fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (some) => {
            const text = some.join(' ');
            expect([...segments.encode(text)]).toEqual([...encode(text)]);
          }),
          { numRuns: 300 },
        );
      },
    );
  }

  it.skipIf(SP8192 === null)('takes 20 MB, beyond what SentencePiece holds at once', async () => {
    const encoder = await createEncoder(loadTokenizer(SP8192!));
    const sentence = 'and so it went on and on ';
    const ids = encoder.encode(sentence.repeat(800_000));
    const once = encoder.encode(`x ${sentence}y`).length - encoder.encode('x y').length;
    expect(ids.length).toBe(800_000 * once);
  });

  it('is not done where a piece reaches over a space', async () => {
    const tokenizer = loadTokenizer(
      modelFile({ pieces: [...SEPARABLE, ['e▁c', undefined, 5], ['▁c', undefined, 4]] }),
    );
    expect(tokenizer.separable).toBe(false);
    const ids = (await createEncoder(tokenizer)).encode('the cat');
    expect(Array.from(ids, (id) => tokenizer.pieces[id]!.text)).toContain('e▁c');
  });
});

describe('batches', () => {
  it('hold every document once, in order, and end at the limit without reading on', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Document> {
      for (;;) yield { text: 'x', bytes: 1, line: ++read };
    }
    const batches = await collect(batchDocuments(endless(), 1000));
    expect(batches.flatMap(({ documents }) => documents.map(({ line }) => line))).toEqual(
      Array.from({ length: 1000 }, (_, k) => k + 1),
    );
    expect(batches.map(({ first }) => first)).toEqual([0, 512]);
    expect(read).toBe(1000);
    expect(await collect(batchDocuments(endless(), 0))).toEqual([]);
  });

  it('are read only a few ahead of the workers', async () => {
    let read = 0;
    async function* source(): AsyncGenerator<Document> {
      const text = 'the thing '.repeat(30_000);
      for (; read < 40; read++) yield { text, bytes: text.length, line: read + 1 };
    }
    const ahead: number[] = [];
    await tokenizeDocuments(source(), loadTokenizer('byte260'), {
      workers: 2,
      progress: (documents) => ahead.push(read - documents),
    });
    expect(ahead).toHaveLength(40);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4);
  });
});

describe('token streams of documents', () => {
  it('have BOS before each document, empty ones too', async () => {
    const { stream, facts, lines, complete } = await tokenizeDocuments(
      documentsOf(['ab', '', 'é']),
      loadTokenizer('byte260'),
    );
    expect([...stream.ids]).toEqual([1, 101, 102, 1, 1, 199, 173]);
    expect(stream.ids).toBeInstanceOf(Uint16Array);
    expect([...stream.documentStarts]).toEqual([0, 3, 4]);
    expect([...facts.originalBytes]).toEqual([2, 0, 2]);
    expect([...facts.decodedBytes]).toEqual([2, 0, 2]);
    expect([...facts.lossless]).toEqual([1, 1, 1]);
    expect([...lines]).toEqual([1, 2, 3]);
    expect(complete).toBe(true);
  });

  it('are the same for any number of workers', async () => {
    const tokenizer = loadTokenizer(modelFile());
    const texts = Array.from({ length: 700 }, (_, k) => `the thing ${k} and ½ `.repeat(k % 50));
    const [none, one, two] = await Promise.all(
      [0, 1, 2].map((workers) => tokenizeDocuments(documentsOf(texts), tokenizer, { workers })),
    );
    for (const other of [one!, two!]) {
      expect(Buffer.from(other.stream.ids).equals(Buffer.from(none!.stream.ids))).toBe(true);
      expect(other.facts).toEqual(none!.facts);
      expect(other.documentsSha256).toBe(none!.documentsSha256);
    }
  });

  it('say that a limit left something out', async () => {
    const cut = await tokenizeDocuments(documentsOf(['a', 'b', 'c']), loadTokenizer('byte260'), {
      limit: 2,
    });
    expect(cut.stream.documentStarts.length).toBe(2);
    expect(cut.complete).toBe(false);
  });

  it('know a lossy document from a lossless one', async () => {
    const tokenizer = loadTokenizer(modelFile({ removeExtraWhitespaces: true }));
    const { facts } = await tokenizeDocuments(documentsOf(['a b', 'a  b ']), tokenizer);
    expect([...facts.lossless]).toEqual([1, 0]);
    expect([...facts.decodedBytes]).toEqual([3, 3]);
    expect([...facts.originalBytes]).toEqual([3, 5]);
  });

  it('tell texts apart that are joined differently', async () => {
    const hash = async (texts: string[]) =>
      (await tokenizeDocuments(documentsOf(texts), loadTokenizer('byte260'))).documentsSha256;
    expect(await hash(['ab', 'c'])).not.toBe(await hash(['a', 'bc']));
  });
});
