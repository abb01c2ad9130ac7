/** The four accountings: the headline rules, and totals equal to a plain sum over targets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accounting, type TargetRange } from '#bpb/bytes/accounting';
import { DecodedShares } from '#bpb/bytes/decoded';
import { buildLut, lutBytes } from '#bpb/bytes/lut';
import { documentStartsOf } from '#bpb/data/document-starts';
import type { DocumentFacts, TokenStream } from '#bpb/data/types';
import { loadTokenizer } from '#bpb/tokenizer/load';
import type { Tokenizer } from '#bpb/tokenizer/types';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { streamOf } from '../helpers/stream.js';

const BYTE260 = loadTokenizer('byte260');
const operators = ['\ue001', '\ue002', '\ue003', '\ue004'].map((text) => [text, 4] as const);
const caseOps = () => loadTokenizer(modelFile({ pieces: [...SMALL, ...operators] }));

/** Three byte documents: "ab" lossless, "cd" that was three bytes, "e" lossless. */
const STREAM = streamOf([1, 101, 102, 1, 103, 104, 1, 105], [0, 3, 6]);
const FACTS: DocumentFacts = {
  originalBytes: Uint32Array.of(2, 3, 1),
  nfkcBytes: Uint32Array.of(2, 3, 1),
  decodedBytes: Uint32Array.of(2, 2, 1),
  lossless: Uint8Array.of(1, 0, 1),
  intact: Uint8Array.of(1, 1, 1),
  gainedBytes: Uint32Array.of(0, 0, 0),
  firstAltered: null,
};
const sidecarOf = (bytes: number[]) => {
  const shared = new Uint16Array(new SharedArrayBuffer(2 * bytes.length));
  shared.set(bytes);
  return { bytes: shared, files: [{ file: 'side.bin', tokens: bytes.length, sha256: '' }] };
};
const byte = (facts: DocumentFacts | null = FACTS) =>
  new Accounting({ tokenizer: BYTE260, stream: STREAM, facts });

describe('refused', () => {
  it('case operators without a sidecar', async () => {
    const refusal = await refusalOf(() => new Accounting({ tokenizer: caseOps(), stream: STREAM }));
    expect(refusal.code).toBe('BPB_SIDECAR_REQUIRED');
    expect(refusal.exitCode).toBe(3);
  });

  it('a sidecar that counts more for a document than it has', async () => {
    const sidecar = sidecarOf([0, 1, 1, 0, 2, 2, 0, 1]);
    const refusal = await refusalOf(
      () => new Accounting({ tokenizer: BYTE260, stream: STREAM, facts: FACTS, sidecar }),
    );
    expect(refusal.code).toBe('BPB_SIDECAR_EXCEEDS');
    expect(refusal.message).toContain('document 1');
    expect(refusal.actual).toBe('4 bytes');
  });

  it('facts of another number of documents, and targets outside the stream', async () => {
    const facts = { ...FACTS, originalBytes: Uint32Array.of(1) };
    expect((await refusalOf(() => byte(facts))).code).toBe('BPB_FACTS_LENGTH');
    for (const range of [
      [0, 1],
      [1, 8],
      [8, 1],
      [1, -1],
    ] as const) {
      expect((await refusalOf(() => byte().totals([range]))).code).toBe('BPB_TARGET_RANGE');
    }
  });
});

describe('the headline', () => {
  it('is the table, also beside a sidecar, unless there are case operators', () => {
    const sidecar = sidecarOf([0, 1, 1, 0, 1, 1, 0, 1]);
    const plain = new Accounting({ tokenizer: BYTE260, stream: STREAM, sidecar }).totals([[1, 7]]);
    expect([plain.headline, plain.bytes, plain.lut, plain.sidecar]).toEqual(['lut', 5, 5, 5]);
    const tokenizer = caseOps();
    const cased = new Accounting({ tokenizer, stream: STREAM, sidecar }).totals([[1, 7]]);
    expect([cased.headline, cased.bytes]).toEqual(['sidecar', 5]);
  });
});

