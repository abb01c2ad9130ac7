/** Long documents: time grows with the length, not with its square, whatever they are made of. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tokenize } from '#bpb/tokenize/tokenize';
import { restoreCase, transformCase } from '#bpb/tokenizer/caseops';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { SurfaceBytes } from '#bpb/tokenizer/surfaces-bytes';
import { temporaryFolder } from '../helpers/folder.js';
import { processorTime } from '../helpers/processor-time.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { compileCharsmap, RULES } from './charsmap.js';
import { operatorPieces } from './texts.js';

/** Without the piece of two spaces, so that the encoder goes word by word. */
const SEPARABLE = SMALL.filter(([text]) => text !== '▁▁');

const model = () =>
  modelFile({
    pieces: [...SEPARABLE, ...operatorPieces],
    charsmap: compileCharsmap(RULES),
    removeExtraWhitespaces: true,
  });

const MIB = 1 << 20;

it.each([
  ['words', 'the thing AND Then iPhone, '],
  ['operators', '\ue001\ue004 '],
  ['spaces alone, beyond a few', `the${' '.repeat(1000)}`],
  ['lines that are cut nowhere', 'é\n½\n'],
])('%s: eight times the document is no more than 24 times the work', async (_, unit) => {
  const tokenizer = loadTokenizer(model());
  const encoder = await createEncoder(tokenizer);
  const counter = new SurfaceBytes(tokenizer);
  const ids = (bytes: number) => {
    const text = unit.repeat(Math.ceil(bytes / Buffer.byteLength(unit)));
    return { text, ids: encoder.encode(text) };
  };
  const [warm, short, long] = [MIB / 8, MIB / 4, 2 * MIB].map(ids);
  const count = (one: typeof warm) => processorTime(() => counter.count(one!.text, one!.ids));
  await count(warm);
  const first = await count(short);
  // Linear is 8; a square would be 64. The floor keeps a clock of milliseconds from deciding.
  expect(await count(long)).toBeLessThan(24 * Math.max(first, 0.02));
});

it('a word of a million letters in both cases comes back', () => {
  const text = 'aBcD'.repeat(1 << 18);
  const transformed = transformCase(text);
  expect(transformed.length).toBe(text.length * 1.5);
  expect(restoreCase(transformed)).toBe(text);
});

it('one document of 16 MB is tokenized whole, in several files', async () => {
  const folder = temporaryFolder();
  const docs = join(folder, 'docs.jsonl');
  const text = 'The thing in AN ice. '.repeat((16 * MIB) / 21);
  writeFileSync(docs, JSON.stringify({ text }));
  const out = join(folder, 'shards');
  const tokenizer = model();
  const result = await tokenize({ docs, tokenizer, out, workers: 1, shardTokens: 3_000_000 });
  expect(result.documents.count).toBe(1);
  expect(result.bytes.original).toBe(text.length);
  // The space at its end is what the normalizer drops.
  expect(result.bytes.sidecar).toBe(text.length - 1);
  expect(result.shards.length).toBe(Math.ceil(result.tokens / 3_000_000));
});
