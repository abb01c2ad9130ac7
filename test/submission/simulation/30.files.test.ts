/**
 * The files of a run: shards under any name, and what the script writes.
 */
import { describe, expect, test } from 'vitest';
import { parseShardHeader } from '#bpb/data/shard-header';
import { Files, normalized } from '#bpb/submission/simulation/files';
import { smallSet } from '#bpb/submission/simulation/set';
import { SIDECAR } from '#bpb/submission/simulation/types';

const set = smallSet(3056);
const cased = smallSet(3056, 'operators');

function entries(contents: ReturnType<Files['read']>): { values: number[]; tags: number[] } {
  if (contents === null || contents === 'unknown') throw new Error('no contents');
  const { data, tags } = contents;
  const count = parseShardHeader('shard', data, data.length);
  const view = new DataView(data.buffer, data.byteOffset);
  const at = Array.from({ length: count }, (_, i) => 1024 + 2 * i);
  return {
    values: at.map((each) => view.getUint16(each, true)),
    tags: at.map((each) => tags?.[each] ?? -1),
  };
}

describe('shards', () => {
  test('hold the stream, cut in two, and each token knows its place', () => {
    const files = new Files(set);
    const paths = files.glob('./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin');
    expect(paths).toHaveLength(2);
    const all = paths.map((path) => entries(files.read(path)));
    expect(all.flatMap(({ values }) => values)).toEqual(set.ids);
    expect(all.flatMap(({ tags }) => tags)).toEqual(set.ids.map((_, i) => i));
  });

  test.each([
    ['/any/where/val_*.bin', 2],
    ['x/**/fineweb_val_*.bin', 2],
    ['x/*/*_val_??????.bin', 2],
    ['fineweb_val_[0-9]*.bin', 2],
    ['data/fineweb_val_000000.bin', 1],
    ['data/fineweb_val_000007.bin', 0],
    ['fineweb_val_bytes_*.bin', 0],
    ['data/*.bin', 4],
    ['*.txt', 0],
  ])('%s finds %i files', (pattern, count) => {
    expect(new Files(set).glob(pattern)).toHaveLength(count);
  });

  test('a glob that is too wide finds sidecars, whose entries are told from tokens', () => {
    const files = new Files(cased);
    const paths = files.glob('fineweb_val_*.bin');
    expect(paths).toHaveLength(4);
    expect(files.glob('fineweb_val_bytes_*.bin')).toEqual(paths.slice(2));
    const sidecar = paths.slice(2).map((path) => entries(files.read(path)));
    expect(sidecar.flatMap(({ values }) => values)).toEqual(cased.sidecar);
    expect(sidecar.flatMap(({ tags }) => tags)).toEqual(cased.ids.map((_, i) => SIDECAR + i));
  });

  test('of training hold no token of the stream', () => {
    const files = new Files(set);
    const [path] = files.glob('fineweb_train_*.bin');
    expect(new Set(entries(files.read(path!)).tags)).toEqual(new Set([-1]));
  });
});

describe('what a script writes', () => {
  test('is there until it is removed', () => {
    const files = new Files(set);
    expect(files.presence('/tmp/counter')).toBe('none');
    files.open('/tmp/counter', false).data = Uint8Array.of(1, 2);
    expect(files.read('/tmp/x/../counter')).toEqual({ data: Uint8Array.of(1, 2), tags: null });
    files.move('/tmp/counter', 'logs/counter');
    expect(files.presence('/tmp/counter')).toBe('none');
    expect(files.list('logs')).toContain('counter');
    files.remove('logs/counter');
    expect(files.read('logs/counter')).toBe(null);
  });

  test('and that one rank removes is still there for the next', () => {
    const files = new Files(set);
    files.open('/tmp/queue', false).data = Uint8Array.of(5);
    files.remove('/tmp/queue');
    expect(files.presence('/tmp/queue')).toBe('none');
    files.rank = 1;
    expect(files.read('/tmp/queue')).toEqual({ data: Uint8Array.of(5), tags: null });
  });

  test('takes the place of a shard of the same name', () => {
    const files = new Files(set);
    files.open('data/fineweb_val_000000.bin', false).data = Uint8Array.of(7);
    expect(files.read('./data/fineweb_val_000000.bin')).toEqual({
      data: Uint8Array.of(7),
      tags: null,
    });
    files.remove('data/fineweb_val_000000.bin');
    expect(files.glob('data/fineweb_val_*.bin')).toEqual(['data/fineweb_val_000001.bin']);
  });

  test('weights of earlier runs are not known, and may be there', () => {
    const files = new Files(set);
    expect(files.presence('final_model.pt')).toBe('maybe');
    expect(files.read('final_model.int8.ptz')).toBe('unknown');
    expect(files.presence('notes.txt')).toBe('none');
  });
});

test('paths are resolved from the working folder', () => {
  expect(normalized('./a//b/../c')).toBe('/work/a/c');
  expect(normalized('/a/./b/')).toBe('/a/b');
});
