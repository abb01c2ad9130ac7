/**
 * The native session by itself: its arguments, its failures, its life beside the garbage collector.
 */

import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { NativeBatch, NativeOpenOptions } from '#bpb/engine/addon';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { normals, tableModel } from '../helpers/models.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const vocabulary = 7;
const options: NativeOpenOptions = {
  graph: {
    model: tableModel(normals(vocabulary * 10, 1), vocabulary),
    tokens: 'input_ids',
    logits: 'logits',
  },
  runtime: { library: findRuntimeLibrary(), threads: 1, optimize: true, config: {} },
};
const graphWith = (change: object) => ({ graph: { ...options.graph, ...change } });
const runtimeWith = (change: object) => ({ runtime: { ...options.runtime, ...change } });
const GPU = { library: '/nowhere', device: 0, tf32: false, allowCpuNodes: false, form: 'auto' };
const batch: NativeBatch = {
  rows: 2,
  time: 2,
  ids: Int32Array.of(1, 2, 3, 4),
  scored: Uint32Array.of(0, 3),
  targets: Int32Array.of(6, 0),
  spanEnds: Uint32Array.of(2),
};

test.each([
  ['no graph', { graph: undefined }, TypeError],
  ['no runtime', { runtime: null }, TypeError],
  ['no library', runtimeWith({ library: undefined }), TypeError],
  ['a model that is text', graphWith({ model: 'model.onnx' }), TypeError],
  ['a model in another typed array', graphWith({ model: new Int8Array(3) }), TypeError],
  ['no threads', runtimeWith({ threads: 0 }), RangeError],
  ['optimize as a number', runtimeWith({ optimize: 1 }), TypeError],
  ['a config value that is no string', runtimeWith({ config: { a: 1 } }), TypeError],
  ['no config', runtimeWith({ config: null }), TypeError],
  ['an input of positions without a name', graphWith({ positions: 3 }), TypeError],
  ['options of a GPU that are none', { cuda: 'cuda:0' }, TypeError],
  ['a GPU without a share of its memory', { cuda: GPU }, RangeError],
])('open refuses %s', (_, change, error) => {
  expect(() => addon.open({ ...options, ...change } as NativeOpenOptions)).toThrow(error);
});

test.each([
  [
    'a library that is not there',
    runtimeWith({ library: '/nowhere/libonnxruntime.so' }),
    'BPB_LIBRARY',
  ],
  ['a library that is another', runtimeWith({ library: 'libm.so.6' }), 'BPB_LIBRARY'],
  ['a CUDA scorer that is not there', { cuda: { ...GPU, memoryShare: 1 } }, 'BPB_CUDA_LIBRARY'],
  ['no model', graphWith({ model: new Uint8Array(0) }), 'BPB_OPEN'],
  ['a broken model', graphWith({ model: Uint8Array.of(8, 9) }), 'BPB_OPEN'],
])('open rejects for %s', async (_, change, code) => {
  await expect(addon.open({ ...options, ...change } as NativeOpenOptions)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/./),
  });
});

test('positions for a graph that takes none are an error, and the session goes on', async () => {
  const session = await addon.open(options);
  const listed = { ...batch, positions: Uint32Array.of(0, 3) };
  await expect(session.score(listed)).rejects.toMatchObject({
    code: 'BPB_RUN',
    message: 'the graph takes no positions',
  });
  expect((await session.score(batch)).nats.length).toBe(2);
  await session.close();
});

