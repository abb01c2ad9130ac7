/** Decoding from pieces alone: equal to SentencePiece on any ids, whatever the normalizer does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { characterLength, PieceDecoder } from '#bpb/tokenizer/piece-decoder';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, referenceSentencePiece, SMALL } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const text = (utf8: Uint8Array) => Buffer.from(utf8).toString('utf8');

/** Ids of which many are bytes, specials and space marks: where decoding has rules. */
function someIds(size: number, space: number): fc.Arbitrary<number[]> {
  const id = fc.oneof(
    fc.integer({ min: 0, max: size - 1 }),
    fc.integer({ min: 4, max: 259 }),
    fc.constantFrom(0, 1, 2, 3, space),
    fc.constantFrom(4 + 0xf0, 4 + 0x9f, 4 + 0x99, 4 + 0x82, 4 + 0xc3, 4 + 0xa9, 4 + 0xed, 4 + 0xa0),
  );
  return fc.array(id, { maxLength: 24 });
}

describe('equal to SentencePiece on any ids', () => {
  const models: [string, () => string, boolean][] = [
    ['spaces kept', () => modelFile({}), false],
    ['dummy prefix', () => modelFile({ addDummyPrefix: true }), false],
    ['extra spaces removed', () => modelFile({ removeExtraWhitespaces: true }), false],
    ['both', () => modelFile({ addDummyPrefix: true, removeExtraWhitespaces: true }), false],
    [
      'without byte fallback',
      () => modelFile({ byteFallback: false, pieces: SMALL.filter(([, type]) => type !== 6) }),
      false,
    ],
    ['published sp8192', () => SP8192!, SP8192 === null],
    ['published case operators', () => CASEOPS!, CASEOPS === null],
  ];
  for (const [name, path, skip] of models) {
    it.skipIf(skip)(name, async () => {
      const file = path();
      const tokenizer = loadTokenizer(file);
      const decoder = new PieceDecoder(tokenizer);
      const sentencePiece = await referenceSentencePiece(file);
      const space = tokenizer.pieces.findIndex((piece) => piece.text === '▁');
      fc.assert(
        fc.property(someIds(tokenizer.pieces.length, space), (some) => {
          const ids = some.filter((id) => id < tokenizer.pieces.length);
          const utf8 = decoder.decode(ids);
          expect(text(utf8)).toBe(sentencePiece.decode(ids));
          expect(decoder.decodedLength(ids)).toBe(utf8.length);
        }),
        { numRuns: 1500 },
      );
    });
  }
});

it('an id outside the vocabulary is refused, not dropped as SentencePiece does', async () => {
  const decoder = new PieceDecoder(loadTokenizer('byte260'));
  for (const id of [260, -1, Number.NaN]) {
    expect((await refusalOf(() => decoder.decode([id]))).code).toBe('BPB_TOKEN_ID');
    expect((await refusalOf(() => decoder.decodedLength([id]))).code).toBe('BPB_TOKEN_ID');
  }
});

it('ends never fall, begin after the first token and reach the end', () => {
  const tokenizer = loadTokenizer(modelFile());
  const decoder = new PieceDecoder(tokenizer);
  fc.assert(
    fc.property(someIds(tokenizer.pieces.length, 272), (ids) => {
      const ends = new Uint32Array(ids.length);
      const { length } = decoder.decode(ids, 0, ids.length, ends);
      for (let k = 1; k < ends.length; k++) expect(ends[k]).toBeGreaterThanOrEqual(ends[k - 1]!);
      if (ids.length > 0) expect(ends[ends.length - 1]).toBe(length);
    }),
  );
});

it('characterLength accepts exactly what a strict UTF-8 decoder accepts', () => {
  const strict = new TextDecoder('utf-8', { fatal: true });
  const valid = (bytes: Uint8Array) => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const interesting = fc.constantFrom(
    0x00,
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xe1,
    0xed,
    0xef,
    0xf0,
    0xf1,
    0xf4,
    0xf5,
    0xff,
  );
  fc.assert(
    fc.property(fc.array(interesting, { minLength: 1, maxLength: 4 }), (bytes) => {
      const run = Uint8Array.from(bytes);
      const length = characterLength(run, 0, run.length);
      if (length > 0) expect(valid(run.subarray(0, length))).toBe(true);
      else for (let k = 1; k <= run.length; k++) expect(valid(run.subarray(0, k))).toBe(false);
    }),
    { numRuns: 3000 },
  );
});
