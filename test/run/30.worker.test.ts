/** Scoring worker without a model: its batch memory, and the transfer of its results. */
import { expect, test } from 'vitest';
import type { Batch, BatchScore, Engine } from '#bpb/engine/types';
import type { Opened, RowsScore, ScoreTask, WorkerSetup } from '#bpb/run/messages';
import { openScoreWorker } from '#bpb/run/score-worker';
import { type Service, WithTransfer, withoutTransfer } from '#bpb/workers/protocol';
import { streamOf } from '../helpers/stream.js';

const TOKENS = 1000;
const window = { mode: 'chunk', seqLen: 10, stride: null, tail: 'drop', compat: null } as const;

/** A worker with a test double of the engine. */
function worker(
  score: (batch: Batch) => Promise<BatchScore>,
): Promise<Service<ScoreTask, RowsScore, Opened>> {
  const stream = streamOf(Array.from({ length: TOKENS }, (_, i) => i));
  const engine = { info: {}, score } as unknown as Engine;
  const setup = {
    stream,
    window,
    adaptive: null,
    engine: 'auto',
    options: { model: new Uint8Array() },
  };
  return openScoreWorker(setup as unknown as WorkerSetup, {
    stateless: async () => ({ engine, notes: [] }),
    adaptive: async () => Promise.reject(new Error('no state here')),
  });
}

const scoreOf = ({ targets, spanEnds }: Batch): BatchScore => ({
  nats: Float32Array.from(targets),
  q30: new BigInt64Array(spanEnds.length),
  runSeconds: 0,
  scoreSeconds: 0,
});

const task = (row: number) =>
  ({ rowIndexes: Uint32Array.of(row, row + 1), keepNats: true }) as const;

test('as many batches have memory of their own as run at once, however many there are', async () => {
  const memory = new Set<ArrayBufferLike>();
  const waiting: { batch: Batch; done: (score: BatchScore) => void }[] = [];
  const { handle } = await worker((batch) => {
    memory.add(batch.ids.buffer);
    return new Promise((done) => waiting.push({ batch, done }));
  });
  const results: unknown[] = [handle(task(0))];
  for (let k = 1; k < 40; k++) {
    results.push(handle(task(2 * k)));
    while (waiting.length < 2) await Promise.resolve();
    // What is under way is not written over by what is assembled after it.
    const { batch, done } = waiting.shift()!;
    const first = 20 * (k - 1);
    expect([...batch.ids]).toEqual(Array.from({ length: 20 }, (_, i) => first + i));
    expect([...batch.targets]).toEqual(Array.from({ length: 20 }, (_, i) => first + i + 1));
    done(scoreOf(batch));
    await results.at(-2);
  }
  waiting[0]!.done(scoreOf(waiting[0]!.batch));
  await results.at(-1);
  expect(memory.size).toBe(2);
});

test('a batch that fails gives its memory back', async () => {
  const memory = new Set<ArrayBufferLike>();
  const { handle } = await worker(async (batch) => {
    memory.add(batch.ids.buffer);
    throw new Error('no score');
  });
  for (const row of [0, 2, 4]) await expect(handle(task(row))).rejects.toThrow('no score');
  expect(memory.size).toBe(1);
});

test('per-token losses are sent only where they are asked for, and then without a copy', async () => {
  const { handle } = await worker(async (batch) => scoreOf(batch));
  const kept = await handle(task(3));
  expect(kept).toBeInstanceOf(WithTransfer);
  const { nats } = withoutTransfer(kept);
  expect((kept as WithTransfer<RowsScore>).buffers).toEqual([nats!.buffer]);
  const dropped = withoutTransfer(await handle({ ...task(3), keepNats: false }));
  expect(dropped.nats).toBeNull();
  expect([...dropped.spans.count]).toEqual([10, 10]);
});
