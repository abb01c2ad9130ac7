/** Surfaces against SentencePiece in Python: every token of every edge string and address. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sotuDocuments } from '#bpb/data/sotu';
import { transformCase } from '#bpb/tokenizer/caseops';
import { readSentencePieceModel } from '#bpb/tokenizer/sentencepiece-model';
import { SurfaceAligner } from '#bpb/tokenizer/surfaces';
import { collect } from '../helpers/collect.js';
import { pythonWith } from '../helpers/python.js';
import { modelFile, PIECE_TYPE, SMALL } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { CHARACTERS, EDGES, operatorPieces } from '../tokenize/texts.js';

const python = pythonWith('sentencepiece');

interface Verdict {
  ids: number[][];
  spans: [begin: number, end: number][][];
}

function ask(model: string, texts: readonly string[]): Verdict {
  const script = fileURLToPath(new URL('./surfaces.py', import.meta.url));
  const input = JSON.stringify({ model, texts });
  const run = spawnSync(python!, [script], { input, maxBuffer: 1 << 30, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Verdict;
}

const small = (options: Parameters<typeof modelFile>[0]) => () => modelFile(options);
const [NO_FALLBACK, SYMBOLS] = [
  SMALL.filter(([, type]) => type !== PIECE_TYPE.byte),
  [...SMALL, ['th▁', PIECE_TYPE.user], ['▁in', PIECE_TYPE.user], ['é½', PIECE_TYPE.user]] as const,
];

const MODELS: [name: string, path: () => string, skip: boolean][] = [
  ['spaces kept', small({}), false],
  ['spaces removed', small({ removeExtraWhitespaces: true }), false],
  ['dummy prefix', small({ addDummyPrefix: true }), false],
  ['both', small({ addDummyPrefix: true, removeExtraWhitespaces: true }), false],
  ['no byte fallback', small({ pieces: NO_FALLBACK, byteFallback: false }), false],
  ['user-defined symbols', small({ pieces: SYMBOLS, removeExtraWhitespaces: true }), false],
  ['case operators', small({ pieces: [...SMALL, ...operatorPieces] }), false],
  ['the real sp8192', () => SP8192!, SP8192 === null],
  ['the real case-operator tokenizer', () => CASEOPS!, CASEOPS === null],
];

describe.skipIf(python === undefined)('SentencePiece in Python gives the same surfaces', () => {
  for (const [name, path, skip] of MODELS) {
    it.skipIf(skip)(name, async () => {
      const file = path();
      const random = fc.sample(fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 24 }), 1500);
      // The small vocabularies cut an address into its letters, which takes Python a while.
      const addresses = (await collect(sotuDocuments('val'))).map(({ text }) => text);
      const own = file === SP8192 || file === CASEOPS ? addresses : [addresses[0]!.slice(0, 9999)];
      const plain = [...EDGES, ...random.map((characters) => characters.join('')), ...own];
      const texts = [...plain, ...plain.map(transformCase)];
      const verdict = ask(file, texts);
      const aligner = new SurfaceAligner(readSentencePieceModel(readFileSync(file), file));
      for (const [k, text] of texts.entries()) {
        const { begin, ends } = aligner.align(verdict.ids[k]!, Buffer.from(text));
        const spans = Array.from(ends, (end, i) => [i === 0 ? begin : ends[i - 1]!, end]);
        // Compared as one value: a deep comparison of millions of pairs takes minutes.
        expect(JSON.stringify(spans), JSON.stringify(text.slice(0, 60))).toBe(
          JSON.stringify(verdict.spans[k]),
        );
      }
    });
  }
});
