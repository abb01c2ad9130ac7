/** Decoded shares: they sum to what SentencePiece decodes, and each token has its own bytes. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodedShares } from '#bpb/bytes/decoded';
import { buildLut, lutBytes } from '#bpb/bytes/lut';
import { sotuDocuments } from '#bpb/data/sotu';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { collect } from '../helpers/collect.js';
import { modelFile, referenceSentencePiece } from '../helpers/sentencepiece.js';
import { CASEOPS, CASEOPS_VECTORS, SP8192 } from '../helpers/shared-data.js';

const sharesOf = (path: string, ids: readonly number[]) => [
  ...new DecodedShares(loadTokenizer(path)).of(ids, 0, ids.length),
];
const byte = (value: number) => 4 + value;

describe('each token has its own bytes', () => {
  it('half a character is U+FFFD, three bytes, for each of its bytes', () => {
    const path = modelFile();
    expect(sharesOf(path, [byte(0xc3), byte(0xa9)])).toEqual([1, 1]);
    expect(sharesOf(path, [byte(0xf0), byte(0x9f)])).toEqual([3, 3]);
    expect(sharesOf(path, [byte(0xc3), 1, byte(0xa9)])).toEqual([3, 0, 3]);
    expect(sharesOf(path, [byte(0xed), byte(0xa0), byte(0x80)])).toEqual([3, 3, 3]);
  });

  it('the unknown id has the surface that SentencePiece gives it', () => {
    expect(sharesOf(modelFile(), [3])).toEqual([Buffer.byteLength(' \u2047 ')]);
  });

  it('the first space is dropped where the normalizer adds or removes one, else kept', () => {
    const the = 262;
    const shares = (options: Parameters<typeof modelFile>[0]) =>
      sharesOf(modelFile(options), [the, the]);
    expect(shares({})).toEqual([4, 4]);
    expect(shares({ addDummyPrefix: true })).toEqual([3, 4]);
    expect(shares({ removeExtraWhitespaces: true })).toEqual([3, 4]);
  });
});

describe('they sum to what SentencePiece decodes', () => {
  const models: [string, () => string, boolean][] = [
    ['small', () => modelFile({ addDummyPrefix: true }), false],
    ['sp8192', () => SP8192!, SP8192 === null],
  ];
  for (const [name, path, skip] of models) {
    it.skipIf(skip)(`on documents, where every token also equals the table (${name})`, async () => {
      const file = path();
      const tokenizer = loadTokenizer(file);
      const encoder = await createEncoder(tokenizer);
      const sentencePiece = await referenceSentencePiece(file);
      const shares = new DecodedShares(tokenizer);
      const lut = buildLut(tokenizer);
      for (const { text } of (await collect(sotuDocuments('val'))).slice(0, 4)) {
        const ids = encoder.encode(text);
        const of = shares.of(ids, 0, ids.length);
        const total = of.reduce((sum, share) => sum + share, 0);
        expect(total).toBe(Buffer.byteLength(sentencePiece.decode(ids)));
        expect(shares.total(ids, 0, ids.length)).toBe(total);
        const table = Array.from(ids, (id, k) => lutBytes(lut, k === 0 ? 1 : ids[k - 1]!, id));
        expect([...shares.of(ids, 0, ids.length)]).toEqual(table);
      }
    });

    it.skipIf(skip)(`on any ids (${name})`, async () => {
      const file = path();
      const tokenizer = loadTokenizer(file);
      const sentencePiece = await referenceSentencePiece(file);
      const shares = new DecodedShares(tokenizer);
      const id = fc.oneof(
        fc.integer({ min: 0, max: tokenizer.pieces.length - 1 }),
        fc.integer({ min: 0, max: 259 }),
      );
      fc.assert(
        fc.property(fc.array(id, { maxLength: 20 }), (ids) => {
          const of = shares.of(ids, 0, ids.length);
          const total = of.reduce((sum, share) => sum + share, 0);
          expect(total).toBe(Buffer.byteLength(sentencePiece.decode(ids)));
        }),
        { numRuns: 800 },
      );
    });
  }
});

describe.skipIf(CASEOPS === null || CASEOPS_VECTORS === null)('case operators', () => {
  it('count nothing themselves, and the sidecar agrees where nothing was normalized', () => {
    const tokenizer = loadTokenizer(CASEOPS!);
    const shares = new DecodedShares(tokenizer);
    let exact = 0;
    for (const line of readFileSync(CASEOPS_VECTORS!, 'utf8').trim().split('\n')) {
      const { ids, bytes, utf8 } = JSON.parse(line) as Record<'ids' | 'bytes', number[]> & {
        utf8: number;
      };
      const of = [...shares.of(ids, 0, ids.length)];
      expect(of.reduce((sum, share) => sum + share, 0)).toBe(shares.total(ids, 0, ids.length));
      const total = bytes.reduce((sum, share) => sum + share, 0);
      // Byte pieces of one character share its bytes in another way in the sidecar: all to the last.
      const plain = ids.every((id) => tokenizer.pieces[id]!.type !== 'byte');
      if (plain && total === utf8 && shares.total(ids, 0, ids.length) === utf8) {
        expect(of).toEqual(bytes);
        exact++;
      }
    }
    expect(exact).toBeGreaterThan(8);
  });

  it('an operator escaped in the text has its own bytes, and even split by byte pieces none twice', async () => {
    const tokenizer = loadTokenizer(CASEOPS!);
    const encoder = await createEncoder(tokenizer);
    const shares = new DecodedShares(tokenizer);
    const character = fc.constantFrom(...'aB1é', '\ue001', '\ue002', '\ue004', '\ue005', 'The');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
        const text = characters.join('');
        const ids = encoder.encode(text);
        const of = shares.of(ids, 0, ids.length);
        expect(of.reduce((sum, share) => sum + share, 0)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});
