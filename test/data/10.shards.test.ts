/** Shards: what is refused and in which words, and that what is written is read back. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstDocuments } from '#bpb/data/document-starts';
import { findShards, readShards, writeShard } from '#bpb/data/shards';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

const OPTIONS = { vocabulary: 1024, startId: 1 };

function header(count: number, magic = 20240520, version = 1): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.writeInt32LE(magic, 0);
  bytes.writeInt32LE(version, 4);
  bytes.writeInt32LE(count, 8);
  return bytes;
}

function fileOf(content: Uint8Array | string, name = 'fineweb_val_000000.bin'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const refusedShard = (content: Uint8Array | string) =>
  refusalOf(() => readShards([fileOf(content)], OPTIONS));

describe('a file that is no shard is refused and named', () => {
  const cases: [string, Uint8Array | string, RegExp][] = [
    ['empty', '', /empty/],
    ['one byte', 'x', /not a token shard/],
    ['LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0', /Git LFS pointer/],
    ['HTML', '<!DOCTYPE html><title>404</title>', /HTML/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), /gzip/],
    ['zip', Buffer.from('PK\x03\x04rest'), /zip/],
    ['wrong magic', Buffer.concat([header(1, 20240521), Buffer.alloc(2)]), /not a token shard/],
    ['wrong version', Buffer.concat([header(1, 20240520, 2), Buffer.alloc(2)]), /version/],
    ['cut header', header(1).subarray(0, 1000), /inside its header/],
    ['only a header', header(0), /only a header/],
    ['negative count', header(-1), /negative/],
    ['odd size', Buffer.concat([header(2), Buffer.alloc(3)]), /middle of a token/],
    ['too short', Buffer.concat([header(3), Buffer.alloc(4)]), /cut short.* 3 tokens.* 2/],
    ['too long', Buffer.concat([header(1), Buffer.alloc(4)]), /after its last token/],
  ];
  it.each(cases)('%s', async (_, content, message) => {
    const refusal = await refusedShard(content);
    expect(refusal.code).toBe('BPB_SHARD_FORMAT');
    expect(refusal.exitCode).toBe(3);
    expect(refusal.message).toMatch(message);
    expect(refusal.path).toMatch(/fineweb_val_000000\.bin$/);
  });

  it('cut at every power of two, a shard of 4,096 tokens is refused', async () => {
    const whole = Buffer.concat([header(4096), Buffer.alloc(8192)]);
    for (let size = 1; size < whole.length; size *= 2) {
      expect((await refusedShard(whole.subarray(0, size))).code).toBe('BPB_SHARD_FORMAT');
    }
  });
});

it('an id beyond the vocabulary is refused with shard, place and id', async () => {
  const folder = temporaryFolder();
  await writeShard(join(folder, 'fineweb_val_000000.bin'), [1, 2, 3]);
  await writeShard(join(folder, 'fineweb_val_000001.bin'), [4, 1024, 5]);
  const refusal = await refusalOf(() => readShards(findShards(folder), OPTIONS));
  expect(refusal.code).toBe('BPB_TOKEN_ID');
  expect(refusal.path).toMatch(/000001/);
  expect(refusal.actual).toBe('id 1024 at token 1 (byte 1026)');
});

describe('finding shards', () => {
  it('says what a directory without shards holds instead', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'fineweb_train_000000.bin'), '');
    const refusal = await refusalOf(() => findShards(folder));
    expect(refusal.code).toBe('BPB_NO_SHARDS');
    expect(refusal.actual).toBe('fineweb_train_000000.bin');
    expect((await refusalOf(() => findShards(temporaryFolder()))).actual).toBe(
      'an empty directory',
    );
    expect((await refusalOf(() => findShards([]))).code).toBe('BPB_NO_SHARDS');
  });

  it('refuses a path that is not there', async () => {
    expect((await refusalOf(() => findShards('/no/such/place'))).code).toBe('BPB_DATA_MISSING');
  });

  it('never takes a byte sidecar for tokens', async () => {
    const folder = temporaryFolder();
    await writeShard(join(folder, 'fineweb_val_000000.bin'), [1]);
    await writeShard(join(folder, 'fineweb_val_bytes_000000.bin'), [0]);
    expect(findShards(folder)).toEqual([join(folder, 'fineweb_val_000000.bin')]);
    const named = () => findShards([join(folder, 'fineweb_val_bytes_000000.bin')]);
    expect((await refusalOf(named)).code).toBe('BPB_SIDECAR_AS_TOKENS');
  });

  it('refuses a swap and a repetition, and a hole in training shards alone', async () => {
    const folder = temporaryFolder();
    const at = (k: number) => join(folder, `fineweb_val_00000${k}.bin`);
    for (const k of [0, 1, 3]) await writeShard(at(k), [1]);
    // Of the shards of a score it is a finding, which can be accepted.
    expect(findShards(folder)).toEqual([at(0), at(1), at(3)]);
    for (const k of [0, 2]) await writeShard(join(folder, `fineweb_train_00000${k}.bin`), [1]);
    expect((await refusalOf(() => findShards(folder, 'train'))).code).toBe('BPB_SHARD_GAP');
    expect((await refusalOf(() => findShards([at(1), at(0)]))).code).toBe('BPB_SHARD_ORDER');
    expect((await refusalOf(() => findShards([at(0), at(0)]))).code).toBe('BPB_SHARD_ORDER');
    expect(findShards([at(0), at(3)])).toEqual([at(0), at(3)]);
  });

  it('refuses numbers without zeros, whose names have another order, with the files to name', async () => {
    const folder = temporaryFolder();
    const at = (k: number) => join(folder, `fineweb_val_${k}.bin`);
    for (const k of [0, 2, 10]) await writeShard(at(k), [1]);
    const refusal = await refusalOf(() => findShards(folder));
    expect(refusal.code).toBe('BPB_SHARD_ORDER');
    expect(refusal.hint).toContain(`--data ${at(0)} ${at(2)} ${at(10)}`);
    expect(findShards([at(0), at(2), at(10)])).toHaveLength(3);
  });

  it('takes a directory named like a shard for a directory', async () => {
    const folder = join(temporaryFolder(), 'fineweb_val_000000.bin');
    mkdirSync(folder);
    expect((await refusalOf(() => findShards(folder))).code).toBe('BPB_NO_SHARDS');
  });
});

describe('writing shards', () => {
  it('refuses what does not fit', async () => {
    const path = join(temporaryFolder(), 'x.bin');
    expect((await refusalOf(() => writeShard(path, []))).code).toBe('BPB_SHARD_SIZE');
    for (const bad of [65536, -1, 0.5, Number.NaN]) {
      expect((await refusalOf(() => writeShard(path, [bad]))).code).toBe('BPB_SHARD_VALUE');
    }
  });

  it('gives back every token, in order over files, with the sha256 of each file', async () => {
    const shards = fc.array(fc.uint16Array({ minLength: 1, maxLength: 300 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(shards, async (parts) => {
        const folder = temporaryFolder();
        for (const [k, part] of parts.entries()) {
          await writeShard(join(folder, `fineweb_val_00000${k}.bin`), part);
        }
        const read = await readShards(findShards(folder), { vocabulary: 65536, startId: 1 });
        const all = parts.flatMap((part) => [...part]);
        expect([...read.stream.ids]).toEqual(all);
        expect(read.stream.ids.buffer).toBeInstanceOf(SharedArrayBuffer);
        for (const { file, sha256 } of read.shards) {
          expect(sha256).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('documents of a stream', () => {
  const startsOf = async (ids: number[]) =>
    (await readShards([await written(ids)], OPTIONS)).stream.documentStarts;
  async function written(ids: number[]): Promise<string> {
    return (await writeShard(join(temporaryFolder(), 'fineweb_val_000000.bin'), ids)).file;
  }

  it('begin at each BOS, and at 0 whether a BOS is there or not', async () => {
    expect([...(await startsOf([1, 5, 1, 1, 6]))]).toEqual([0, 2, 3]);
    expect([...(await startsOf([5, 6, 1, 7]))]).toEqual([0, 2]);
    expect([...(await startsOf([5]))]).toEqual([0]);
  });

  it('can be cut to the first few, before the next BOS', async () => {
    const { stream } = await readShards([await written([1, 5, 1, 6, 1])], OPTIONS);
    const cut = firstDocuments(stream, 2);
    expect([...cut.ids]).toEqual([1, 5, 1, 6]);
    expect([...cut.documentStarts]).toEqual([0, 2]);
    expect(firstDocuments(stream, 3)).toBe(stream);
  });
});
