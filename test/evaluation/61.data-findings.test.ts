/** Data that is not what it seems, by its kinds; and what honest people bring, which none of it may fail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { surveyStream } from '#bpb/bytes/survey';
import { identify } from '#bpb/data/known-sets';
import { findShards, readShards, writeShard } from '#bpb/data/shards';
import { findingsOf } from '#bpb/evaluation/data-findings';
import type { DataFacts } from '#bpb/evaluation/data-findings/facts';
import { DATA_FINDINGS } from '#bpb/evaluation/data-findings/table';
import { byte260 } from '#bpb/tokenizer/byte260';
import { withDocumentStart } from '#bpb/tokenizer/document-start';
import { loadTokenizer } from '#bpb/tokenizer/load';
import type { Tokenizer } from '#bpb/tokenizer/types';
import { temporaryFolder } from '../helpers/folder.js';
import { modelFile, PIECE_TYPE, SMALL } from '../helpers/sentencepiece.js';
import { streamOf } from '../helpers/stream.js';

const [PAD, BOS, EOS, UNK, FIRST_BYTE] = [0, 1, 2, 3, 4];
const bytes = (text: string) => [...Buffer.from(text)].map((byte) => byte + 4);
const WORDS = ['the', 'quick', 'brown', 'fox', 'jumps', 'over', 'a', 'lazy', 'dog', 'and', 'runs'];
/** Document `k`: another text for each. */
const text = (k: number) =>
  Array.from({ length: 9 + (k % 5) }, (_, j) => WORDS[(7 * k + 3 * j * (k + 1)) % 11]).join(' ') +
  ` ${k}`;
const document = (k: number) => [BOS, ...bytes(text(k))];
const documents = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, k) => document(from + k)).flat();

interface Judged {
  readonly tokenizer?: Tokenizer;
  readonly mode?: DataFacts['mode'];
  readonly scoredEnd?: number;
  readonly confirmed?: boolean;
  readonly data?: readonly string[];
}

/** Findings about shards of these names; `fail` first where severities are shown. */
async function judge(shards: Readonly<Record<string, readonly number[]>>, options: Judged = {}) {
  const folder = temporaryFolder();
  for (const [name, ids] of Object.entries(shards)) await writeShard(join(folder, name), ids);
  const { tokenizer = byte260(), mode = 'document', confirmed = false, data } = options;
  const files = findShards(data === undefined ? folder : data.map((name) => join(folder, name)));
  const start = tokenizer.documentStart;
  const startId = typeof start === 'number' ? start : null;
  const read = await readShards(files, { vocabulary: tokenizer.pieces.length, startId });
  const { stream } = read;
  const found = await findingsOf({
    ...{ ...read, tokenizer, sidecar: null, confirmed, partial: false, mode },
    scoredEnd: options.scoredEnd ?? stream.ids.length,
    known: identify({ documents: stream.documentStarts.length, tokens: stream.ids.length }),
    survey: confirmed ? null : await surveyStream(stream, tokenizer),
  });
  return found.map(({ id, severity, message, hint }) => ({ id, severity, message, hint }));
}

const brief = async (...given: Parameters<typeof judge>) =>
  (await judge(...given)).map(({ id, severity }) => `${severity} ${id}`);

const shard = (k: number, width = 6) => `fineweb_val_${String(k).padStart(width, '0')}.bin`;

