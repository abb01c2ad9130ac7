/**
 * Streaming reader of published documents in a JSON Lines file, one line in memory at a time.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { inputError } from '../errors.js';
import { readLines } from './lines.js';
import { parseDocument } from './parse-document.js';
import type { Document, DocumentSource, SourceFacts } from './types.js';

function refuseBlank(path: string, line: number) {
  return inputError('BPB_DOCUMENT_BLANK', {
    message: `Line ${line}: it is blank.`,
    path,
    expected: 'a JSON object on every line; only the end of the file may be blank',
    actual: 'a blank line',
    hint: 'Remove it: it would move every later document by one. An empty text is {"text": ""}.',
  });
}

class JsonLinesDocuments implements DocumentSource {
  private last: SourceFacts | null = null;

  constructor(readonly path: string) {}

  facts(): SourceFacts | null {
    return this.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    const hash = createHash('sha256');
    let documents = 0;
    let bytes = 0;
    let byteOrderMark = false;
    let blank = 0;
    for await (const line of readLines(this.path, (chunk) => hash.update(chunk))) {
      let content = line.bytes;
      if (line.number === 1 && content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf) {
        byteOrderMark = true;
        content = content.subarray(3);
      }
      if (blank > 0) throw refuseBlank(this.path, blank);
      // Whitespace only (a carriage return of CRLF included) is blank; JSON allows no more.
      if (content.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) {
        blank = line.number;
        continue;
      }
      const document = parseDocument(content, this.path, line.number);
      documents++;
      bytes += document.bytes;
      yield document;
    }
    if (documents === 0) {
      throw inputError('BPB_NO_DOCUMENTS', {
        message: 'The file holds no documents.',
        path: this.path,
        expected: 'one JSON object with a string field "text" a line',
        actual: 'an empty file',
        hint: 'Check that the export finished.',
      });
    }
    this.last = { documents, bytes, sha256: hash.digest('hex'), byteOrderMark };
  }
}

/**
 * The documents of a JSON Lines file.
 *
 * Refused while reading, with the line's number: invalid UTF-8 or JSON, a missing or non-string
 * `text`, half a surrogate pair, a blank line that is not the last. A byte order mark at the start
 * is left out and reported in `facts()`.
 */
export function readDocuments(path: string): DocumentSource {
  let isFile = false;
  try {
    isFile = statSync(path).isFile();
  } catch {
    // Falls through to the refusal, with the reason in the harness's own words.
  }
  if (!isFile) {
    throw inputError('BPB_DATA_MISSING', {
      message: 'There is no such documents file.',
      path,
      expected: 'a JSON Lines file of documents',
      actual: 'no regular file there',
      hint: 'Check the path given as documents.',
    });
  }
  return new JsonLinesDocuments(path);
}
