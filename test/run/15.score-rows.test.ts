/** One scored batch: spans, infinite targets, and refused logits located in the stream. */
import { expect, test } from 'vitest';
import { NanLogitsError } from '#bpb/engine/nan-logits';
import type { Batch, BatchScore } from '#bpb/engine/types';
import { BpbError } from '#bpb/errors';
import { scoreRows } from '#bpb/run/assemble';
import { scoreEvents } from '#bpb/run/scored-spans';
import { planWindows } from '#bpb/windows/plan';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

const ids = Array.from({ length: 40 }, (_, i) => i);
const stream = streamOf(ids, [0, 13, 25]);
const plan = planWindows(stream, {
  mode: 'chunk',
  seqLen: 10,
  stride: null,
  tail: 'score',
  compat: null,
});
/** Plan rows in another order than the plan's. */
const rows = Uint32Array.of(2, 0, 1);

const scored = (batch: Batch): BatchScore => ({
  // Targets 12 and 22 have probability zero.
  nats: Float32Array.from(batch.targets, (id) => (id % 10 === 2 ? Number.POSITIVE_INFINITY : id)),
  q30: BigInt64Array.from(batch.spanEnds, (_, s) => BigInt(s)),
  runSeconds: 0,
  scoreSeconds: 0,
});

test('spans, sums, infinite targets and events of the same batch', async () => {
  const result = await scoreRows(stream, plan, rows, async (batch) => scored(batch));
  expect([...result.batch.ids.subarray(0, 3)]).toEqual([20, 21, 22]);
  const { spans, q30, infinite, infiniteSpans } = result.scored;
  expect([...spans.first]).toEqual([21, 26, 1, 11, 14]);
  expect([...spans.document]).toEqual([1, 2, 0, 0, 1]);
  expect(infinite).toEqual({ count: 3, first: 2 });
  const events = scoreEvents(spans, q30, infiniteSpans);
  expect(events.map((event) => event.infinite)).toEqual([1, 0, 1, 1, 0]);
  expect(events.map((event) => event.q30)).toEqual([0n, 1n, 2n, 3n, 4n]);
});

test('refused logits: plan row, stream position and document, with what the engine said', async () => {
  const model = { model: tableModel(normals(16, 1), 4), path: 'm.onnx' };
  const refusal = await refusalOf(() =>
    scoreRows(stream, plan, rows, () => Promise.reject(new NanLogitsError(model, 2, 5))),
  );
  expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_NAN_LOGITS', path: 'm.onnx' });
  expect(refusal.message).toMatch(/\(row 1 of the plan, stream position 15, document 1\)$/);
  expect(refusal.hint).toBe(new NanLogitsError(model, 2, 5).hint);
});

test('an error of another kind is thrown as it is', async () => {
  // The code alone does not make it one that names a place.
  const other = new BpbError({ kind: 'input', code: 'BPB_NAN_LOGITS', message: 'no place' });
  const thrown = scoreRows(stream, plan, rows, () => Promise.reject(other));
  await expect(thrown).rejects.toBe(other);
});
