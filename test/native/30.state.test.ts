/**
 * Native states by themselves: their arguments, and the handles that are none.
 */
import { expect, test } from 'vitest';
import type { NativeBatch, NativeOpenOptions, NativeStateTensor } from '#bpb/engine/addon';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { requireAddon } from '../helpers/native.js';
import { biasAdapt, sumModel, VOCAB } from '../helpers/state-graphs.js';

const addon = requireAddon();
const tensor: NativeStateTensor = {
  shape: [VOCAB],
  type: 1,
  bytes: 4 * VOCAB,
  init: null,
  resets: true,
};
const ports = {
  tokens: 'input_ids',
  targets: '',
  logits: 'logits',
  reads: [{ port: 'sum', slot: 0 }],
  writes: [{ port: 'sum_next', slot: 0 }],
};
const options: NativeOpenOptions = {
  graph: { model: sumModel(), tokens: 'input_ids', logits: 'logits', state: ports },
  runtime: { library: findRuntimeLibrary(), threads: 1, optimize: true, config: {} },
};
const graphWith = (change: object) => ({ ...options, graph: { ...options.graph, ...change } });
const batch = {
  rows: 1,
  time: 2,
  ids: Int32Array.of(1, 2),
  scored: Uint32Array.of(0, 1),
  targets: Int32Array.of(3, 4),
  spanEnds: Uint32Array.of(2),
  carry: true,
};
const adaptBatch = { rows: 1, time: 2, ids: batch.ids, chunk: 2, targets: batch.targets };

test.each([
  ['no list', 3, TypeError],
  ['a tensor that is none', [null], TypeError],
  ['no shape', [{ ...tensor, shape: null }], TypeError],
  ['a shape of words', [{ ...tensor, shape: ['batch'] }], TypeError],
  ['no type', [{ ...tensor, type: 0 }], RangeError],
  ['no bytes', [{ ...tensor, bytes: 0 }], RangeError],
  ['values of another size', [{ ...tensor, init: new Uint8Array(3) }], RangeError],
  ['values in another array', [{ ...tensor, init: new Float32Array(VOCAB) }], TypeError],
  ['nothing on resets', [{ ...tensor, resets: undefined }], TypeError],
])('states refuses %s', (_, list, error) => {
  expect(() => addon.states(list as NativeStateTensor[])).toThrow(error);
});

test.each([
  ['no ports', { ...ports, reads: undefined }, TypeError],
  ['a port without a name', { ...ports, writes: [{ slot: 0 }] }, TypeError],
  ['a slot below 0', { ...ports, writes: [{ port: 'sum_next', slot: -1 }] }, RangeError],
  ['no targets, which may be empty', { ...ports, targets: null }, TypeError],
])('open refuses %s', (_, state, error) => {
  expect(() => addon.open(graphWith({ state }) as NativeOpenOptions)).toThrow(error);
});

test('a run takes the handle of a state and nothing else', async () => {
  const session = await addon.open(options);
  const state = addon.states([tensor])(1);
  const forged = Object.create(Object.getPrototypeOf(state));
  for (const handle of [undefined, null, 1, {}, [], session, forged, () => state]) {
    const wrong = { ...batch, state: handle } as NativeBatch;
    expect(() => session.score(wrong)).toThrow(TypeError);
    expect(() => session.adapt({ ...adaptBatch, state: handle as never })).toThrow(TypeError);
  }
  expect(() => session.score({ ...batch, carry: undefined, state } as never)).toThrow(TypeError);
  expect(() => Reflect.get(state, 'keep').call(forged, 1)).toThrow();
  // None of these has leased the state.
  expect((await session.score({ ...batch, state })).nats.length).toBe(2);
  await session.close();
});

test.each([
  ['another number of targets', { targets: Int32Array.of(1) }],
  ['another number of ids', { ids: Int32Array.of(1) }],
  ['a negative target', { targets: Int32Array.of(1, -1) }],
  ['a negative id', { ids: Int32Array.of(1, -1) }],
  ['no chunk', { chunk: 0 }],
])('an adapt batch refuses %s', async (_, change) => {
  const session = await addon.open(options);
  const state = addon.states([tensor])(1);
  expect(() => session.adapt({ ...adaptBatch, ...change, state })).toThrow(RangeError);
  await session.close();
});

test('a state has the slots that a session asks for, or is refused', async () => {
  const beyond = { ...ports, writes: [{ port: 'sum_next', slot: 1 }] };
  const session = await addon.open(graphWith({ state: beyond }));
  const state = addon.states([tensor])(1);
  expect(() => session.score({ ...batch, state })).toThrow(RangeError);
  await session.close();
});

test('a tensor whose bytes are not those of its shape fails where it is made', async () => {
  const session = await addon.open(options);
  const state = addon.states([{ ...tensor, bytes: 4 }])(1);
  await expect(session.score({ ...batch, state })).rejects.toMatchObject({ code: 'BPB_RUN' });
  state.free();
  await session.close();
});

test('a session that was opened without state has nothing to adapt', async () => {
  const session = await addon.open(graphWith({ state: undefined }));
  const state = addon.states([tensor])(1);
  expect(() => session.adapt({ ...adaptBatch, state })).toThrow('the session has no state');
  await session.close();
});

test('a graph that is run for what it does not have fails, and goes on', async () => {
  const adaptPorts = {
    tokens: 'input_ids',
    targets: 'targets',
    logits: '',
    reads: [{ port: 'bias', slot: 0 }],
    writes: [{ port: 'bias_next', slot: 0 }],
  };
  const session = await addon.open(
    graphWith({ model: biasAdapt(), logits: '', state: adaptPorts }),
  );
  const state = addon.states([tensor])(1);
  // A graph without logits has nothing to score.
  await expect(session.score({ ...batch, state })).rejects.toMatchObject({ code: 'BPB_OUTPUT' });
  expect((await session.adapt({ ...adaptBatch, state })).runSeconds).toBeGreaterThan(0);
  state.commit();
  state.free();
  await session.close();
});