describe('original', () => {
  const original = (...ranges: TargetRange[]) => byte().totals(ranges).original;

  it('gives a lossy document its published length when it is wholly scored', () => {
    expect(original([1, 7])).toBe(6);
    expect(byte().totals([[1, 7]]).documentsLossy).toBe(1);
  });

  it('needs all of its text, but not the next BOS, which has no bytes', () => {
    expect(original([1, 5])).toBe(5);
    expect(original([1, 4])).toBeNull();
    expect(original([5, 3])).toBeNull();
  });

  it('is partial in lossless documents, and a lossy one not scored does not matter', () => {
    expect(original([2, 1])).toBe(1);
    expect(byte().totals([[2, 1]]).documentsLossy).toBe(0);
    expect(original([1, 2], [7, 1])).toBe(3);
  });

  it('is unknown for a lossy document scored twice in part', () => {
    expect(original([1, 7], [5, 1])).toBeNull();
  });

  it('and the lossy count are null without the documents', () => {
    const totals = byte(null).totals([[1, 7]]);
    expect([totals.original, totals.documentsLossy, totals.decoded]).toEqual([null, null, 5]);
  });

  it('is unknown for a lossy first stretch without BOS: its first token is no target', () => {
    const stream = streamOf([101, 102, 1, 103], [0, 2]);
    const facts = {
      ...FACTS,
      originalBytes: Uint32Array.of(3, 1),
      decodedBytes: Uint32Array.of(2, 1),
      lossless: Uint8Array.of(0, 1),
    };
    const accounting = new Accounting({ tokenizer: BYTE260, stream, facts });
    const totals = accounting.totals([[1, 3]]);
    expect([totals.lut, totals.decoded, totals.original]).toEqual([2, 2, null]);
  });
});

it('a document is complete when all its targets are scored once, its last being the next BOS', () => {
  const complete = (...ranges: TargetRange[]) => [...byte().totals(ranges).byDocument.complete];
  expect(complete([1, 7])).toEqual([1, 1, 1]);
  expect(complete([1, 2])).toEqual([0, 0, 0]);
  expect(complete([1, 3])).toEqual([1, 0, 0]);
  expect(complete([1, 7], [4, 1])).toEqual([1, 0, 1]);
  expect(complete([7, 1], [4, 3], [1, 3])).toEqual([1, 1, 1]);
});

describe('totals', () => {
  const load = () => loadTokenizer(modelFile({ addDummyPrefix: true }));
  const id = fc.oneof(
    { weight: 1, arbitrary: fc.constant(1) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: SMALL.length - 1 }) },
  );
  const streams = fc.array(id, { minLength: 2, maxLength: 80 });

  /** Sums target by target, as plainly as the definitions read. */
  function plainly(tokenizer: Tokenizer, stream: TokenStream, ranges: readonly TargetRange[]) {
    const { ids, documentStarts } = stream;
    const lut = buildLut(tokenizer);
    const shares: number[] = [];
    for (const [k, start] of documentStarts.entries()) {
      const end = documentStarts[k + 1] ?? ids.length;
      shares.push(...new DecodedShares(tokenizer).of(ids, start, end));
    }
    let table = 0;
    let decoded = 0;
    let targets = 0;
    for (const [first, count] of ranges) {
      for (let i = first; i < first + count; i++) {
        table += lutBytes(lut, ids[i - 1]!, ids[i]!);
        decoded += shares[i]!;
        targets++;
      }
    }
    return { lut: table, decoded, targets };
  }

  it('equal a plain sum over targets, for ranges in any order, overlapping or not', () => {
    const tokenizer = load();
    const cuts = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 });
    fc.assert(
      fc.property(streams, cuts, (ids, some) => {
        const shared = streamOf(ids);
        const stream = {
          ids: shared.ids,
          documentStarts: documentStartsOf(shared.ids, 1),
          startId: 1,
        };
        const ranges = some.map(([a, b]): TargetRange => {
          const first = 1 + (a % (ids.length - 1));
          return [first, b % (ids.length - first + 1)];
        });
        const accounting = new Accounting({ tokenizer, stream });
        const totals = accounting.totals(ranges);
        expect(totals).toMatchObject(plainly(tokenizer, stream, ranges));
        const { byDocument } = totals;
        expect(byDocument.lut.reduce((sum, bytes) => sum + bytes, 0)).toBe(totals.lut);
      }),
      { numRuns: 400 },
    );
  });
});
