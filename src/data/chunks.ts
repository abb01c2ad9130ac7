/**
 * Bytes of a file in chunks, and a look at the first of them.
 */
import { open } from 'node:fs/promises';

const CHUNK = 1 << 20;

/** The file in chunks of at most 1 MiB; `seen` gets each as it is read. */
export async function* fileChunks(
  path: string,
  seen: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    for (;;) {
      // A new buffer each time: what is yielded stays valid.
      const buffer = Buffer.allocUnsafe(CHUNK);
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      seen(chunk);
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

interface Peeked {
  /** The first bytes; as many as were asked for unless the stream is shorter. */
  readonly head: Uint8Array;
  /** The whole stream, its head included; iterated once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the stream where its chunks were not read to the end. */
  close(): Promise<void>;
}

/** Reads at least `size` bytes of a stream ahead, where it has as many. */
export async function peek(stream: AsyncIterable<Uint8Array>, size: number): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]();
  const close = async () => {
    await iterator.return?.();
  };
  const read: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const { done, value } = await iterator.next();
    if (done) break;
    read.push(value);
    length += value.length;
  }
  const head = read.length === 1 ? read[0]! : Buffer.concat(read);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await close();
    }
  }
  return { head, chunks: chunks(), close };
}
