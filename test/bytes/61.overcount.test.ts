/** Bytes of the table that no text has, where the decoded text has them too. */
import { describe, expect, it, test } from 'vitest';
import { overcounted } from '#bpb/bytes/overcount';
import { loadTokenizer } from '#bpb/tokenizer/load';
import {
  BYTES,
  type ModelOptions,
  type ModelPiece,
  modelFile,
  PIECE_TYPE,
  SMALL,
  SPECIALS,
} from '../helpers/sentencepiece.js';
import { SP8192 } from '../helpers/shared-data.js';

const PLAIN = SMALL.filter(([text]) => text !== '▁▁');
const OPERATORS = ['\ue001', '\ue002', '\ue003', '\ue004'];

/** Findings of a stream of these pieces, of which the table counts 1000 bytes. */
function found(options: ModelOptions, pieces: readonly string[], confirmed = false) {
  const tokenizer = loadTokenizer(modelFile({ pieces: PLAIN, ...options }));
  const ids = ['<s>', ...pieces].map((text) =>
    tokenizer.pieces.findIndex((piece) => piece.text === text),
  );
  expect(ids).not.toContain(-1);
  const starts = new Uint32Array(new SharedArrayBuffer(4));
  const held = new Uint16Array(new SharedArrayBuffer(2 * ids.length));
  held.set(ids);
  const stream = { ids: held, documentStarts: starts, startId: 1 };
  return overcounted(1000, { tokenizer, stream }, confirmed).map(({ message }) => message);
}

const bytesOf = (text: string) =>
  [...Buffer.from(text)].map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

const SPACES = /counts 2 bytes that are none of a text, beside 998 .*space marks/;
const OPERATOR = /counts 3 bytes that are none of a text, beside 997 .*case operators/;

describe('found, whatever the decoded text is', () => {
  test.each<[string, ModelOptions, readonly string[], RegExp]>([
    ['a mark in a piece', { pieces: [...PLAIN, ['a▁b']] }, ['a▁b'], SPACES],
    ['at its end, of a symbol', { pieces: [...PLAIN, ['▁a▁', PIECE_TYPE.user]] }, ['▁a▁'], SPACES],
    ['spelled in bytes', {}, bytesOf('▁'), SPACES],
    ['an operator as an ordinary piece', { pieces: [...PLAIN, ['\ue003']] }, ['\ue003'], OPERATOR],
    ['at the beginning of one', { pieces: [...PLAIN, ['\ue001a']] }, ['\ue001a'], OPERATOR],
    ['spelled in bytes', {}, bytesOf('\ue004'), OPERATOR],
  ])('%s: %s', async (_, options, pieces, message) => {
    expect(found(options, pieces)).toEqual([expect.stringMatching(message)]);
  });

  it('where documents are known, marks alone: a text may hold the characters of operators', () => {
    expect(found({}, bytesOf('▁'), true)).toHaveLength(1);
    expect(found({}, bytesOf('\ue001'), true)).toEqual([]);
  });
});

describe('nothing', () => {
  test.each<[string, readonly string[], (readonly ModelPiece[])?]>([
    ['a mark at the beginning', ['▁the', '▁', '▁a', 'e']],
    ['two thirds of a mark in bytes', bytesOf('▁').slice(0, 2)],
    ['other characters of the same first byte', bytesOf('■ ')],
    ['private characters that are no operators', bytesOf('\ue005\ue000')],
    [
      'an operator that is a symbol of no bytes',
      ['\ue001'],
      [...PLAIN, ['\ue001', PIECE_TYPE.unused]],
    ],
    ['a piece that does not occur', ['e'], [...PLAIN, ['a▁b']]],
  ])('%s', (_, pieces, vocabulary = PLAIN) => {
    expect(found({ pieces: vocabulary }, pieces)).toEqual([]);
  });

  it('the bytes of a mark, of a tokenizer that writes spaces as they are', () => {
    expect(
      found({ pieces: [...SPECIALS, ...BYTES], escapeWhitespaces: false }, bytesOf('▁')),
    ).toEqual([]);
  });

  it.skipIf(SP8192 === null)('any piece of a published vocabulary', () => {
    const tokenizer = loadTokenizer(SP8192!);
    const ids = new Uint16Array(new SharedArrayBuffer(2 * tokenizer.pieces.length));
    for (const id of ids.keys()) ids[id] = id;
    const stream = { ids, documentStarts: new Uint32Array(new SharedArrayBuffer(4)), startId: 1 };
    expect(overcounted(1e5, { tokenizer, stream }, false)).toEqual([]);
  });
});

test('the four operators as symbols are the business of the sidecar', () => {
  const pieces = [...PLAIN, ...OPERATORS.map((text): ModelPiece => [text, PIECE_TYPE.user])];
  expect(loadTokenizer(modelFile({ pieces })).hasCaseOperators).toBe(true);
});
