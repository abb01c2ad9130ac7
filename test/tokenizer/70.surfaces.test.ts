/** Surfaces: what is refused, what each token stands for, and that nothing else is ever lost. */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transformCase } from '#bpb/tokenizer/caseops';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { readSentencePieceModel } from '#bpb/tokenizer/sentencepiece-model';
import { SurfaceAligner } from '#bpb/tokenizer/surfaces';
import { SurfaceBytes } from '#bpb/tokenizer/surfaces-bytes';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { CASEOPS, CASEOPS_VECTORS } from '../helpers/shared-data.js';
import { BLANKS, compileCharsmap, NOTHINGS, RULES } from '../tokenize/charsmap.js';
import { CHARACTERS, EDGES, operatorPieces } from '../tokenize/texts.js';

const charsmap = compileCharsmap(RULES);

/** A case-operator tokenizer with the rules of charsmap.ts, and its encoder. */
async function caseOperators(removeExtraWhitespaces = true) {
  const path = modelFile({
    pieces: [...SMALL, ...operatorPieces],
    charsmap,
    removeExtraWhitespaces,
  });
  const tokenizer = loadTokenizer(path);
  return { tokenizer, encoder: await createEncoder(tokenizer), path };
}

describe('refused', () => {
  const aligner = () => {
    const path = modelFile();
    return new SurfaceAligner(readSentencePieceModel(readFileSync(path), path));
  };
  const [th, he] = [260, 263];
  const [t, h] = ['t', 'h'].map((letter) => SMALL.findIndex(([text]) => text === letter));
  it.each([
    ['ids of another text', [he], 'th'],
    ['ids that end before the text', [th], 'the'],
    ['ids that go on after it', [th, he], 'th'],
    ['no ids for a text', [], 'x'],
    ['ids for no text', [th], ''],
    ['an id beyond the vocabulary', [99_999], 'th'],
    ['a negative id', [-1], 'th'],
    ['a control id', [1, th], 'th'],
    ['half of a character', [4 + 0xc2], '½'],
    ['half of a character, then a piece', [4 + 0xc2, th], '½th'],
    ['an unknown id for known letters', [3], 'th'],
  ])('%s', async (_, ids, text) => {
    const refusal = await refusalOf(() => aligner().align(ids, Buffer.from(text)));
    expect(refusal.code).toBe('BPB_SURFACES');
    expect(refusal.exitCode).toBe(3);
  });

  it('but another cut of the same text is one too', () => {
    expect(aligner().align([t!, h!], Buffer.from('th'))).toEqual({
      begin: 0,
      ends: Uint32Array.of(1, 2),
    });
  });

  it('a model of whole words, whose unknown words hide their characters', async () => {
    const model = readFileSync(modelFile());
    // The trainer's model type, field 3 of message 2: 2 is byte pairs, 3 words.
    const at = model.lastIndexOf(Buffer.from([0x18, 2, 0xc0, 1]));
    model[at + 1] = 3;
    const path = modelFile();
    writeFileSync(path, model);
    const work = () => new SurfaceAligner(readSentencePieceModel(readFileSync(path), path));
    expect((await refusalOf(work)).code).toBe('BPB_SURFACES_UNSUPPORTED');
  });
});