describe('numbers of shards', () => {
  test.each([
    [[0, 2], 'fail shard-gap'],
    [[0, 1, 2, 7], 'fail shard-gap'],
    [[1, 2], 'fail first-shard-missing'],
    [[3], 'fail first-shard-missing'],
  ])('%j: %s', async (numbers, expected) => {
    const shards = Object.fromEntries(numbers.map((k) => [shard(k), documents(5 * k, 5 * k + 5)]));
    expect(await brief(shards)).toEqual([expected]);
    const [finding] = await judge(shards);
    expect(finding!.hint).toContain(`--accept ${finding!.id}`);
  });

  test('a number twice', async () => {
    const shards = { [shard(0)]: documents(0, 5), [shard(0, 1)]: documents(5, 10) };
    const [finding] = await judge(shards);
    expect(finding).toMatchObject({ id: 'shard-gap', severity: 'fail' });
    expect(finding!.message).toContain('have the same number');
  });

  test('files that are named one by one, and those that lie beside them', async () => {
    const shards = Object.fromEntries(
      [0, 1, 2].map((k) => [shard(k), documents(5 * k, 5 * k + 5)]),
    );
    expect(await brief(shards, { data: [shard(0), shard(2)] })).toEqual(['fail shard-gap']);
    expect(await brief(shards, { data: [shard(1)] })).toEqual([
      'fail first-shard-missing',
      'warn partial-set',
    ]);
    expect(await brief(shards, { data: [shard(0), shard(1)] })).toEqual(['warn partial-set']);
  });

  test.each([
    [['wikitext_2.bin', 'wikitext_103.bin']],
    [['set_0001.bin', 'set_0002.bin']],
    [['news.bin', 'law.bin']],
    [['fineweb_val_tiny.bin']],
    [[shard(0)]],
    [['fineweb_val_0.bin', 'fineweb_val_1.bin']],
  ])('%j are right', async (names) => {
    const shards = names.map((name, k) => [name, documents(5 * k, 5 * k + 5)]);
    expect(await brief(Object.fromEntries(shards), { data: names })).toEqual([]);
  });
});

describe('the same text twice', () => {
  test.each([
    'fineweb_val_000000 (1).bin',
    'fineweb_val_000000 copy.bin',
    'fineweb_val_000000 - Kopie.bin',
    'fineweb_val_000000_old.bin',
    'fineweb_val_000000~1.bin',
    'fineweb_val_000000-v2.bin',
  ])('by name: %s, whatever is in it', async (name) => {
    expect(await brief({ [shard(0)]: documents(0, 5), [name]: documents(5, 10) })).toEqual([
      'fail shard-copy',
    ]);
  });

  test.each([
    ['a.bin', 'a (2).bin'],
    ['a.bin', 'Copy of a.bin'],
    ['a.bin', 'a.bin.bak'],
  ])('by names of one’s own: %s, %s', async (one, other) => {
    const shards = { [one]: documents(0, 5), [other]: documents(5, 10) };
    expect(await brief(shards, { data: [one, other] })).toEqual(['fail shard-copy']);
  });

  test('a lone copy is read, with a word about its name', async () => {
    expect(await brief({ 'fineweb_val_000000 (1).bin': documents(0, 5) })).toEqual([
      'warn shard-names',
    ]);
  });

  const own = documents(0, 8);
  test.each([
    ['equal files', own],
    ['its end', own.slice(150)],
    ['a stretch from inside documents', own.slice(40, 300)],
    ['its documents in another order', [7, 2, 5, 1, 0, 3].flatMap(document)],
    ['its documents and few others', [...documents(3, 8), ...documents(20, 22)]],
  ])('by contents: %s', async (_, other) => {
    const shards = { [shard(0)]: own, [shard(1)]: other };
    expect(await brief(shards)).toContain('fail equal-shards');
    const small = { [shard(0)]: other, [shard(1)]: own };
    expect(await brief(small)).toContain('fail equal-shards');
  });

  test('text that repeats itself, and a short last shard, are right', async () => {
    const cycle = Array.from({ length: 40 }, (_, k) => document(k % 3)).flat();
    expect(
      await brief({ [shard(0)]: cycle, [shard(1)]: [...document(3), ...cycle.slice(90)] }),
    ).toEqual([]);
    // Cut at any place, either part of it stands in the other.
    expect(await brief({ [shard(0)]: cycle.slice(0, 900), [shard(1)]: cycle.slice(900) })).toEqual(
      [],
    );
    expect(await brief({ [shard(0)]: own, [shard(1)]: document(9).slice(0, 12) })).toEqual([]);
    expect(await brief({ [shard(0)]: own, [shard(1)]: documents(8, 16) })).toEqual([]);
  });

  test('what documents confirm may be twice, but no copy by its name', async () => {
    const shards = { [shard(0)]: own, [shard(1)]: [...own, ...document(9)] };
    expect(await brief(shards, { confirmed: true })).toEqual([]);
    const copy = { [shard(0)]: own, 'fineweb_val_000000 (1).bin': own };
    expect(await brief(copy, { confirmed: true })).toEqual(['fail shard-copy']);
  });
});

