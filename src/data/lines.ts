/**
 * Byte lines of a file, with at most one line and one chunk in memory.
 */
import { open } from 'node:fs/promises';
import { type BpbError, inputError } from '../errors.js';

const CHUNK = 1 << 20;
const LINE_FEED = 0x0a;

interface Line {
  /** Without the line feed; valid until the next line is read. */
  readonly bytes: Uint8Array;
  /** 1-based. */
  readonly number: number;
  /** False for what follows the last line feed, when that is not empty. */
  readonly ended: boolean;
}

/**
 * Yields the lines of `path`; `seen` gets every chunk of the file as it is read.
 *
 * @throws BPB_LINE_TOO_LONG for a line of more than `longest` bytes
 */
export async function* readLines(
  path: string,
  seen: (chunk: Uint8Array) => void,
  longest = Number.POSITIVE_INFINITY,
): AsyncGenerator<Line> {
  const handle = await open(path, 'r');
  try {
    let number = 0;
    // A line that spans many chunks is kept as a list and joined once: 200 MB lines stay linear.
    let pending: Buffer[] = [];
    let pendingBytes = 0;
    const check = (bytes: number) => {
      if (bytes > longest) throw tooLong(path, number + 1, longest);
    };
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      seen(chunk);
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
      if (start < bytesRead) pending.push(chunk.subarray(start));
      pendingBytes += bytesRead - start;
      check(pendingBytes);
    }
    if (pending.length > 0) {
      yield { bytes: Buffer.concat(pending), number: number + 1, ended: false };
    }
  } finally {
    await handle.close();
  }
}

function tooLong(path: string, line: number, longest: number): BpbError {
  return inputError('BPB_LINE_TOO_LONG', {
    message: `line ${line} is too long`,
    path,
    expected: `at most ${longest} bytes`,
    actual: 'more',
  });
}
