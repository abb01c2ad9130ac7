/** Token streams for tests, with documents where the test says. */
import type { TokenStream } from '#bpb/data/types';

/** A stream of `ids`; documents begin at `starts`, with `startId` or where it is null with a text's token. */
export function streamOf(
  ids: ArrayLike<number>,
  starts: ArrayLike<number> = [0],
  startId: number | null = 1,
): TokenStream {
  const shared = new Uint16Array(new SharedArrayBuffer(ids.length * 2));
  shared.set(ids);
  const documentStarts = new Uint32Array(new SharedArrayBuffer(starts.length * 4));
  documentStarts.set(starts);
  return { ids: shared, documentStarts, startId };
}

/** A stream of `length` zeros. */
export function blankStream(length: number, starts: ArrayLike<number> = [0]): TokenStream {
  return streamOf(new Uint16Array(length), starts);
}