test.each([
  ['ids of another type', { ids: BigInt64Array.of(1n, 2n, 3n, 4n) }, TypeError],
  ['too few ids', { ids: Int32Array.of(1, 2, 3) }, RangeError],
  ['too many ids', { ids: new Int32Array(5) }, RangeError],
  ['a negative id', { ids: Int32Array.of(1, 2, 3, -1) }, RangeError],
  ['a position beyond the batch', { scored: Uint32Array.of(0, 4) }, RangeError],
  ['positions of another type', { scored: Int32Array.of(0, 3) }, TypeError],
  ['a negative target', { targets: Int32Array.of(6, -1) }, RangeError],
  ['fewer targets than positions', { targets: Int32Array.of(6) }, RangeError],
  ['spans that end early', { spanEnds: Uint32Array.of(1) }, RangeError],
  ['spans that end late', { spanEnds: Uint32Array.of(3) }, RangeError],
  ['spans that go back', { spanEnds: Uint32Array.of(2, 1, 2) }, RangeError],
  ['no spans', { spanEnds: new Uint32Array(0) }, RangeError],
  ['no rows', { rows: 0, ids: new Int32Array(0) }, RangeError],
  ['rows without end', { rows: 2 ** 40 }, RangeError],
  ['a softcap below 0', { softcap: -1 }, RangeError],
  ['an empty list of positions', { positions: new Uint32Array(0) }, RangeError],
  ['a list without all that is scored', { positions: Uint32Array.of(0) }, RangeError],
  ['a list in another order', { positions: Uint32Array.of(3, 0) }, RangeError],
  ['a list beyond the batch', { positions: Uint32Array.of(0, 3, 4) }, RangeError],
  ['a list of another type', { positions: [0, 3] }, TypeError],
])('score refuses %s', async (_, change, error) => {
  const session = await addon.open(options);
  expect(() => session.score({ ...batch, ...change } as NativeBatch)).toThrow(error);
  await session.close();
});

test('score rejects for what only a run shows, and works again afterwards', async () => {
  const session = await addon.open(options);
  const reject = (change: Partial<NativeBatch>) =>
    expect(session.score({ ...batch, ...change })).rejects;
  await reject({ targets: Int32Array.of(7, 0) }).toMatchObject({ code: 'BPB_TARGET', vocabulary });
  await reject({ ids: Int32Array.of(1, 2, 3, 10) }).toMatchObject({ code: 'BPB_RUN' });
  expect((await session.score(batch)).nats.length).toBe(2);
  await session.close();
  const unknown = await addon.open({ ...options, ...graphWith({ logits: 'scores' }) });
  await expect(unknown.score(batch)).rejects.toMatchObject({ code: 'BPB_RUN' });
  await unknown.close();
});

test('close comes after what was asked before, twice is once, and nothing comes after it', async () => {
  const session = await addon.open(options);
  const last = session.score(batch);
  const closed = session.close();
  expect(() => session.score(batch)).toThrow(/closed/);
  await session.close();
  await closed;
  expect((await last).nats.length).toBe(2);
});

test('what a caller changes after the call does not reach the session', async () => {
  const session = await addon.open(options);
  const ids = Int32Array.from(batch.ids);
  const expected = await session.score(batch);
  const running = session.score({ ...batch, ids });
  ids.fill(9);
  expect((await running).nats).toEqual(expected.nats);
  await session.close();
});

test('a handle without open() scores nothing', async () => {
  const session = await addon.open(options);
  const Session = session.constructor as new () => typeof session;
  const hollow = new Session();
  expect(() => hollow.score(batch)).toThrow(/closed/);
  await hollow.close();
  await session.close();
});

test('sessions that are forgotten end their threads when they are collected', async () => {
  const before = threads();
  const used = async () => {
    for (let i = 0; i < 20; i++) await (await addon.open(options)).score(batch);
  };
  await used();
  // The limit of the test ends this where a thread stays.
  while (threads() > before) {
    collectGarbage();
    await setTimeout(20);
  }
});

test('memory does not grow over thousands of batches and dozens of sessions', async () => {
  const session = await addon.open(options);
  const other = { ...batch, rows: 1, time: 4 };
  const megabytesAfter = async (batches: number) => {
    for (let i = 0; i < batches; i++) {
      await session.score(i % 2 ? batch : other);
      if (i % 100 === 0) await (await addon.open(options)).close();
    }
    collectGarbage();
    return process.memoryUsage().rss / 2 ** 20;
  };
  await megabytesAfter(4000);
  const before = await megabytesAfter(4000);
  const after = await megabytesAfter(8000);
  // The arrays and the promise alone of a batch are about 1 kB, and a session is over 100 kB.
  expect(after - before).toBeLessThan(6);
  await session.close();
});

/** Threads of this process. */
function threads(): number {
  return readdirSync('/proc/self/task').length;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
