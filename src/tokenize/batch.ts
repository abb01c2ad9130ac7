/**
 * Shard entries of a batch of documents: ids with the start id before each, and their sidecar.
 */
import { type BpbError, inputError } from '../errors.js';
import { startIdOf } from '../tokenizer/document-start.js';
import { openEncoder } from '../tokenizer/encode-batch.js';
import { startInText } from '../tokenizer/stream.js';
import { SurfaceBytes } from '../tokenizer/surfaces-bytes.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** Consecutive documents; all arrays by document. */
export interface ShardTask {
  /** The documents' file, for messages. */
  readonly path: string;
  readonly texts: readonly string[];
  /** 1-based lines in that file. */
  readonly lines: readonly number[];
}

export interface ShardEntries {
  /** Ids of all documents, each after its start id where there is one. */
  readonly ids: Uint16Array;
  /** Of each id the bytes of the text it represents, 0 at a start id; null without case operators. */
  readonly bytes: Uint16Array | null;
  /** By document: UTF-8 length of the decoded text, and 1 where that is the text. */
  readonly decodedBytes: Uint32Array;
  readonly lossless: Uint8Array;
  /** By document, the sum of its `bytes`; empty where there are none. */
  readonly sidecarBytes: Uint32Array;
}

/** Of a uint16 entry. */
const MAX_ENTRY = 0xffff;

function refuseWide(task: ShardTask, k: number, bytes: number, token: number): BpbError {
  return inputError('BPB_SIDECAR_SATURATED', {
    message: `Line ${task.lines[k]}: token ${token} of the document stands for more bytes than a sidecar entry can hold.`,
    path: task.path,
    expected: `at most ${MAX_ENTRY} bytes a token, as uint16`,
    actual: `${bytes} bytes`,
    hint: 'A long run of spaces or of invisible characters, which the normalizer drops, does this: shorten it.',
  });
}

/** Makes the encoder of a thread and gives the function that writes entries with it. Ids are uint16. */
export async function openSharder(
  tokenizer: Tokenizer,
): Promise<(task: ShardTask) => ShardEntries> {
  const surfaces = tokenizer.hasCaseOperators ? new SurfaceBytes(tokenizer) : null;
  const startId = startIdOf(tokenizer);
  // Ids before a document's own.
  const lead = startId === null ? 0 : 1;
  const encode = await openEncoder(tokenizer);
  return (task) => {
    const { ids: plain, lengths, facts } = encode(task.texts);
    const { decodedBytes, lossless } = facts;
    const ids = new Uint16Array(plain.length + lead * lengths.length);
    const bytes = surfaces === null ? null : new Uint16Array(ids.length);
    const sidecarBytes = new Uint32Array(bytes === null ? 0 : lengths.length);
    let from = 0;
    let at = 0;
    for (let k = 0; k < lengths.length; k++) {
      const own = plain.subarray(from, from + lengths[k]!);
      if (startId !== null) {
        if (own.includes(startId)) {
          throw startInText(tokenizer, startId, `${task.path}, line ${task.lines[k]}`);
        }
        ids[at++] = startId;
      }
      ids.set(own, at);
      if (surfaces !== null) {
        const counts = surfaces.count(task.texts[k]!, own);
        const wide = counts.findIndex((count) => count > MAX_ENTRY);
        if (wide !== -1) throw refuseWide(task, k, counts[wide]!, wide);
        bytes!.set(counts, at);
        for (const count of counts) sidecarBytes[k]! += count;
      }
      from += own.length;
      at += own.length;
    }
    return { ids, bytes, decodedBytes, lossless, sidecarBytes };
  };
}
