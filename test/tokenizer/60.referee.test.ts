/** SentencePiece in Python as the referee: ids, decoded text and byte table are the same. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildLut } from '#bpb/bytes/lut';
import { sotuDocuments } from '#bpb/data/sotu';
import { transformCase } from '#bpb/tokenizer/caseops';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { PieceDecoder } from '#bpb/tokenizer/piece-decoder';
import { collect } from '../helpers/collect.js';
import { pythonWith } from '../helpers/python.js';
import { modelFile } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const python = pythonWith('sentencepiece');

interface Verdict {
  ids: number[][];
  decoded: string[];
  table: { base: number[]; leading: number[]; boundary: number[] };
  bos: number;
}

function ask(model: string, texts: string[], sequences: number[][]): Verdict {
  const script = fileURLToPath(new URL('../helpers/referee.py', import.meta.url));
  const input = JSON.stringify({ model, texts, sequences });
  const run = spawnSync(python!, [script], { input, maxBuffer: 1 << 30, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Verdict;
}

const EDGES = [
  '',
  ' ',
  '  two  spaces\nnew\tline ',
  '½ ﬁ … “q”',
  '▁literal▁',
  'a\u00a0b',
  '🙂👩‍👩‍👧',
  'e\u0301',
  '\ufeffx',
  '\ufffd',
  '\0',
  'a\r\nb',
  '\ue001\ue004',
  '0123456789',
  'ＦＵＬＬ',
  '\u200bx\u200d',
  '한글',
  '<s></s>',
  '<0x41>',
  'x'.repeat(5000),
  `${'the cat '.repeat(4000)}`,
  'é'.repeat(3000),
  '\u2028\u2029\u0085',
];

const SMALL_MODELS: [string, () => string, boolean][] = [
  ['small, spaces kept', () => modelFile({}), false],
  ['small, dummy prefix', () => modelFile({ addDummyPrefix: true }), false],
  ['small, spaces removed', () => modelFile({ removeExtraWhitespaces: true }), false],
  ['sp8192', () => SP8192!, SP8192 === null],
  ['case operators', () => CASEOPS!, CASEOPS === null],
];

describe.skipIf(python === undefined)('Python SentencePiece agrees', () => {
  for (const [name, path, skip] of SMALL_MODELS) {
    it.skipIf(skip)(name, async () => {
      const file = path();
      const tokenizer = loadTokenizer(file);
      const encoder = await createEncoder(tokenizer);
      const documents = (await collect(sotuDocuments('val'))).map(({ text }) => text);
      const texts = [...EDGES, ...documents];
      const id = fc.oneof(fc.nat(tokenizer.pieces.length - 1), fc.nat(270));
      const sequences = fc.sample(fc.array(id, { maxLength: 20 }), 500);
      const inputs = tokenizer.hasCaseOperators ? texts.map(transformCase) : texts;
      const verdict = ask(file, inputs, sequences);
      for (const [k, text] of texts.entries()) {
        expect([...encoder.encode(text)], JSON.stringify(text.slice(0, 40))).toEqual(
          verdict.ids[k],
        );
      }
      const decoder = new PieceDecoder(tokenizer);
      for (const [k, ids] of sequences.entries()) {
        expect(Buffer.from(decoder.decode(ids)).toString('utf8')).toBe(verdict.decoded[k]);
      }
      const lut = buildLut(tokenizer);
      expect([...lut.base]).toEqual(verdict.table.base);
      expect([...lut.leading]).toEqual(verdict.table.leading);
      expect([...lut.boundary]).toEqual(verdict.table.boundary);
      expect(tokenizer.bosId).toBe(verdict.bos);
    });
  }
});
