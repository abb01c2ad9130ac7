/**
 * Cuts a file into lines of bytes without ever holding more than one line and one chunk.
 */
import { open } from 'node:fs/promises';

const CHUNK = 1 << 20;
const LINE_FEED = 0x0a;

export interface Line {
  /** Without the line feed; valid until the next line is asked for. */
  readonly bytes: Uint8Array;
  /** 1-based. */
  readonly number: number;
  /** False for what follows the last line feed, when that is not empty. */
  readonly ended: boolean;
}

/** Yields the lines of `path`; `seen` gets every chunk of the file as it is read. */
export async function* readLines(
  path: string,
  seen: (chunk: Uint8Array) => void,
): AsyncGenerator<Line> {
  const handle = await open(path, 'r');
  try {
    let number = 0;
    // A line that spans many chunks is kept as a list and joined once: 200 MB lines stay linear.
    let pending: Buffer[] = [];
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
        const bytes = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
        pending = [];
        number++;
        yield { bytes, number, ended: true };
        start = feed + 1;
      }
      if (start < bytesRead) pending.push(chunk.subarray(start));
    }
    if (pending.length > 0) {
      yield { bytes: Buffer.concat(pending), number: number + 1, ended: false };
    }
  } finally {
    await handle.close();
  }
}
