/** Token files of other projects: never read as a shard, each named, with a command that makes one. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readShards } from '#bpb/data/shards';
import { temporaryFolder } from '../helpers/folder.js';
import { uniform } from '../helpers/models.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';

const OPTIONS = { vocabulary: 65_536, startId: 1 };

function fileOf(content: Uint8Array, name = 'val.bin'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const refused = (path: string) => refusalOf(() => readShards([path], OPTIONS));

/** llm.c's header of 256 int32, and `bytes` after it. */
function llmC(magic: number, version: number, count: number, bytes: number): Buffer {
  const file = Buffer.alloc(1024 + bytes);
  for (const [k, word] of [magic, version, count].entries()) file.writeInt32LE(word, 4 * k);
  return file;
}

const IDS = Array.from({ length: 3000 }, (_, k) => (k * 7919) % 50_257);
const words = Buffer.from(Uint16Array.from(IDS).buffer);
const doubles = Buffer.from(Uint32Array.from(IDS).buffer);

describe('named, with the way to a shard', () => {
  const cases: [string, Uint8Array, string, RegExp, RegExp][] = [
    ["llm.c's Llama 3", llmC(20240801, 7, 2, 8), 'val.bin', /Llama 3, with uint32/, /bpb tokenize/],
    ["llm.c's HellaSwag", llmC(20240522, 1, 2, 8), 'val.bin', /evaluation file/, /bpb tokenize/],
    ["llm.c's model", llmC(20240326, 3, 2, 8), 'gpt2.bin', /a model of llm\.c/, /bpb tokenize/],
    ["nanoGPT's", words, 'val.bin', /without a header, as nanoGPT/, /fromfile.*<u2/],
    ['nanoGPT, of characters', Buffer.alloc(2000, 'a\0'), 'val.bin', /nanoGPT/, /<u2/],
    ['without a header, uint32', doubles, 'val.bin', /32 bits each/, /fromfile.*<u4/],
    ['.npy', Buffer.from('\x93NUMPY\x01\0v\0', 'latin1'), 'val.npy', /NumPy array/, /n\.load/],
    [
      '.npz',
      Buffer.from(`PK\x03\x04${'\0'.repeat(22)}\x07\0\0\0arr.npy`),
      'a.npz',
      /npz/,
      /n\.load/,
    ],
    [
      'torch.save',
      Buffer.from(`PK\x03\x04${'\0'.repeat(22)}\x0c\0\0\0val/data.pkl`),
      'a.pt',
      /torch/,
      /torch/,
    ],
    [
      'safetensors',
      Buffer.from('\x40\0\0\0\0\0\0\0{"a":{', 'latin1'),
      'a.bin',
      /safetensors/,
      /tokenize/,
    ],
    ['Arrow', Buffer.from('ARROW1\0\0'), 'a.arrow', /Arrow/, /bpb tokenize --docs/],
    ['Parquet', Buffer.from('PAR1\x15\x04'), 'my a.parquet', /Parquet/, /--docs '.*my a\.parquet'/],
    ['documents', Buffer.from('{"text":"x"}'), 'a.jsonl', /JSON text/, /--docs /],
    ["Megatron's index", Buffer.from('MMIDIDX\0\0\x01'), 'a.idx', /Megatron/, /bpb tokenize/],
    [
      "MosaicML's",
      Buffer.from([3, 0, 0, 0, 0xff, 0xff, 0xfe, 0xff]),
      's.00000.mds',
      /MosaicML/,
      /tokenize/,
    ],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'fineweb_val_000000.bin.gz', /gzip/, /gzip -d/],
  ];
  it.each(cases)('%s', async (_, content, name, message, hint) => {
    const refusal = await refused(fileOf(content, name));
    expect(refusal.code).toBe('BPB_SHARD_FORMAT');
    expect(refusal.message).toMatch(message);
    expect(refusal.hint).toMatch(hint);
  });

  it("Megatron's ids beside their index", async () => {
    const path = fileOf(words, 'a_document.bin');
    writeFileSync(path.replace('.bin', '.idx'), 'MMIDIDX\0\0');
    expect((await refused(path)).message).toContain('Megatron');
  });

  it('random bytes and other magic numbers are called nothing', async () => {
    const next = uniform(3);
    const noise = Buffer.from(Array.from({ length: 4096 }, () => Math.floor(next() * 256)));
    expect((await refused(fileOf(noise))).message).toBe('This is not a token shard.');
    const other = llmC(20240521, 1, 60_000, 2);
    other.writeUInt16LE(65_535, 20);
    expect((await refused(fileOf(other))).actual).toBe('magic number 20240521');
  });
});

const python = pythonWith('numpy');

describe.skipIf(python === undefined)('the command of the hint', () => {
  const save = (script: string, folder: string) =>
    spawnSync(
      python!,
      ['-c', `import sys, numpy as n; t = n.fromfile("val.bin", "<u2"); ${script}`],
      {
        cwd: folder,
      },
    );

  /** Runs the command that the refusal of `path` gives, in `folder`. */
  async function convert(path: string, folder: string) {
    const { hint } = await refused(path);
    const command = hint!.slice(hint!.indexOf('python3')).replace('python3', python!);
    return spawnSync('bash', ['-c', command], { cwd: folder });
  }

  test.each([
    ['nanoGPT', 'val.bin', ''],
    ['.npy', 'val.npy', 'n.save("val.npy", t.astype("<i8"))'],
    ['.npz', 'val.npz', 'n.savez("val.npz", t[None])'],
    ['uint32', 'wide.bin', 't.astype("<u4").tofile("wide.bin")'],
  ])('makes a shard of the same ids: %s', async (_, name, script) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'val.bin'), words);
    if (script !== '') expect(save(script, folder).status).toBe(0);
    expect((await convert(join(folder, name), folder)).status).toBe(0);
    const read = await readShards([join(folder, 'fineweb_val_000000.bin')], OPTIONS);
    expect([...read.stream.ids]).toEqual(IDS);
  });

  test('stops at ids that 16 bits do not hold', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'val.bin');
    writeFileSync(path, Buffer.from(Uint32Array.from([...IDS, 70_000]).buffer));
    expect((await convert(path, folder)).status).not.toBe(0);
    expect(existsSync(join(folder, 'fineweb_val_000000.bin'))).toBe(false);
  });
});