describe('padding', () => {
  const own = documents(0, 8);
  const repeat = (id: number, count: number) => new Array<number>(count).fill(id);
  test.each([
    ['20 of <pad>', repeat(PAD, 20)],
    ['two of <pad> after an end', [EOS, PAD, PAD]],
    ['the unknown id', repeat(UNK, 5)],
    ['starts', repeat(BOS, 20)],
    ['ends', repeat(EOS, 4)],
    ['NUL bytes', repeat(4, 16)],
    ['one byte beyond what text has', repeat(4 + 32, 300)],
    ['<pad> before an end and a start', [...repeat(PAD, 20), EOS, BOS]],
  ])('%s at the end', async (_, padding) => {
    expect(await brief({ [shard(0)]: [...own, ...padding] })).toContain('fail padding-at-end');
    // Bytes that the published documents have are text; documents do not show ids without text.
    const isText = padding.every((id) => id >= FIRST_BYTE);
    const confirmed = await brief({ [shard(0)]: [...own, ...padding] }, { confirmed: true });
    expect(confirmed.includes('fail padding-at-end')).toBe(!isText);
    const inner = { [shard(0)]: [...own, ...padding], [shard(1)]: documents(10, 15) };
    expect(await brief(inner)).toContain('fail padding-at-end');
  });

  test('in the tail that a window drops it is only noted', async () => {
    const ids = [...own, ...repeat(PAD, 20)];
    const options = { mode: 'chunk', scoredEnd: own.length } as const;
    expect(await brief({ [shard(0)]: ids }, options)).toEqual(['note padding-at-end']);
    const reached = { ...options, scoredEnd: own.length + 1 };
    expect(await brief({ [shard(0)]: ids }, reached)).toEqual(['fail padding-at-end']);
  });

  test('of a tokenizer with merges: a piece that text would not repeat', async () => {
    const tokenizer = loadTokenizer(modelFile({ pieces: SMALL }));
    const t = tokenizer.pieces.findIndex(({ text }) => text === 't');
    const the = tokenizer.pieces.findIndex(({ text }) => text.length === 1 && text !== '▁');
    expect(t).toBeGreaterThan(0);
    expect(the).toBeGreaterThan(0);
    const ids = [BOS, t, the, t, the, ...repeat(t, 10)];
    // It has no merge of this piece with itself, so that text can be so.
    expect(await brief({ [shard(0)]: ids }, { tokenizer })).toEqual([]);
  });

  test.each([
    ['a rule of dashes', [...own, ...bytes('-'.repeat(80))]],
    ['empty documents', [...own, BOS, BOS, BOS]],
    ['an end id', [...own, EOS]],
  ])('%s at the end of the text is none', async (_, ids) => {
    const ofPadding = (await brief({ [shard(0)]: ids })).filter((id) => id.includes('padding'));
    expect(ofPadding).toEqual([]);
  });
});

