/** Normalizers that change the text, and tables that count more than the documents have. */
import { describe, expect, it, test } from 'vitest';
import { Accounting } from '#bpb/bytes/accounting';
import { alteredText } from '#bpb/bytes/altered';
import { documentsBytes, tableCeiling } from '#bpb/bytes/ceiling';
import type { DocumentFacts } from '#bpb/data/types';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { judged } from '../helpers/judged.js';
import { BYTES, type ModelOptions, modelFile, SMALL, SPECIALS } from '../helpers/sentencepiece.js';
import { streamOf } from '../helpers/stream.js';
import { compileCharsmap } from '../tokenize/charsmap.js';

const ids = ({ findings }: Pick<Awaited<ReturnType<typeof judged>>, 'findings'>) =>
  findings.map(({ id, severity }) => `${severity} ${id}`);

/** Without the piece of two spaces, whose bytes no table has right. */
const PLAIN = SMALL.filter(([text]) => text !== '▁▁');
const normalizing = (rules: Record<string, string>, options: ModelOptions = {}) =>
  modelFile({ pieces: PLAIN, charsmap: compileCharsmap(rules), ...options });

const EXCEEDS = 'fail denominator-exceeds';
const ALTERED = 'fail text-altered';
const ENGLISH = ['the quick brown fox', 'she sells seashells', 'in the end'];
const VOWELS = { a: 'e', i: 'e', o: 'e', u: 'e' };

describe('a normalizer that', () => {
  test.each<[string, Record<string, string>, readonly string[]]>([
    ['expands a letter', { e: 'eeeeeeee' }, [EXCEEDS, ALTERED]],
    ['expands a word', { the: 'the the the the' }, [EXCEEDS, ALTERED]],
    ['puts text around a letter', { q: 'xxqxx' }, [EXCEEDS, ALTERED]],
    ['folds vowels', VOWELS, [ALTERED]],
    ['folds one letter into another', { k: 'c' }, [ALTERED]],
    ['drops a letter', { x: '' }, [ALTERED]],
    ['drops a word', { quick: '' }, [ALTERED]],
    ['exchanges two letters', { e: 'a', a: 'e' }, [ALTERED]],
    ['replaces a word by a letter', { brown: 'b' }, [ALTERED]],
  ])('%s', async (_, rules, expected) => {
    const path = normalizing(rules);
    const found = await judged(path, ENGLISH, { docs: true, namedByCaller: true });
    expect(ids(found).filter((id) => expected.includes(id))).toEqual(expected);
    expect(found.totals.original).toBeNull();
    expect(found.totals.documentsAltered).toBeGreaterThan(0);
    expect(found.denominator.confirmed_by).toBe('nobody');
  });

  // What the reference form does not see: spaces, and characters that nmt_nfkc deletes.
  it.each([
    ['doubles each space', { ' ': '  ' }],
    ['puts deleted characters around each', { ' ': '\u0001 \u0001' }],
  ])('%s is found by the ceiling', async (_, rules) => {
    const found = await judged(normalizing(rules), ENGLISH, { docs: true });
    expect(ids(found)).toEqual([EXCEEDS]);
    expect(found.totals.documentsAltered).toBe(0);
    expect(found.totals.original).toBe(Buffer.byteLength(ENGLISH.join('')));
  });

  it('changes a document that nobody scores is found all the same', async () => {
    const texts = ['in in in', 'the quick'];
    const found = await judged(normalizing(VOWELS), ['the then', ...texts], {
      docs: true,
      ranges: [[1, 4]],
    });
    expect(found.totals.documentsAltered).toBe(0);
    expect(found.totals.original).toBe(found.totals.decoded);
    expect(ids(found)).toEqual([ALTERED]);
    expect(found.findings[0]!.message).toMatch(/in document 1 "in in in" became "en en en"/);
  });

  it('drops what has no piece, for want of byte pieces', async () => {
    const path = modelFile({
      pieces: [...SPECIALS, ...PLAIN.slice(4 + BYTES.length)],
      byteFallback: false,
    });
    const found = await judged(path, ['the é in 🙂', 'the Ж'], { docs: true });
    expect(ids(found)).toEqual([ALTERED]);
    expect(found.totals.documentsAltered).toBe(1);
  });

  it('is allowed by rules: a warning, and no bytes credited', async () => {
    const given = { docs: true, normalizerAllowed: true };
    const found = await judged(normalizing(VOWELS), ENGLISH, given);
    expect(ids(found)).toEqual(['warn text-altered']);
    expect(found.denominator.confirmed_by).toBe('documents');
    expect(found.totals.original).toBeNull();
  });

  it('stays within the reference form keeps headline and published bytes', async () => {
    const path = normalizing(
      { ﬁ: 'fi', '½': '1⁄2', '\u00a0': ' ' },
      { removeExtraWhitespaces: true },
    );
    const texts = ['ﬁne  ½', 'the\u00a0 thing ', '½'.repeat(50)];
    const found = await judged(path, texts, { docs: true });
    expect(ids(found)).toEqual([]);
    expect(found.totals.lut).toBeGreaterThan(Buffer.byteLength(texts.join('')));
    expect(found.totals.original).toBe(Buffer.byteLength(texts.join('')));
    expect([found.totals.documentsLossy, found.totals.documentsAltered]).toEqual([3, 0]);
  });
});

