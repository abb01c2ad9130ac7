/** Loading a tokenizer: what is refused, why, and what is read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { readSentencePieceModel } from '#bpb/tokenizer/sentencepiece-model';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  bytesField,
  modelFile,
  PIECE_TYPE,
  pieceField,
  SMALL,
  SPECIALS,
  sentencePieceModel,
  uintField,
} from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const refused = (content: Parameters<typeof modelFile>[0]) =>
  refusalOf(() => loadTokenizer(modelFile(content)));

describe('a file that is no model is refused and named', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', Buffer.alloc(0), /empty file/],
    ['text', Buffer.from('hello\n'), /plain text/],
    ['an LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /LFS pointer/],
    ['HTML', Buffer.from('<html></html>'), /HTML/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['a tokenizer.json', Buffer.from('{"model": {"vocab": {}}}'), /JSON/],
    ['an ONNX model', Buffer.concat([uintField(1, 8), bytesField(7, 'graph')]), /an ONNX model/],
    ['a message without pieces', bytesField(2, uintField(3, 2)), /without pieces/],
    ['a piece without text', Buffer.concat([bytesField(1, uintField(3, 1))]), /without a text/],
    ['an empty piece', pieceField(['']), /without a text/],
    ['a NUL piece', pieceField(['a\0b']), /NUL/],
    ['a piece of unknown type', pieceField(['a', 7]), /unknown type/],
    ['a piece of 100 KB', pieceField(['x'.repeat(100_000)]), /more than 65536 bytes/],
    ['a piece of invalid UTF-8', bytesField(1, bytesField(1, Uint8Array.of(0xff))), /UTF-8/],
  ];
  it.each(cases)('%s', async (_, content, message) => {
    const refusal = await refused(content);
    expect(refusal.code).toBe('BPB_TOKENIZER_FORMAT');
    expect(refusal.exitCode).toBe(3);
    expect(refusal.message).toMatch(message);
  });

  it('nothing there, a directory, a file beyond any tokenizer', async () => {
    const folder = temporaryFolder();
    expect((await refusalOf(() => loadTokenizer('/no/such'))).code).toBe('BPB_TOKENIZER_FILE');
    expect((await refusalOf(() => loadTokenizer(folder))).code).toBe('BPB_TOKENIZER_FILE');
    mkdirSync(join(folder, 'sub'));
    const large = join(folder, 'large.model');
    writeFileSync(large, Buffer.alloc((64 << 20) + 1));
    expect((await refusalOf(() => loadTokenizer(large))).code).toBe('BPB_TOKENIZER_FILE');
  });

  it('a model cut at any byte, between two fields too, is refused', async () => {
    const whole = sentencePieceModel();
    for (let size = 1; size < whole.length; size++) {
      const cut = () => readSentencePieceModel(whole.subarray(0, size), 'cut.model');
      expect((await refusalOf(cut)).code).toBe('BPB_TOKENIZER_FORMAT');
    }
  });

  it('a second normalizer, which protobuf would merge into the first, is refused', async () => {
    const smuggled = Buffer.concat([sentencePieceModel(), bytesField(3, uintField(3, 1))]);
    expect((await refused(smuggled)).message).toMatch(/field 3 a second time/);
  });

  it('1,000,001 pieces are refused while they are read', async () => {
    const many = Buffer.alloc(5 * 1_000_001, Buffer.from([0x0a, 3, 0x0a, 1, 0x61]));
    expect((await refused(many)).message).toMatch(/more than 1000000 pieces/);
  });
});

describe('a vocabulary whose bytes cannot be accounted for is refused', () => {
  const cases: [string, Parameters<typeof modelFile>[0], string][] = [
    ['a duplicate', { pieces: [...SMALL, ['the'], ['the']] }, 'BPB_TOKENIZER_DUPLICATE'],
    ['no piece for a space', { pieces: SMALL.filter(([t]) => t !== '▁') }, 'BPB_NO_SPACE_PIECE'],
    ['a byte piece of no byte', { pieces: [...SMALL, ['<0xZZ>', 6]] }, 'BPB_TOKENIZER_BYTE_PIECE'],
    ['spaces as suffixes', { suffix: true }, 'BPB_TOKENIZER_UNSUPPORTED'],
    ['a denormalizer', { denormalizer: Uint8Array.of(1) }, 'BPB_TOKENIZER_UNSUPPORTED'],
    ['a control piece that texts hold', { pieces: [...SMALL, ['¤', 3]] }, 'BPB_TOKENIZER_CONTROL'],
    ['half of the case operators', { pieces: [...SMALL, ['\ue001', 4]] }, 'BPB_CASEOPS_PARTIAL'],
  ];
  it.each(cases)('%s', async (_, options, code) => {
    expect((await refused(options)).code).toBe(code);
  });

  it('says of a missing space piece what it did to a score', async () => {
    const refusal = await refused({ pieces: SMALL.filter(([text]) => text !== '▁') });
    expect(refusal.message).toContain('three byte tokens');
    expect(refusal.hint).toContain('897');
  });

  it('a vocabulary without any space mark needs no piece for it', () => {
    const pieces = SMALL.filter(([text]) => !text.includes('▁'));
    expect(loadTokenizer(modelFile({ pieces })).pieces).toHaveLength(pieces.length);
  });
});

describe('a damaged character map is refused before SentencePiece walks it', () => {
  const map = (trie: number[], rest: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * trie.length + rest.length);
    bytes.writeUInt32LE(4 * trie.length, 0);
    for (const [k, unit] of trie.entries()) bytes.writeUInt32LE(unit, 4 + 4 * k);
    bytes.set(rest, 4 + 4 * trie.length);
    return bytes;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ['3 bytes', Uint8Array.of(1, 2, 3), /of 3 bytes/],
    ['a trie larger than the map', map([0], []).fill(0xff, 0, 4), /with a trie of/],
    ['no end', map(Array(256).fill(0), [65]), /do not end/],
    ['a trie too small for a byte', map([0], [0]), /out of its array/],
    ['a root that leads away', map([1024 << 10, ...Array(255).fill(0)], [0]), /out of its array/],
  ];
  it.each(cases)('%s', async (_, charsmap, message) => {
    const refusal = await refused({ charsmap });
    expect(refusal.code).toBe('BPB_TOKENIZER_CHARSMAP');
    expect(refusal.message).toMatch(message);
  });

  it.skipIf(SP8192 === null)(
    'any byte of the real map changed: refused, or it still encodes',
    async () => {
      const model = readFileSync(SP8192!);
      const start = model.indexOf('nmt_nfkc') + 8;
      for (let k = 0; k < 12; k++) {
        const damaged = Buffer.from(model);
        damaged[start + 40 + k * 4001]! ^= 0xff;
        const path = modelFile(damaged);
        try {
          const encoder = await createEncoder(loadTokenizer(path));
          expect(encoder.encode('½ é ﬁ').length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toHaveProperty('exitCode', 3);
        }
      }
    },
  );
});

it('a piece without a type is a normal one; specials and bytes keep theirs', () => {
  const tokenizer = loadTokenizer(modelFile());
  expect(tokenizer.pieces[3]).toEqual({ text: '<unk>', type: 'unknown' });
  expect(tokenizer.pieces[4 + 0x41]).toEqual({ text: '<0x41>', type: 'byte' });
  expect(tokenizer.pieces[260]).toEqual({ text: 'th', type: 'normal' });
  expect(tokenizer.bosId).toBe(1);
  expect(tokenizer.separable).toBe(false);
});

it('BOS is where the trainer says', () => {
  const pieces = [...SPECIALS, ['[BOS]', PIECE_TYPE.control] as const, ...SMALL.slice(4)];
  expect(loadTokenizer(modelFile({ pieces, bosPiece: '[BOS]' })).bosId).toBe(4);
});

it('byte260 has 260 ids, BOS 1, and is always the same', () => {
  const tokenizer = loadTokenizer('byte260');
  expect(tokenizer.pieces).toHaveLength(260);
  expect(tokenizer.bosId).toBe(1);
  expect(tokenizer.sha256).toBe(loadTokenizer('byte260').sha256);
  expect(tokenizer.path).toBeNull();
});

it.skipIf(SP8192 === null)('the published 8,192 vocabulary is read whole', () => {
  const tokenizer = loadTokenizer(SP8192!);
  expect(tokenizer.pieces).toHaveLength(8192);
  expect(tokenizer.bosId).toBe(1);
  expect(tokenizer.byteFallback).toBe(true);
  expect(tokenizer.hasCaseOperators).toBe(false);
  expect(tokenizer.separable).toBe(true);
  expect(tokenizer.normalizer).toEqual({
    name: 'nmt_nfkc',
    addDummyPrefix: false,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it.skipIf(CASEOPS === null)('the published case-operator vocabulary is recognized', () => {
  const tokenizer = loadTokenizer(CASEOPS!);
  expect(tokenizer.hasCaseOperators).toBe(true);
  expect(tokenizer.pieces[4]).toEqual({ text: '\ue001', type: 'user_defined' });
});
