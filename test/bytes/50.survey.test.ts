/** Surveys: own shards of any text are not called another tokenizer's, and those of another one are. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { foreignSigns, surveyStream } from '#bpb/bytes/survey';
import { documentStartsOf } from '#bpb/data/document-starts';
import { sotuDocuments } from '#bpb/data/sotu';
import type { TokenStream } from '#bpb/data/types';
import { startIdOf, withDocumentStart } from '#bpb/tokenizer/document-start';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import type { Tokenizer } from '#bpb/tokenizer/types';
import { collect } from '../helpers/collect.js';
import { uniform } from '../helpers/models.js';
import { gpt2Style, userDefinedBos, withoutControls } from '../helpers/no-bos.js';
import { modelFile } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { streamOf } from '../helpers/stream.js';

const SOTU = 'models/sotu-8x256/tokenizer.model';

const next = uniform(11);
const drawn = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');

/** Texts that no tokenizer here was trained on, and short ones. */
const TEXTS: Record<string, () => Promise<readonly string[]> | readonly string[]> = {
  addresses: async () => (await collect(sotuDocuments('val'))).map(({ text }) => text).slice(0, 3),
  code: () => readdirSync('src/score').map((name) => readFileSync(`src/score/${name}`, 'utf8')),
  'other languages': () =>
    [
      '今日は天気がいいですね。東京へ行きたいと思います。',
      'Это просто текст на русском языке, без всякого смысла. ',
      'مرحبا بالعالم هذا نص عربي للاختبار ',
      'Straße, Äpfel und Öl über alles; ça va, Zoë? ',
    ].map((text) => text.repeat(12)),
  emoji: () => ['🙂🙃🤖👩‍👩‍👧‍👦 '.repeat(30), 'the 🙂 is é '.repeat(30)],
  'looks binary': () => [
    drawn('01 \t\n.,;:#$%&{}[]<>/\\ABCDEF', 1500),
    drawn('0123456789abcdef', 1500),
    drawn(String.fromCharCode(...Array.from({ length: 256 }, (_, k) => k)), 1500),
  ],
  'short documents': () => Array.from({ length: 300 }, () => drawn('abcdefghij', 1 + next() * 6)),
  'empty documents': () => ['', '', 'a', '', ''],
  'a few tokens': () => ['hi', 'a b c'],
};

/** Each with what begins a document. */
const TOKENIZERS: [string, () => string, number | 'none' | undefined, boolean?][] = [
  ['byte260', () => 'byte260', undefined],
  ['sotu', () => SOTU, undefined],
  ['sp8192', () => SP8192!, undefined, SP8192 === null],
  ['case operators', () => CASEOPS!, undefined, CASEOPS === null],
  ['GPT-2 habit', gpt2Style, 0],
  ['GPT-2 habit, dummy prefix', () => gpt2Style({ addDummyPrefix: true }), 'none'],
  ['spaces removed', () => modelFile({ removeExtraWhitespaces: true }), undefined],
  ['user-defined <s>', userDefinedBos, 1],
  ['no byte pieces', withoutControls, 'none'],
];

const texts = new Map<string, readonly string[]>();
beforeAll(async () => {
  for (const [name, make] of Object.entries(TEXTS)) texts.set(name, await make());
});

const load = (path: string, start: number | 'none' | undefined) =>
  withDocumentStart(loadTokenizer(path), start);

async function* documentsOf(all: readonly string[]) {
  for (const [k, text] of all.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

async function signsOf({ ids }: TokenStream, tokenizer: Tokenizer): Promise<string[]> {
  const startId = startIdOf(tokenizer);
  const stream = { ids, startId, documentStarts: documentStartsOf(ids, startId) };
  return foreignSigns(await surveyStream(stream, tokenizer));
}

describe.each(TOKENIZERS)('own shards are taken as such: %s', (_, path, start, skip = false) => {
  it.skipIf(skip).each(Object.keys(TEXTS))('%s', async (name) => {
    const tokenizer = load(path(), start);
    const { stream } = await tokenizeDocuments(documentsOf(texts.get(name)!), tokenizer);
    expect(await signsOf(stream, tokenizer)).toEqual([]);
  });
});

describe('shards of another tokenizer are called that', () => {
  const pairs: [string, () => string, () => string, boolean?][] = [
    ['1,024 pieces read with 8,192', () => SOTU, () => SP8192!, SP8192 === null],
    ['case operators read without', () => CASEOPS!, () => SP8192!, CASEOPS === null],
    ['8,192 pieces read with case operators', () => SP8192!, () => CASEOPS!, CASEOPS === null],
    ['bytes read with pieces', () => 'byte260', () => SOTU],
    ['<|endoftext|> first read with <pad> first', gpt2Style, userDefinedBos],
  ];
  for (const [name, made, read, skip = false] of pairs)
    it.skipIf(skip)(name, async () => {
      const [maker, reader] = [made(), read()];
      const own = load(maker, loadTokenizer(maker).bosId === null ? 0 : undefined);
      const tokenizer = load(reader, loadTokenizer(reader).bosId === null ? 1 : undefined);
      const { stream } = await tokenizeDocuments(documentsOf(texts.get('addresses')!), own);
      expect(await signsOf(stream, tokenizer)).not.toEqual([]);
    });

  it('raw bytes where the byte vocabulary has an offset, by their control characters', async () => {
    const bytes = Buffer.from(texts.get('addresses')!.join('').slice(0, 20_000));
    const signs = await signsOf(streamOf(bytes), loadTokenizer('byte260'));
    expect(signs.join()).toContain('control characters');
  });

  it('random ids of the byte vocabulary, by bytes that form no character', async () => {
    const ids = Array.from({ length: 4000 }, () => 4 + Math.floor(next() * 256));
    const signs = await signsOf(streamOf(ids), loadTokenizer('byte260'));
    expect(signs.join()).toContain('part of no character');
  });

  it('a stream of mostly BOS', async () => {
    const ids = Array.from({ length: 400 }, (_, k) => (k % 4 === 0 ? 101 : 1));
    const signs = await signsOf(streamOf(ids), loadTokenizer('byte260'));
    expect(signs.join()).toContain('begin a document (300 of 400)');
  });
});
