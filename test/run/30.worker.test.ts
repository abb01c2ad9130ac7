/** What a pool worker does beside running a model: its memory, and how its results travel. */
import { expect, test } from 'vitest';
import type { Batch, BatchScore, Engine } from '#bpb/engine/types';
import type { Reply, RowsScore, WorkerSetup } from '#bpb/run/messages';
import { ScoreWorker } from '#bpb/run/score-worker';
import { WorkerPool } from '#bpb/workers/pool';
import { streamOf } from '../helpers/stream.js';

const TOKENS = 1000;
const window = { mode: 'chunk', seqLen: 10, stride: null, tail: 'drop', compat: null } as const;

/** A worker over an engine that scores a batch when it is told to. */
function worker(score: (batch: Batch) => Promise<BatchScore>): ScoreWorker {
  const stream = streamOf(Array.from({ length: TOKENS }, (_, i) => i));
  const engine = { info: {}, score } as unknown as Engine;
  const setup = {
    stream,
    window,
    adaptive: null,
    engine: 'auto',
    options: { model: new Uint8Array() },
  };
  return new ScoreWorker(setup as unknown as WorkerSetup, {
    stateless: async () => ({ engine, notes: [] }),
    adaptive: async () => Promise.reject(new Error('no state here')),
  });
}

const scoreOf = ({ targets, segmentEnds }: Batch): BatchScore => ({
  nats: Float32Array.from(targets),
  totals: new BigInt64Array(segmentEnds.length),
  runSeconds: 0,
  scoreSeconds: 0,
});

const task = (row: number) =>
  ({ kind: 'score', rows: Uint32Array.of(row, row + 1), keepNats: true }) as const;

test('as many batches have memory of their own as run at once, however many there are', async () => {
  const memory = new Set<ArrayBufferLike>();
  const waiting: { batch: Batch; done: (score: BatchScore) => void }[] = [];
  const two = worker((batch) => {
    memory.add(batch.ids.buffer);
    return new Promise((done) => waiting.push({ batch, done }));
  });
  const replies: Promise<Reply<unknown>>[] = [two.run(task(0))];
  for (let k = 1; k < 40; k++) {
    replies.push(two.run(task(2 * k)));
    while (waiting.length < 2) await Promise.resolve();
    // What is under way is not written over by what is assembled after it.
    const { batch, done } = waiting.shift()!;
    const first = 20 * (k - 1);
    expect([...batch.ids]).toEqual(Array.from({ length: 20 }, (_, i) => first + i));
    expect([...batch.targets]).toEqual(Array.from({ length: 20 }, (_, i) => first + i + 1));
    done(scoreOf(batch));
    await replies.at(-2);
  }
  waiting[0]!.done(scoreOf(waiting[0]!.batch));
  await replies.at(-1);
  expect(memory.size).toBe(2);
});

test('a batch that fails gives its memory back', async () => {
  const memory = new Set<ArrayBufferLike>();
  const failing = worker(async (batch) => {
    memory.add(batch.ids.buffer);
    throw new Error('no score');
  });
  for (const row of [0, 2, 4]) await expect(failing.run(task(row))).rejects.toThrow('no score');
  expect(memory.size).toBe(1);
});

test('nats that are not asked for do not travel', async () => {
  const one = worker(async (batch) => scoreOf(batch));
  const { ok } = (await one.run({ ...task(3), keepNats: false })) as { ok: RowsScore };
  expect(ok.nats).toBeNull();
  expect([...ok.runs.count]).toEqual([10, 10]);
});

test('a buffer that is handed over arrives whole and is gone from the worker', async () => {
  const module = new URL('../helpers/handing-worker.mjs', import.meta.url);
  type Result = { ok: { nats: Float32Array; totals: BigInt64Array } };
  const pool = new WorkerPool<object, Result & number>({
    worker: module,
    data: null,
    workers: 1,
    tasksPerWorker: 1,
  });
  try {
    const { ok } = await pool.run({ kind: 'give', length: 1000 });
    expect(ok.nats).toEqual(Float32Array.from({ length: 1000 }, (_, k) => k / 4));
    expect(ok.totals).toEqual(BigInt64Array.of(7n));
    expect(await pool.run({ kind: 'left' })).toBe(0);
  } finally {
    await pool.close();
  }
});