const facts = (changes: Partial<DocumentFacts> = {}): DocumentFacts => ({
  originalBytes: Uint32Array.of(9_999, 1, 0),
  nfkcBytes: Uint32Array.of(9_999, 1, 0),
  decodedBytes: Uint32Array.of(9_999, 1, 0),
  lossless: Uint8Array.of(1, 0, 1),
  intact: Uint8Array.of(1, 0, 1),
  gainedBytes: Uint32Array.of(0, 0, 0),
  firstAltered: { document: 1, published: 'e', decoded: 'x' },
  ...changes,
});

describe('altered text', () => {
  it('is a warning up to a ten thousandth of the bytes, and fails beyond', () => {
    const [warned] = alteredText(facts(), false);
    expect(warned).toMatchObject({ id: 'text-altered', severity: 'warn' });
    expect(warned!.message).toBe(
      'the tokenizer changes the text of 1 document of 3 (0.010 % of the bytes): in document 1 "e" became "x"',
    );
    const more = facts({ originalBytes: Uint32Array.of(9_998, 1, 0) });
    expect(alteredText(more, false)).toMatchObject([{ severity: 'fail' }]);
    expect(alteredText(more, true)).toMatchObject([{ severity: 'warn' }]);
    expect(alteredText(facts({ firstAltered: null }), false)).toEqual([]);
  });

  it('has no published bytes, wholly scored or not; a lossy text has them as a whole only', () => {
    const stream = streamOf([1, 101, 102, 1, 103, 104, 1, 105, 106], [0, 3, 6]);
    const originalBytes = Uint32Array.of(2, 3, 7);
    const accounting = new Accounting({
      tokenizer: loadTokenizer('byte260'),
      stream,
      facts: {
        ...{ originalBytes, nfkcBytes: originalBytes, decodedBytes: Uint32Array.of(2, 2, 2) },
        ...{ lossless: Uint8Array.of(1, 0, 0), intact: Uint8Array.of(1, 1, 0) },
        gainedBytes: new Uint32Array(3),
        firstAltered: { document: 2, published: '', decoded: '' },
      },
    });
    const totals = (from: number, count: number) => {
      const { original, documentsLossy, documentsAltered } = accounting.totals([[from, count]]);
      return [original, documentsLossy, documentsAltered];
    };
    expect(totals(1, 5)).toEqual([5, 1, 0]);
    expect(totals(1, 4)).toEqual([null, 1, 0]);
    expect(totals(1, 8)).toEqual([null, 2, 1]);
    expect(totals(7, 2)).toEqual([null, 1, 1]);
  });
});

describe('the ceiling of documents', () => {
  const severities = (headline: number, given: DocumentFacts | null, adjoining = 0) =>
    tableCeiling({ headline, decoded: 1e9, adjoining }, given && documentsBytes(given)).map(
      ({ severity }) => severity,
    );

  it('is the longer form of each document, and a ten thousandth of all', () => {
    const longer = facts({ nfkcBytes: Uint32Array.of(5_000, 10_001, 0) });
    expect(severities(20_002, longer)).toEqual([]);
    expect(severities(20_003, longer)).toEqual(['fail']);
    expect(severities(10_001, facts())).toEqual([]);
    expect(severities(10_002, facts())).toEqual(['fail']);
  });

  it('has one byte more for each document that no boundary token precedes', () => {
    expect(severities(10_003, facts(), 2)).toEqual([]);
    expect(severities(10_004, facts(), 2)).toEqual(['fail']);
  });

  it('says what is counted, and what the documents have', () => {
    const stream = { headline: 20_000, decoded: 20_000, adjoining: 0 };
    const [finding] = tableCeiling(stream, documentsBytes(facts()));
    expect(finding!.message).toContain('counts 20,000 bytes over the stream');
    expect(finding!.message).toContain('at most 10,000 (100 % more)');
  });
});
