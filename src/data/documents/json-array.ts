/**
 * Splitter of one JSON array into the bytes of its elements, with one element in memory at a time.
 */
import { constants } from 'node:buffer';
import { inputError } from '../../errors.js';
import { type Place, tooLong } from './parse.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

interface Element {
  readonly bytes: Uint8Array;
  readonly place: Place;
}

/** What the next byte outside strings belongs to. */
type State = 'before' | 'first' | 'next' | 'element' | 'closed';

const isSpace = (byte: number) =>
  byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;

/**
 * The elements of the array that the stream holds; its first byte that is no space is `[`.
 *
 * Only brackets, quotes and commas are looked at: whether an element is JSON is for its parser to say.
 *
 * @throws BPB_DOCUMENT_JSON for an array that is not closed, and for what stands beside its elements
 */
export async function* arrayElements(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Element> {
  const splitter = new Splitter(path);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  splitter.end();
}

class Splitter {
  private line = 1;
  private index = 0;
  /** Brackets open inside the element. */
  private depth = 0;
  private inString = false;
  /** The chunk before ended with a backslash that escapes what follows. */
  private escaped = false;
  private state: State = 'before';
  /** Of the element so far, in earlier chunks. */
  private parts: Uint8Array[] = [];
  private length = 0;
  private place: Place;

  constructor(private readonly path: string) {
    this.place = { path, line: 1, label: 'Line 1' };
  }

  *push(chunk: Uint8Array): Generator<Element> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (this.inString) {
        at = this.closingQuote(chunk, at);
        continue;
      }
      const byte = chunk[at]!;
      if (byte === LINE_FEED) this.line++;
      if (this.state === 'element') {
        if (byte === QUOTE) this.inString = true;
        else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.depth++;
        else if (this.depth > 0) {
          if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.depth--;
        } else if (byte === COMMA || byte === CLOSE_ARRAY) {
          yield this.take(chunk.subarray(from, at));
          this.state = byte === COMMA ? 'next' : 'closed';
        }
        continue;
      }
      if (isSpace(byte)) continue;
      if (this.state === 'before') {
        this.state = 'first';
      } else if (this.state === 'first' && byte === CLOSE_ARRAY) {
        this.state = 'closed';
      } else if (this.state === 'closed') {
        throw this.refuse('more after the end of the array', 'One array, and nothing after it.');
      } else if (byte === COMMA || byte === CLOSE_ARRAY) {
        throw this.refuse('a comma without a document', 'Remove the comma.');
      } else {
        this.begin();
        from = at;
        this.inString = byte === QUOTE;
        this.depth = byte === OPEN_ARRAY || byte === OPEN_OBJECT ? 1 : 0;
      }
    }
    if (this.state !== 'element') return;
    const rest = chunk.subarray(from);
    this.parts.push(rest);
    this.length += rest.length;
    if (this.length > constants.MAX_STRING_LENGTH) throw tooLong(this.place);
  }

  /** Where the string ends that goes on at `from`: its quote, or the end of the chunk. */
  private closingQuote(chunk: Uint8Array, from: number): number {
    for (let at = from; ; ) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote === -1 ? chunk.length : quote;
      let run = 0;
      while (end - run > at && chunk[end - run - 1] === BACKSLASH) run++;
      // A backslash that ended the chunk before escapes the first character of this one.
      const escapes = run + (end - run === at && this.escaped ? 1 : 0);
      this.escaped = quote === -1 && escapes % 2 === 1;
      if (quote === -1) return end;
      if (escapes % 2 === 0) {
        this.inString = false;
        return quote;
      }
      at = quote + 1;
    }
  }

  end(): void {
    if (this.state === 'closed') return;
    throw this.refuse('the end of the file inside the array', 'Check that the export finished.');
  }

  private begin(): void {
    this.state = 'element';
    this.index++;
    const label = `Document ${this.index} (line ${this.line})`;
    this.place = { path: this.path, line: this.line, label };
  }

  private take(last: Uint8Array): Element {
    const bytes = this.parts.length === 0 ? last : Buffer.concat([...this.parts, last]);
    this.parts = [];
    this.length = 0;
    return { bytes, place: this.place };
  }

  private refuse(actual: string, hint: string) {
    return inputError('BPB_DOCUMENT_JSON', {
      message: `Line ${this.line}: the array of documents is not valid JSON.`,
      path: this.path,
      expected: 'documents between [ and ], separated by commas',
      actual,
      hint,
    });
  }
}
