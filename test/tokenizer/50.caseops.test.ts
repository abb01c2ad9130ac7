/** The case transform: lossless on any text, equal to the published vectors, strict on the way back. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countRestored, restoreCase, transformCase } from '#bpb/tokenizer/caseops';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { refusalOf } from '../helpers/refusal.js';
import { CASEOPS, CASEOPS_VECTORS } from '../helpers/shared-data.js';

const [T, A, N, E] = ['\ue001', '\ue002', '\ue003', '\ue004'] as const;

describe('the inverse refuses what no encoder writes', () => {
  it.each([
    ['TITLE inside a word', `a${T}b`],
    ['ALLCAPS inside a word', `a${A}bc`],
    ['TITLE before a digit', `${T}1`],
    ['TITLE before a letter outside ASCII', `${T}é`],
    ['ALLCAPS at the end', `x ${A}`],
    ['a doubled CAPNEXT', `${N}${N}a`],
    ['CAPNEXT at the end', `a${N}`],
    ['CAPNEXT before a space', `a${N} b`],
    ['ESC at the end', `a${E}`],
    ['ESC before a letter', `${E}a`],
    ['two TITLEs', `${T}${T}a`],
  ])('%s', async (_, text) => {
    expect((await refusalOf(() => restoreCase(text))).code).toBe('BPB_CASEOPS_TEXT');
  });
});

it.each([
  ['hello', 'hello'],
  ['Hello', `${T}hello`],
  ['I', `${T}i`],
  ['NASA', `${A}nasa`],
  ['iPhone', `i${N}phone`],
  ['McDonald', `${T}mc${N}donald`],
  ['hELLO', `h${N}e${N}l${N}l${N}o`],
  ['ÉCLAIR', `É${A}clair`],
  [`a${T}`, `a${E}${T}`],
  ['', ''],
])('%j becomes %j', (text, transformed) => {
  expect(transformCase(text)).toBe(transformed);
  expect(restoreCase(transformed)).toBe(text);
});

it('any text comes back, and its bytes are those that remain', () => {
  const character = fc.oneof(
    fc.constantFrom(..."abzABZ Éé1'", T, A, N, E, '\ue000', '\ue005', '🙂'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 30 }), (characters) => {
      const text = characters.join('');
      const transformed = transformCase(text);
      expect(transformed).not.toMatch(/[A-Z]/);
      expect(restoreCase(transformed)).toBe(text);
      expect(countRestored(Buffer.from(transformed))).toBe(Buffer.byteLength(text));
    }),
    { numRuns: 2000 },
  );
});

describe.skipIf(CASEOPS_VECTORS === null || CASEOPS === null)('published vectors', () => {
  interface Vector {
    text: string;
    transformed: string;
    ids: number[];
  }
  const vectors = (): Vector[] =>
    readFileSync(CASEOPS_VECTORS!, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Vector);

  it('transform, inverse and ids are equal', async () => {
    const encoder = await createEncoder(loadTokenizer(CASEOPS!));
    expect(vectors().length).toBeGreaterThan(30);
    for (const { text, transformed, ids } of vectors()) {
      expect(transformCase(text)).toBe(transformed);
      expect(restoreCase(transformed)).toBe(text);
      expect([...encoder.encode(text)]).toEqual(ids);
    }
  });
});
