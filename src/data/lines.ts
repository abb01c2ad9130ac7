/**
 * Byte lines of a file, with at most one line and one chunk in memory.
 */
import { type BpbError, inputError } from '../errors.js';
import { fileChunks } from './chunks.js';

const LINE_FEED = 0x0a;

interface Line {
  /** Without the line feed; valid until the next line is read. */
  readonly bytes: Uint8Array;
  /** 1-based. */
  readonly number: number;
  /** False for what follows the last line feed, when that is not empty. */
  readonly ended: boolean;
}

/** How long a line may be, and what is thrown for a longer one. */
interface LongestLine {
  readonly bytes: number;
  readonly refuse: (line: number) => BpbError;
}

/**
 * Yields the lines of `path`.
 *
 * @throws BPB_LINE_TOO_LONG for a line of more than `longest` bytes
 */
export function readLines(path: string, longest: number): AsyncGenerator<Line> {
  return linesOf(
    fileChunks(path, () => {}),
    {
      bytes: longest,
      refuse: (line) =>
        inputError('BPB_LINE_TOO_LONG', {
          message: `line ${line} is too long`,
          path,
          expected: `at most ${longest} bytes`,
          actual: 'more',
        }),
    },
  );
}

/** Yields the lines of a stream of bytes. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longest: LongestLine,
): AsyncGenerator<Line> {
  let number = 0;
  // A line that spans many chunks is kept as a list and joined once: 200 MB lines stay linear.
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const check = (bytes: number) => {
    if (bytes > longest.bytes) throw longest.refuse(number + 1);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const feed = chunk.indexOf(LINE_FEED, start);
      if (feed === -1) break;
      const tail = chunk.subarray(start, feed);
      check(pendingBytes + tail.length);
      const bytes = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
      pending = [];
      pendingBytes = 0;
      number++;
      yield { bytes, number, ended: true };
      start = feed + 1;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    check(pendingBytes);
  }
  if (pending.length > 0) {
    yield { bytes: Buffer.concat(pending), number: number + 1, ended: false };
  }
}
