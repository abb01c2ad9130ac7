/**
 * Writer of a series of shards of unknown length, under temporary names that match no pattern of
 * shards until the whole series is complete.
 */
import { createHash } from 'node:crypto';
import { createReadStream, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { shardHeader } from '../data/shard-header.js';
import type { ShardInfo } from '../data/types.js';

/** Suffix of a file until the series is complete; no pattern of shards matches it. */
export const PARTIAL = '.partial';

const shardName = (prefix: string, index: number) =>
  `${prefix}_${String(index).padStart(6, '0')}.bin`;

interface Part {
  readonly name: string;
  /** Where the file is now. */
  path: string;
  tokens: number;
  sha256: string;
}

export class ShardSeries {
  private readonly parts: Part[] = [];
  private handle: FileHandle | null = null;

  /**
   * @param prefix of the names, e.g. `fineweb_val`
   * @param capacity entries a file
   */
  constructor(
    private readonly directory: string,
    private readonly prefix: string,
    private readonly capacity: number,
  ) {}

  /** Appends entries; a document may lie across two files. Fails as the file system does. */
  async append(values: Uint16Array): Promise<void> {
    for (let from = 0; from < values.length; ) {
      const part = this.handle === null ? await this.begin() : this.parts.at(-1)!;
      const taken = Math.min(values.length - from, this.capacity - part.tokens);
      const { buffer, byteOffset } = values;
      // Appends and writes all of it; the machine's own order is little endian, as in read-entries.
      await this.handle!.writeFile(new Uint8Array(buffer, byteOffset + 2 * from, 2 * taken));
      part.tokens += taken;
      from += taken;
      if (part.tokens === this.capacity) await this.end();
    }
  }

  /** Completes the last file; the names are still those of parts. */
  async finish(): Promise<readonly ShardInfo[]> {
    if (this.handle !== null) await this.end();
    return this.parts.map(({ name, tokens, sha256 }) => ({ file: name, tokens, sha256 }));
  }

  /** Gives every file its own name. Without a pause, so that no interrupt falls between two. */
  publish(): void {
    for (const part of this.parts) {
      const path = join(this.directory, part.name);
      renameSync(part.path, path);
      part.path = path;
    }
  }

  /** Removes every file of the series, whatever it is called by now. */
  async discard(): Promise<void> {
    await this.handle?.close().catch(() => {});
    this.handle = null;
    for (const { path } of this.parts) rmSync(path, { force: true });
  }

  private async begin(): Promise<Part> {
    const name = shardName(this.prefix, this.parts.length);
    const path = join(this.directory, name + PARTIAL);
    this.handle = await open(path, 'wx+');
    const part = { name, path, tokens: 0, sha256: '' };
    this.parts.push(part);
    // A header without a count: readers refuse the file even if it is renamed by hand.
    await this.handle.writeFile(shardHeader(0));
    return part;
  }

  private async end(): Promise<void> {
    const part = this.parts.at(-1)!;
    const handle = this.handle!;
    const header = shardHeader(part.tokens);
    await handle.write(header, 0, header.length, 0);
    await handle.sync();
    await handle.close();
    this.handle = null;
    // The count stands before all tokens, so the hash can only be taken now: of what was written.
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(part.path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
    }
    part.sha256 = hash.digest('hex');
  }
}
