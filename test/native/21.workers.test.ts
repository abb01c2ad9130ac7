/**
 * Sessions in worker threads: side by side, and in a worker that is ended in the middle of a run.
 */

import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Batch } from '#bpb/engine/types';
import { type NodeSpec, onnxModel } from '#bpb/onnx/writer';
import { engineOptions, fullBatch, openEngine } from '../helpers/engines.js';
import { normals, tableModel } from '../helpers/models.js';

const script = new URL('../helpers/session-worker.mjs', import.meta.url);

interface Started {
  worker: Worker;
  messages: unknown[];
  /** Resolves once the worker has sent this many messages, or has ended. */
  until(count: number): Promise<void>;
}

function start(model: Uint8Array, batch: Batch, rounds: number): Started {
  const worker = new Worker(script, {
    workerData: { options: engineOptions(model), batch, rounds },
  });
  const messages: unknown[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const check of waiting) check();
  };
  let ended = false;
  let failure: Error | undefined;
  worker.on('message', (message) => {
    messages.push(message);
    wake();
  });
  worker.on('error', (error) => {
    failure = error;
    wake();
  });
  worker.on('exit', () => {
    ended = true;
    wake();
  });
  const until = (count: number) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (failure) reject(failure);
        else if (ended || messages.length >= count) resolve();
      };
      waiting.push(check);
      check();
    });
  return { worker, messages, until };
}

/** A model that computes for minutes: products of a [rows * time, 1024] matrix with a square. */
function slowModel(): Uint8Array {
  const width = 1024;
  const products = 5000;
  const nodes: NodeSpec[] = [{ op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x0'] }];
  for (let i = 0; i < products; i++) {
    const output = i === products - 1 ? 'logits' : `x${i + 1}`;
    nodes.push({ op: 'MatMul', inputs: [`x${i}`, 'square'], outputs: [output] });
  }
  return onnxModel({
    nodes,
    inputs: [{ name: 'input_ids', type: 'int64', dims: ['b', 't'] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['b', 't', width] }],
    initializers: [
      { name: 'table', type: 'float32', dims: [4, width], data: normals(4 * width, 1) },
      {
        name: 'square',
        type: 'float32',
        dims: [width, width],
        data: new Float32Array(width * width),
      },
    ],
  });
}

test('two workers and the main thread score side by side', async () => {
  const model = tableModel(normals(50 * 20, 1), 50);
  const batch = fullBatch(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [7, 8, 9],
      [10, 11, 12],
    ],
  );
  const engine = await openEngine('onnx-cpu', model);
  const workers = [start(model, batch, 200), start(model, batch, 200)];
  const { nats } = await engine.score(batch);
  await Promise.all(workers.map(({ until }) => until(202)));
  for (const { messages } of workers) {
    expect(messages.at(-1)).toBe('closed');
    expect(messages.slice(1, -1)).toEqual(new Array(200).fill(nats));
  }
  await engine.close();
});

test('a worker can be ended in the middle of a run, which is cut short', async () => {
  const ids = new Array<number>(2048).fill(1);
  const batch = fullBatch(new Array<number[]>(8).fill(ids), new Array<number[]>(8).fill(ids));
  const { worker, messages, until } = start(slowModel(), batch, 1);
  await until(1);
  // This thread only waits: what the process computes is the run.
  const before = process.cpuUsage().user;
  while (process.cpuUsage().user - before < 0.5e6) await setTimeout(5);
  // The whole run is some 170 TFLOP, far beyond the test's limit; one product is a 5,000th of it.
  await worker.terminate();
  expect(messages).toEqual(['open']);
});

test('workers can be ended at any moment', async () => {
  const model = tableModel(normals(50 * 20, 1), 50);
  const batch = fullBatch([[1, 2, 3]], [[7, 8, 9]]);
  for (let i = 0; i < 20; i++) {
    const { worker, until } = start(model, batch, 1_000_000);
    await until(i % 4);
    if (i % 3 === 0) await setTimeout(i * 5);
    await worker.terminate();
  }
});

test('a worker that ends without closing its engine ends cleanly', async () => {
  const model = tableModel(normals(50 * 20, 1), 50);
  const batch = fullBatch([[1, 2, 3]], [[7, 8, 9]]);
  const { worker, until } = start(model, batch, 3);
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  await until(5);
  expect(await exit).toBe(0);
});
