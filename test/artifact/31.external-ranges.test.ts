import { renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { TENSOR } from '#bpb/onnx/schema';
import { bytes, int } from '#bpb/protobuf/encode';
import {
  type Entries,
  EXTERNAL,
  emptied,
  entryFields,
  external,
  withInitializers,
} from '../helpers/external.js';
import { refusalOf } from '../helpers/refusal.js';

import {
  apart,
  at,
  DATA,
  folderOf,
  inside,
  load,
  manyTensors,
  range,
  refersTo,
  refused,
  SIZE,
} from './apart.js';

describe('a range that is not the tensor’s', () => {
  const entries = (offset: string | null, length: string | null): Entries => [
    ['location', DATA],
    ...(offset === null ? [] : [['offset', offset] as const]),
    ...(length === null ? [] : [['length', length] as const]),
  ];
  test.each<[string, string | null, string | null, RegExp]>([
    ['a negative offset', '-1', `${SIZE}`, /"-1"/],
    ['an offset in hexadecimal', '0x0', `${SIZE}`, /"0x0"/],
    ['an offset with an exponent', '1e1', `${SIZE}`, /"1e1"/],
    ['an offset with a fraction', '0.0', `${SIZE}`, /"0\.0"/],
    ['an offset with a space', ' 0', `${SIZE}`, /" 0"/],
    ['an offset with a sign', '+0', `${SIZE}`, /"\+0"/],
    ['an offset with a zero in front', '00', `${SIZE}`, /"00"/],
    ['an offset that no double holds', '9007199254740993', `${SIZE}`, /"9007199254740993"/],
    ['an offset of petabytes', '999999999999999', `${SIZE}`, /from byte 999999999999999/],
    ['no offset but its name', '', `${SIZE}`, /""/],
    ['other digits', '٠', `${SIZE}`, /"٠"/],
    ['behind the end of the file', `${SIZE}`, `${SIZE}`, /from byte/],
    ['one byte too far', '1', `${SIZE}`, /from byte 1 on/],
    ['a negative length', '0', '-1', /"-1"/],
    ['a shorter length', '0', `${SIZE - 1}`, new RegExp(`${SIZE - 1}`)],
    ['a longer length', '0', `${SIZE + 1}`, new RegExp(`${SIZE + 1}`)],
    ['no bytes', '0', '0', /0/],
    ['a length of petabytes', '0', '999999999999999', /999999999999999/],
    ['to the end, from within', '4', null, /from byte 4 on/],
  ])('%s', async (_, offset, length, actual) => {
    await refused(folderOf(refersTo(entries(offset, length)), { [DATA]: apart.data }), actual);
  });

  test('to the end of a longer file', async () => {
    const longer = Buffer.concat([apart.data, Buffer.alloc(4)]);
    await refused(folderOf(refersTo(entries('0', null)), { [DATA]: longer }), /200 bytes/);
  });

  test('a file that is cut short, and an empty one', async () => {
    await refused(folderOf(apart.model, { [DATA]: apart.data.slice(0, -1) }), /195 bytes/);
    await refused(folderOf(apart.model, { [DATA]: new Uint8Array() }), /0 bytes/);
  });
});

test('a model whose name is a command does not stand in the line to copy', async () => {
  const folder = folderOf(refersTo(at('../x')));
  const name = '$(touch x).onnx';
  renameSync(join(folder, 'model.onnx'), join(folder, name));
  const error = await refusalOf(() => loadArtifact(join(folder, name)));
  expect(error.code).toBe('BPB_MODEL_EXTERNAL_DATA');
  expect(error.hint).toContain("onnx.load('model.onnx')");
});

describe('entries that two readers read in two ways', () => {
  test.each<[string, Entries, RegExp]>([
    ['no location', [['offset', '0']], /1 external tensors/],
    [
      'a location that is only named',
      [
        ['offset', '0'],
        ['checksum', 'location'],
      ],
      /"location"|none/,
    ],
    ['a second location', [...at(DATA), ['location', 'other']], /second `location`/],
    ['the same location again', [...at(DATA), ['location', DATA]], /second `location`/],
    ['a second offset', [...at(DATA), ['offset', '4']], /second `offset`/],
    ['an attribute of a Python object', [...at(DATA), ['__class__', 'x']], /"__class__"/],
    ['a base of its own', [...at(DATA), ['basepath', '/etc']], /"basepath"/],
    ['weights in another layout', [...at(DATA), ['prepacked_0', 'x|0|4']], /"prepacked_0"/],
    ['a key in another case', [...at(DATA), ['Location', '/etc/passwd']], /"Location"/],
    ['an empty key', [...at(DATA), ['', 'x']], /""/],
    ['a checksum of another form', [...at(DATA), ['checksum', 'abc']], /"abc"/],
    ['a wrong checksum', [...at(DATA), ['checksum', '0'.repeat(40)]], /SHA-1/],
  ])('%s', async (_, entries, actual) => {
    await refused(folderOf(refersTo(entries), { [DATA]: apart.data }), actual);
  });

  test('data inside as well', async () => {
    const both = withInitializers(inside, (tensor) => [
      ...tensor.rewritten(() => null),
      ...entryFields(at(DATA)),
      EXTERNAL,
    ]);
    await refused(folderOf(both, { [DATA]: apart.data }), /raw_data beside/);
  });

  test('typed data inside as well', async () => {
    const both = withInitializers(inside, (tensor) => [
      ...external(tensor, at(DATA)),
      bytes(TENSOR.float_data.number, new Uint8Array(4)),
    ]);
    await refused(folderOf(both, { [DATA]: apart.data }), /float_data beside/);
  });

  test('a location without being external', async () => {
    const unsaid = withInitializers(inside, (tensor) => [
      ...emptied(tensor),
      ...entryFields(at(DATA)),
    ]);
    await refused(folderOf(unsaid, { [DATA]: apart.data }), /said to be inside/);
  });

  test('external without a location', async () => {
    const bare = withInitializers(inside, (tensor) => [...emptied(tensor), EXTERNAL]);
    await refused(folderOf(bare, { [DATA]: apart.data }), /1 external tensors/);
  });

  test.each([8, 0, 99])('element type %i', async (type) => {
    const typed = withInitializers(inside, (tensor) => [
      ...tensor.rewritten((field) =>
        [TENSOR.raw_data, TENSOR.data_type].some((each) => each === field.type) ? [] : null,
      ),
      int(TENSOR.data_type.number, type),
      ...entryFields(at(DATA)),
      EXTERNAL,
    ]);
    await refused(folderOf(typed, { [DATA]: apart.data }), new RegExp(`element type ${type}`));
  });
});

describe('budgets', () => {
  test('10,000 files are refused before one is opened', async () => {
    const model = manyTensors(10_000, [1], (k) => range(`w${k}`, 0, 4));
    const folder = folderOf(model);
    await refused(folder, /10000 files/);
  });

  test('a range of one file that many tensors share, beyond what a model can hold', async () => {
    const model = manyTensors(600, [1024, 1024], () => range(DATA, 0, 4 * 1024 * 1024));
    await refused(folderOf(model, { [DATA]: new Uint8Array(16) }), /2516582400|25\d{8} bytes/);
  });

  test('a tensor of dimensions that no file has', async () => {
    const model = manyTensors(1, [2 ** 40, 2], () => range(DATA, 0, 2 ** 43));
    await refused(folderOf(model, { [DATA]: new Uint8Array(16) }), /8796093\d+ bytes/);
  });

  test('a sparse file of 100 GB', async () => {
    const folder = folderOf(apart.model, { [DATA]: apart.data });
    truncateSync(join(folder, DATA), 100_000_000_000);
    await refused(folder, /100000000000 bytes/);
  });

  test('a compressed file that unpacks without end', async () => {
    const folder = folderOf(apart.model, { [`${DATA}.gz`]: Buffer.from('not gzip') });
    expect((await refusalOf(() => load(folder))).code).toBe('BPB_DECOMPRESS');
  });

  test('two compressed forms of one file', async () => {
    const files = { [`${DATA}.gz`]: gzipSync(apart.data), [`${DATA}.br`]: Buffer.from('x') };
    await refused(folderOf(apart.model, files), /both model\.onnx\.data\.gz and/);
  });
});

describe('overlap', () => {
  const data = new Uint8Array(64);
  const of = (...ranges: [number, number][]) =>
    folderOf(
      manyTensors(ranges.length, [4], (k) => range(k === 1 ? './d' : 'd', ...ranges[k]!)),
      { d: data },
    );

  test('in a part', async () => {
    await refused(of([0, 16], [12, 16]), /bytes 12 to 28, which overlap those of `w0`/);
  });
  test('of three, the last within the first', async () => {
    await refused(of([0, 16], [16, 16], [8, 16]), /overlap/);
  });
  test('ranges of tied tensors, which are the same, are no overlap', async () => {
    const { external: files } = await load(of([16, 16], [16, 16], [32, 16]));
    expect(files).toHaveLength(1);
  });
});
