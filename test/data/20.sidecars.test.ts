/** Byte sidecars: equal length with the tokens, nothing at BOS, found beside the shards only. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { findSidecars, readSidecars } from '#bpb/data/sidecars';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

const STREAM = streamOf([1, 7, 8, 1, 9], [0, 3]);

async function sidecarOf(...parts: number[][]): Promise<string[]> {
  const folder = temporaryFolder();
  await writeShard(join(folder, 'fineweb_val_000000.bin'), STREAM.ids);
  for (const [k, part] of parts.entries()) {
    await writeShard(join(folder, `fineweb_val_bytes_00000${k}.bin`), part);
  }
  return findSidecars([join(folder, 'fineweb_val_000000.bin')]);
}

it('a shorter sidecar is refused', async () => {
  const files = await sidecarOf([0, 3, 4, 0]);
  const refusal = await refusalOf(() => readSidecars(files, STREAM));
  expect(refusal.code).toBe('BPB_SIDECAR_LENGTH');
  expect(refusal.message).toContain('1 entries shorter');
});

it('a longer sidecar is refused', async () => {
  const files = await sidecarOf([0, 3, 4, 0, 5], [6, 7]);
  const refusal = await refusalOf(() => readSidecars(files, STREAM));
  expect(refusal.code).toBe('BPB_SIDECAR_LENGTH');
  expect(refusal.message).toContain('2 entries longer');
});

it('a sidecar with bytes at a BOS is shifted, and refused', async () => {
  const files = await sidecarOf([3, 4, 0, 5, 0]);
  const refusal = await refusalOf(() => readSidecars(files, STREAM));
  expect(refusal.code).toBe('BPB_SIDECAR_BOS');
  expect(refusal.actual).toBe('3 at token 0');
});

it('a sidecar split over files is one array, in shared memory', async () => {
  const files = await sidecarOf([0, 3, 4], [0, 65535]);
  const { bytes, files: infos } = await readSidecars(files, STREAM);
  expect([...bytes]).toEqual([0, 3, 4, 0, 65535]);
  expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(infos.map(({ tokens }) => tokens)).toEqual([3, 2]);
});

it('the shards themselves are never taken for sidecars', async () => {
  expect(await sidecarOf()).toEqual([]);
});
