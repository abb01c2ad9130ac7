/**
 * Output directory of a `tokenize` run: all files at the end, or none.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShardInfo } from '../data/types.js';
import { type BpbError, usageError } from '../errors.js';
import { asWriteError, type Writing, writing } from '../write-error.js';
import type { ShardEntries } from './batch.js';
import type { Split } from './options.js';
import { PARTIAL, ShardSeries } from './shard-series.js';

const manifestName = (split: Split) => `tokenize-${split}.json`;

export interface Written {
  readonly shards: readonly ShardInfo[];
  readonly sidecars: readonly ShardInfo[];
}

export class ShardDirectory {
  private readonly tokens: ShardSeries;
  private readonly bytes: ShardSeries | null;
  private readonly manifest: string;
  private manifestBegun = false;

  /** Of a directory that was made and checked already (`checkShardDirectory`). */
  constructor(
    readonly path: string,
    private readonly split: Split,
    capacity: number,
    sidecar: boolean,
  ) {
    const prefix = `fineweb_${split}`;
    this.manifest = join(path, manifestName(split));
    this.tokens = new ShardSeries(path, prefix, capacity);
    this.bytes = sidecar ? new ShardSeries(path, `${prefix}_bytes`, capacity) : null;
  }

  /** Takes the next entries of the stream. */
  append({ ids, bytes }: ShardEntries): Promise<void> {
    return this.guard(async () => {
      await this.tokens.append(ids);
      if (bytes !== null) await this.bytes?.append(bytes);
    });
  }

  /** Completes the files, which still have the names of parts. */
  finish(): Promise<Written> {
    return this.guard(async () => ({
      shards: await this.tokens.finish(),
      sidecars: (await this.bytes?.finish()) ?? [],
    }));
  }

  /** Writes the manifest and gives every file its name, the manifest last: it says that all is there. */
  publish(manifest: unknown): void {
    writing(shards(this.path), () => {
      const partial = this.manifest + PARTIAL;
      this.manifestBegun = true;
      writeFileSync(partial, `${JSON.stringify(manifest, null, 2)}\n`);
      this.bytes?.publish();
      this.tokens.publish();
      renameSync(partial, this.manifest);
    });
  }

  /** Takes everything away again that this run wrote. */
  async discard(): Promise<void> {
    await this.tokens.discard();
    await this.bytes?.discard();
    if (this.manifestBegun) rmSync(this.manifest + PARTIAL, { force: true });
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      // Another run began in the same directory since it was looked through.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
        throw inUse(this.path, this.split, undefined);
      throw asWriteError(cause, shards(this.path));
    }
  }
}

/**
 * Refuses a directory that holds anything of this split, or of a run of it; one that is not there is
 * as good as an empty one.
 *
 * @throws BPB_OUT_IN_USE (usage); BPB_WRITE_FAILED (environment) for what is no directory
 */
export function checkShardDirectory(path: string, split: Split): void {
  if (!existsSync(path)) return;
  const names = writing(shards(path), () => readdirSync(path));
  const ours = names.filter(
    (name) => /\.bin(\.partial)?$/.test(name) && name.startsWith(`fineweb_${split}_`),
  );
  if (ours.length > 0 || names.includes(manifestName(split))) throw inUse(path, split, ours[0]);
}

function inUse(path: string, split: Split, name: string | undefined): BpbError {
  const partial = name?.endsWith(PARTIAL) ?? name === undefined;
  return usageError('BPB_OUT_IN_USE', {
    message: `the directory already holds ${split} shards${partial ? ', or a run that writes them' : ''}`,
    path,
    expected: `a directory without files of fineweb_${split}_*`,
    actual: name ?? manifestName(split),
    hint: 'choose another directory for --out, or delete these files',
  });
}

function shards(path: string): Writing {
  return {
    path,
    what: 'the shards',
    expected: 'a writable directory with free space: two bytes a token, twice with a sidecar',
    hint: 'nothing was left behind; free some space or choose another directory for --out',
  };
}