describe('each token stands for', () => {
  const [T, A] = ['\ue001', '\ue002'];
  it.each<[string, string, number[]]>([
    ['its own bytes', 'the a', [2, 1, 2]],
    ['nothing where it is an operator', 'The ABC', [0, 2, 1, 1, 0, 1, 1, 1]],
    ['three bytes where it is an escaped operator', `a${T}b`, [1, 0, 3, 1]],
    ['an ESC that is escaped, and not the escape of what follows', '\ue004A', [0, 3, 0, 1]],
    ['an operator before a letter outside ASCII', `${A}é`, [0, 3, 2]],
    ['the whole character at its last byte piece', '中x', [0, 0, 3, 1]],
    ['what a rule read, at the piece that ends it', 'x½x', [1, 0, 0, 2, 1]],
    ['a ligature: at its last piece', 'ﬁ', [0, 3]],
    ['the longest rule', 'e\u0301\u0301 e\u0301', [0, 5, 1, 3]],
    ['dropped characters after it', 'a\u00ad\u00adb', [5, 1]],
    ['collapsed spaces', 'x   y', [1, 3, 1]],
    ['a literal block and the space before it', 'x ▁y', [1, 4, 1]],
  ])('%s', async (_, text, expected) => {
    const { tokenizer, encoder } = await caseOperators();
    const ids = encoder.encode(text);
    const shown = Array.from(ids, (id) => tokenizer.pieces[id]!.text).join(' ');
    expect([...new SurfaceBytes(tokenizer).count(text, ids)], shown).toEqual(expected);
  });

  it('one byte in a byte vocabulary', () => {
    expect([...new SurfaceBytes(loadTokenizer('byte260')).count('é', [199, 173])]).toEqual([1, 1]);
  });
});

describe('the sum over a document', () => {
  const texts = fc.array(fc.constantFrom(...CHARACTERS, ...BLANKS, ...NOTHINGS), { maxLength: 30 });
  /** Sums what the tokens of a text stand for. */
  async function summing(removeExtraWhitespaces: boolean): Promise<(text: string) => number> {
    const { tokenizer, encoder } = await caseOperators(removeExtraWhitespaces);
    const counter = new SurfaceBytes(tokenizer);
    return (text) => counter.count(text, encoder.encode(text)).reduce((a, b) => a + b, 0);
  }

  /** What no token stands for: blanks and nothings at the start, and from the first blank at the end. */
  const blank = `[ ${BLANKS.join('')}]`;
  const empty = `[ ${BLANKS.join('')}${NOTHINGS.join('')}]`;
  const counted = (text: string) =>
    text.replace(new RegExp(`^${empty}+`), '').replace(new RegExp(`${blank}${empty}*$`), '');

  it("is the text's UTF-8 length less what is dropped at its start and end", async () => {
    const sum = await summing(true);
    fc.assert(
      fc.property(texts, (characters) => {
        const text = characters.join('');
        expect(sum(text)).toBe(Buffer.byteLength(counted(text)));
      }),
      { numRuns: 1500 },
    );
    for (const text of EDGES) expect(sum(text)).toBe(Buffer.byteLength(counted(text)));
  });

  it('where spaces are kept, only what becomes nothing before the first token is lost', async () => {
    const sum = await summing(false);
    const lead = new RegExp(`^[${NOTHINGS.join('')}]+`);
    fc.assert(
      fc.property(texts, (characters) => {
        const text = characters.join('');
        expect(sum(text)).toBe(Buffer.byteLength(text.replace(lead, '')));
      }),
      { numRuns: 1500 },
    );
  });

  it('is no more than the text has, in parts that join without a gap', async () => {
    const { encoder, path } = await caseOperators();
    const aligner = new SurfaceAligner(readSentencePieceModel(readFileSync(path), path));
    fc.assert(
      fc.property(texts, (characters) => {
        const text = characters.join('');
        const input = Buffer.from(transformCase(text));
        const { begin, ends } = aligner.align(encoder.encode(text), input);
        expect([begin, ...ends]).toEqual([begin, ...ends].sort((a, b) => a - b));
        expect(ends.at(-1) ?? 0).toBeLessThanOrEqual(input.length);
      }),
    );
  });
});

describe.skipIf(CASEOPS === null || CASEOPS_VECTORS === null)('the published vectors', () => {
  it('every entry of every sidecar is equal', async () => {
    const tokenizer = loadTokenizer(CASEOPS!);
    const encoder = await createEncoder(tokenizer);
    const counter = new SurfaceBytes(tokenizer);
    const lines = readFileSync(CASEOPS_VECTORS!, 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      const { text, ids, bytes } = JSON.parse(line) as Record<'ids' | 'bytes', number[]> & {
        text: string;
      };
      expect([...encoder.encode(text)]).toEqual(ids);
      expect([...counter.count(text, ids)], text).toEqual(bytes);
    }
  });
});
