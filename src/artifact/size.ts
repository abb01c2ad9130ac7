/**
 * Size accounting: what counts against the challenge's cap, and whether all that must be counted is.
 */
import { createHash } from 'node:crypto';
import { compressionOf, readDecompressed } from './decompress.js';

/** 16 MB, decimal: code bytes plus compressed model bytes (challenge README, L207-209). */
export const BYTES_LIMIT = 16_000_000;

/** What a counted file is to the score. */
export type CountedRole = 'model' | 'external' | 'state' | 'adapt' | 'tokenizer' | 'code' | 'other';

export interface SizeAccount {
  /** Sum of the counted files as they are stored. */
  readonly bytesCounted: number;
  readonly bytesLimit: number;
  /** Null where something that must be counted is not, so that the sum says nothing. */
  readonly withinLimit: boolean | null;
  /** Why `withinLimit` is null. */
  readonly note: string | null;
  /** What to write so that it is known; null where it is, or where there is no manifest to write it in. */
  readonly hint: string | null;
  /** Each counted file once, whatever number of names the manifest gives it. */
  readonly counted: readonly (StoredFile & { readonly role: CountedRole })[];
  /** What must be counted by somebody's rule and is not in the sum. */
  readonly notCounted: readonly ('model' | 'code')[];
  /** sha256 of all that the counted files hold, stored and unpacked. */
  readonly hashes: ReadonlySet<string>;
  /** Names of the scored files that need not be counted any more, the tokenizer among them. */
  readonly covered: readonly string[];
}

export interface StoredFile {
  /** As the manifest names it. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the content after decompression; the same as `sha256` where it is stored plain. */
  readonly contentSha256: string;
}

/** A file that the score depends on. */
export interface ScoredFile extends StoredFile {
  readonly role: Exclude<CountedRole, 'code' | 'other'>;
}

/** A file of the manifest's list, and what it is when it is nothing that is scored. */
export interface CountedFile extends StoredFile {
  /** The same for two names of one file. */
  readonly identity: string;
  readonly isCode: boolean;
  /** sha256 of the files that it packs. */
  readonly members: readonly string[];
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
 * equals a counted file's content, or that of a file in a counted archive: a model unpacked for
 * convenience beside what is counted. The tokenizer need not be counted; code must be.
 */
export function accountSize(
  named: readonly CountedFile[],
  scored: readonly ScoredFile[],
): SizeAccount {
  const files = [...new Map(named.map((file) => [file.identity, file])).values()];
  const counted = files.map((file) => ({ ...storedOf(file), role: roleOf(file, scored) }));
  const bytesCounted = counted.reduce((sum, { bytes }) => sum + bytes, 0);
  const covered = new Set(
    files.flatMap((file) => [file.sha256, file.contentSha256, ...file.members]),
  );
  const isCovered = ({ role, sha256, contentSha256 }: ScoredFile): boolean =>
    role === 'tokenizer' || covered.has(sha256) || covered.has(contentSha256);
  const missing = scored.filter((file) => !isCovered(file));
  const notCounted: ('model' | 'code')[] = [];
  const notes: string[] = [];
  const hints: string[] = [];
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    notCounted.push('model');
    notes.push(`scored but not counted: ${names}`);
    hints.push(`add ${names} to \`counted\` in artifact.json`);
  }
  if (!counted.some(({ role }) => role === 'code')) {
    notCounted.push('code');
    notes.push('no counted file is code');
    hints.push(
      'add the training script to `counted` in artifact.json; where another archive than .tar packs it, name that in `code` too, as "code": ["train.zip"]',
    );
  }
  const known = notes.length === 0;
  return {
    bytesCounted,
    bytesLimit: BYTES_LIMIT,
    withinLimit: known ? bytesCounted <= BYTES_LIMIT : null,
    note: known ? null : notes.join('; '),
    hint: known ? null : hints.join('; '),
    counted,
    notCounted,
    hashes: covered,
    covered: scored.filter(isCovered).map(({ name }) => name),
  };
}

/** What is not in the sum. A tokenizer is counted as what its file holds, wherever the caller took it from. */
export function notCountedOf(
  { notCounted, hashes }: SizeAccount,
  tokenizer: { readonly kind: string; readonly sha256: string },
): ('model' | 'code' | 'tokenizer')[] {
  const hasTokenizer = tokenizer.kind === 'byte260' || hashes.has(tokenizer.sha256);
  return hasTokenizer ? [...notCounted] : [...notCounted, 'tokenizer'];
}

function storedOf({ name, bytes, sha256, contentSha256 }: CountedFile): StoredFile {
  return { name, bytes, sha256, contentSha256 };
}

/** What is scored is no code, whatever it is called and whatever the manifest names it. */
function roleOf(file: CountedFile, scored: readonly ScoredFile[]): CountedRole {
  const same = scored.find(
    ({ sha256, contentSha256 }) => sha256 === file.sha256 || contentSha256 === file.contentSha256,
  );
  return same?.role ?? (file.isCode ? 'code' : 'other');
}