describe('ids inside documents', () => {
  const own = document(0);
  test.each([
    ['<pad>', [...own, PAD, ...bytes('more')]],
    ['</s>', [...own, EOS, ...bytes('more'), ...document(1)]],
    ['the unknown id of a vocabulary that has every text', [...own, UNK, ...bytes('more')]],
    ['documents filled up to one length', [...own, PAD, PAD, PAD, ...document(1)]],
  ])('%s', async (_, ids) => {
    expect(await brief({ [shard(0)]: ids })).toEqual(['fail impossible-ids']);
    expect(await brief({ [shard(0)]: ids }, { confirmed: true })).toEqual(['fail impossible-ids']);
  });

  test('unused pieces', async () => {
    const pieces = [...SMALL, ['never', PIECE_TYPE.unused]] as typeof SMALL;
    const tokenizer = loadTokenizer(modelFile({ pieces }));
    const t = tokenizer.pieces.findIndex(({ text }) => text === 't');
    const found = await brief({ [shard(0)]: [BOS, t, SMALL.length, t] }, { tokenizer });
    expect(found).toEqual(['fail other-tokenizer']);
    const rare = [...new Array<number>(1500).fill(BOS).flatMap((id) => [id, t]), SMALL.length, t];
    expect(await brief({ [shard(0)]: rare }, { tokenizer })).toContain('fail impossible-ids');
  });

  test('an end id after each document is only warned of, a last one too', async () => {
    const ended = [0, 1, 2].flatMap((k) => [...document(k), EOS]);
    expect(await brief({ [shard(0)]: ended })).toEqual(['warn document-end-ids']);
    const empty = [...document(0), EOS, BOS, EOS, ...document(1), EOS];
    expect(await brief({ [shard(0)]: empty })).toEqual(['warn document-end-ids']);
    expect(await brief({ [shard(0)]: [...document(0), EOS] })).toEqual(['warn document-end-ids']);
    const marked = [0, 1, 2].flatMap((k) => [BOS, EOS, ...bytes(text(k))]);
    expect(await brief({ [shard(0)]: marked })).toEqual(['warn document-end-ids']);
  });

  test('of ends as starts, and of no starts at all, none is wrong', async () => {
    const separated = [0, 1, 2].flatMap((k) => [EOS, ...bytes(text(k))]);
    const ends = withDocumentStart(byte260(), EOS);
    expect(await brief({ [shard(0)]: separated }, { tokenizer: ends })).toEqual([]);
    const after = [0, 1, 2].flatMap((k) => [...bytes(text(k)), EOS]);
    const chunk = { mode: 'chunk' } as const;
    expect(await brief({ [shard(0)]: after }, chunk)).toEqual(['note no-document-start']);
    expect(await brief({ [shard(0)]: [...after, EOS, EOS] }, chunk)).toEqual([
      'note no-document-start',
    ]);
    const none = withDocumentStart(byte260(), 'none');
    const plain = [0, 1, 2].flatMap((k) => bytes(text(k)));
    expect(await brief({ [shard(0)]: plain }, { ...chunk, tokenizer: none })).toEqual([]);
    const [finding] = await judge({ [shard(0)]: after }, { ...chunk, tokenizer: none });
    expect(finding).toMatchObject({ id: 'document-end-ids', severity: 'warn' });
    expect(finding!.hint).toContain('--document-start 2');
  });
});

describe('sets', () => {
  const facts = (documents: number, tokens: number, file = shard(0)): DataFacts => {
    const starts = Uint32Array.from({ length: documents }, (_, k) => k);
    return {
      stream: {
        ...streamOf([BOS], [0]),
        ids: new Uint16Array(tokens) as never,
        documentStarts: starts as never,
      },
      tokenizer: byte260(),
      shards: [],
      ...{ sidecar: null, confirmed: true, partial: false, mode: 'chunk', survey: null },
      scoredEnd: tokens,
      known: identify({ documents, tokens }),
      ...{ file },
    };
  };

  test('10,000 documents are a part of the set, by whatever tokens', async () => {
    for (const tokens of [20_000, 30_000]) {
      const found = await findingsOf(facts(10_000, tokens));
      expect(found).toMatchObject([{ id: 'partial-set', severity: 'warn' }]);
    }
    expect(await findingsOf(facts(9_999, 20_000))).toEqual([]);
    expect(await findingsOf({ ...facts(10_000, 20_000), partial: true })).toEqual([]);
  });

  test('fewer documents than the set whose names the shards have', async () => {
    const starts = new Array<number>(1200).fill(BOS).flatMap((id, k) => [id, ...bytes(`a ${k}`)]);
    expect(await brief({ [shard(0)]: starts })).toEqual(['warn partial-set']);
    expect(await brief({ 'mine.bin': starts }, { data: ['mine.bin'] })).toEqual([]);
  });

  test('a known set with a caution', async () => {
    const known = {
      name: 'fineweb-val-50k/bytes-without-bos',
      by: 'counts',
      caution: 'without BOS',
    } as const;
    const found = await findingsOf({ ...facts(12, 100), known });
    expect(found).toMatchObject([{ id: 'foreign-set', severity: 'warn' }]);
    expect(found[0]!.message).toContain('without BOS');
  });
});

test('the page about data has every finding, as grave', () => {
  const page = readFileSync('docs/data.md', 'utf8');
  for (const [id, { severity }] of Object.entries(DATA_FINDINGS)) {
    expect(page).toMatch(new RegExp(`^\\| \`${id}\` \\| ${severity}[ ,]`, 'm'));
  }
});
