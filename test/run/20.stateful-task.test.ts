/** A lesson may only use targets whose nats the same step has committed. */
import { expect, test } from 'vitest';
import { LaneTask } from '#bpb/run/stateful-task';
import { refusalOf } from '../helpers/refusal.js';

/** A task that has committed runs `[first, count]`, each of a document of its own. */
function committed(runs: readonly (readonly [number, number])[]): LaneTask {
  const task = new LaneTask();
  const count = Uint32Array.from(runs, (run) => run[1]);
  task.commit({
    runs: {
      document: Uint32Array.from(runs, (_, r) => r),
      first: Uint32Array.from(runs, (run) => run[0]),
      count,
    },
    score: {
      nats: new Float32Array(count.reduce((sum, n) => sum + n, 0)).fill(1),
      totals: new BigInt64Array(runs.length),
      runSeconds: 0,
      scoreSeconds: 0,
    },
  });
  return task;
}

test('rows of several runs, of documents side by side or of one pass, are committed', () => {
  committed([
    [1, 4],
    [5, 3],
    [100, 8],
  ]).requireCommitted([
    [1, 7],
    [100, 8],
  ]);
});

test.each([
  ['the next chunk', [[1, 4]], [5, 4], 5],
  ['one target more', [[1, 4]], [1, 5], 5],
  ['one target before', [[2, 4]], [1, 4], 1],
  [
    'a gap between runs',
    [
      [1, 2],
      [4, 2],
    ],
    [1, 5],
    3,
  ],
] as const)('%s is refused', async (_, runs, used, target) => {
  const refusal = await refusalOf(() => committed(runs).requireCommitted([used]));
  expect(refusal).toMatchObject({ kind: 'internal', code: 'BPB_ADAPT_BEFORE_SCORE' });
  expect(refusal.message).toContain(`target ${target} `);
});

test('what an earlier step committed is not what this one did', async () => {
  const task = committed([[1, 4]]);
  task.commit({
    runs: { document: Uint32Array.of(0), first: Uint32Array.of(5), count: Uint32Array.of(4) },
    score: {
      nats: new Float32Array(4),
      totals: new BigInt64Array(1),
      runSeconds: 0,
      scoreSeconds: 0,
    },
  });
  task.requireCommitted([[5, 4]]);
  expect((await refusalOf(() => task.requireCommitted([[1, 4]]))).kind).toBe('internal');
});
