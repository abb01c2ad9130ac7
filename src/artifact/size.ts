/**
 * Size accounting: what counts against the challenge's cap, and whether everything scored is in it.
 */
import { createHash } from 'node:crypto';
import { compressionOf, readDecompressed } from './decompress.js';

/** 16 MB, decimal: code bytes plus compressed model bytes (challenge README, L207-209). */
export const BYTES_LIMIT = 16_000_000;

export interface SizeAccount {
  /** Sum of the counted files as they are stored. */
  readonly bytesCounted: number;
  readonly bytesLimit: number;
  /** Null where a scored file is not covered by the counted ones, so that the sum says nothing. */
  readonly withinLimit: boolean | null;
  /** Why `withinLimit` is null. */
  readonly note: string | null;
}

export interface StoredFile {
  /** As the manifest names it. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the content after decompression; the same as `sha256` where it is stored plain. */
  readonly contentSha256: string;
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Hashes a file as it is stored and as it unpacks. */
export async function storedFile(name: string, path: string): Promise<StoredFile> {
  const { stored, content } = await readDecompressed(path);
  const hash = sha256(stored);
  const contentSha256 = compressionOf(path) === null ? hash : sha256(content);
  return { name, bytes: stored.length, sha256: hash, contentSha256 };
}

/**
 * Sums the counted files. A scored file is covered when it is itself counted, or when its content
 * equals a counted file's content: a model unpacked for convenience beside its counted archive.
 */
export function accountSize(
  counted: readonly StoredFile[],
  scored: readonly StoredFile[],
): SizeAccount {
  const bytesCounted = counted.reduce((sum, file) => sum + file.bytes, 0);
  const covered = new Set(counted.flatMap((file) => [file.sha256, file.contentSha256]));
  const missing = scored.filter(
    (file) => !covered.has(file.sha256) && !covered.has(file.contentSha256),
  );
  if (missing.length > 0) {
    const names = missing.map((file) => file.name).join(', ');
    const note = `scored but not counted: ${names}`;
    return { bytesCounted, bytesLimit: BYTES_LIMIT, withinLimit: null, note };
  }
  const withinLimit = bytesCounted <= BYTES_LIMIT;
  return { bytesCounted, bytesLimit: BYTES_LIMIT, withinLimit, note: null };
}
