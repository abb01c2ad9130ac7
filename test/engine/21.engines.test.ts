/**
 * The two engines against logits that are known, and against each other.
 */

import { describe, expect, test } from 'vitest';
import { spanTotals } from '#bpb/engine/q30';
import { capped, rowNats } from '#bpb/engine/softmax';
import type { Batch } from '#bpb/engine/types';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { normals, type TableOptions, tableModel, uniform } from '../helpers/models.js';

const vocabulary = 97;
const table = normals(vocabulary * 50, 5, 3);
const engines = ['onnx-cpu', 'onnx-js'] as const;
const next = uniform(11);
const id = (below: number) => Math.floor(next() * below);

/** Logits after token `id`, as the fp32 table holds them. */
function logitsAfter(token: number): Float32Array {
  return table.slice(token * vocabulary, (token + 1) * vocabulary);
}

function randomBatch(rows: number, time: number): Batch {
  const ids = Array.from({ length: rows }, () => Array.from({ length: time }, () => id(50)));
  return fullBatch(
    ids,
    ids.map((row) => row.map(() => id(vocabulary))),
  );
}

/** What a batch must give, from the table alone. */
function expected(batch: Batch, softcap: number | null = null): number[] {
  return [...batch.scored].map((position, k) =>
    rowNats(logitsAfter(batch.ids[position]!), batch.targets[k]!, softcap),
  );
}

function expectClose(nats: Float32Array, exact: readonly number[], tolerance: number) {
  expect(nats.length).toBe(exact.length);
  for (const [k, value] of exact.entries()) {
    expect(Math.abs(nats[k]! - value)).toBeLessThan(tolerance);
  }
}

describe.each(engines)('%s', (name) => {
  test.each<[string, TableOptions, number]>([
    ['fp32 logits, int64 ids', {}, 4e-6],
    ['int32 ids', { input: 'int32' }, 4e-6],
    ['a static shape', { dims: [8, 16] }, 4e-6],
    ['a static number of rows', { dims: [5, 'time'] }, 4e-6],
    ['a width that only a run shows', { openWidth: true }, 4e-6],
    // A logit of 12 is rounded to fp16 by up to 2^-8, the target's and the largest both.
    ['fp16 logits', { output: 'float16' }, 2 ** -7],
  ])('scores %s', async (_, options, tolerance) => {
    const engine = await openEngine(name, tableModel(table, vocabulary, options));
    expect(engine.info.vocabulary).toBe(options.openWidth ? null : vocabulary);
    for (const batch of [randomBatch(3, 7), randomBatch(5, 16), randomBatch(3, 7)]) {
      const result = await engine.score(batch);
      expectClose(result.nats, expected(batch), tolerance);
      expect(result.q30).toEqual(spanTotals(result.nats, batch.spanEnds).q30);
    }
    await engine.close();
  });

  test('applies the softcap to the raw logits', async () => {
    const engine = await openEngine(name, tableModel(table, vocabulary), { softcap: 5 });
    const batch = randomBatch(2, 9);
    const { nats } = await engine.score(batch);
    expectClose(nats, expected(batch, 5), 4e-6);
    expect(capped(100, 5)).toBe(5);
    await engine.close();
  });

  test('scores only the positions asked for, in their order', async () => {
    const engine = await openEngine(name, tableModel(table, vocabulary, { dims: [4, 6] }));
    const whole = randomBatch(3, 5);
    const all = await engine.score(whole);
    const scored = Uint32Array.of(1, 4, 5, 13);
    const targets = scored.map((position) => whole.targets[position]!);
    const part = { ...whole, scored, targets: Int32Array.from(targets) };
    const some = await engine.score({ ...part, spanEnds: Uint32Array.of(2, 2, 4) });
    expect([...some.nats]).toEqual([...scored].map((position) => all.nats[position]));
    expect(some.q30[1]).toBe(0n);
    await engine.close();
  });

  test('totals do not depend on how targets are batched', async () => {
    const engine = await openEngine(name, tableModel(table, vocabulary));
    const ids = Array.from({ length: 24 }, () => [id(50), id(50), id(50)]);
    const targets = ids.map((row) => row.map(() => id(vocabulary)));
    const sums = [];
    for (const size of [24, 5, 1]) {
      let sum = 0n;
      for (let at = 0; at < ids.length; at += size) {
        const batch = fullBatch(ids.slice(at, at + size), targets.slice(at, at + size));
        const { q30 } = await engine.score(batch);
        sum += q30.reduce((a, b) => a + b, 0n);
      }
      sums.push(sum);
    }
    expect(new Set(sums).size).toBe(1);
    await engine.close();
  });

  test('takes several batches at once', async () => {
    const engine = await openEngine(name, tableModel(table, vocabulary));
    const batches = Array.from({ length: 12 }, (_, i) => randomBatch(1 + (i % 4), 3));
    const results = await Promise.all(batches.map((batch) => engine.score(batch)));
    for (const [i, { nats }] of results.entries()) expectClose(nats, expected(batches[i]!), 4e-6);
    await engine.close();
  });

  test('a target at -Infinity is infinite and adds nothing', async () => {
    const holed = table.with(3 * vocabulary + 9, Number.NEGATIVE_INFINITY);
    const engine = await openEngine(name, tableModel(holed, vocabulary));
    const { nats, q30 } = await engine.score(fullBatch([[3, 4]], [[9, 9]]));
    expect(nats[0]).toBe(Number.POSITIVE_INFINITY);
    expect(q30).toEqual(spanTotals(nats.subarray(1), Uint32Array.of(1)).q30);
    await engine.close();
  });

  test('says what it is', async () => {
    const model = tableModel(table, vocabulary, { dims: ['b', 16], output: 'float16' });
    const engine = await openEngine(name, model, { threads: 2, optimize: false });
    expect(engine.info).toMatchObject({
      name,
      provider: 'cpu',
      precision: 'fp16',
      threads: 2,
      vocabulary,
      fixedRows: null,
      fixedTime: 16,
      versions: { 'onnxruntime-node': expect.stringMatching(/^\d+\.\d+\.\d+/) },
    });
    await engine.close();
  });
});

test('the engines agree on the nats to fp32 and see fp16 logits alike', async () => {
  for (const output of ['float32', 'float16'] as const) {
    const model = tableModel(table, vocabulary, { output });
    const [native, js] = await Promise.all(engines.map((name) => openEngine(name, model)));
    const batch = randomBatch(6, 20);
    const [one, other] = await Promise.all([native!.score(batch), js!.score(batch)]);
    expectClose(one.nats, [...other.nats], 4e-6);
    await Promise.all([native!.close(), js!.close()]);
  }
});

test('bfloat16 logits are read where they lie', async () => {
  const model = tableModel(table, vocabulary, { output: 'bfloat16' });
  const engine = await openEngine('auto', model);
  expect(engine.info).toMatchObject({ name: 'onnx-cpu', precision: 'bf16' });
  const batch = randomBatch(4, 5);
  const { nats } = await engine.score(batch);
  // A logit of 12 is rounded by up to 2^-5, the target's and the largest both.
  expectClose(nats, expected(batch), 2 ** -4);
  await engine.close();
});
