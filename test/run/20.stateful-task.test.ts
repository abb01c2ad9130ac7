/** Stateful tasks: an update may only use targets of the step just committed; steps join in order. */
import { expect, test } from 'vitest';
import type { ScoredRows } from '#bpb/run/assemble';
import { infiniteTargets } from '#bpb/run/scored-spans';
import { StatefulTask } from '#bpb/run/stateful-task';
import { refusalOf } from '../helpers/refusal.js';

/** A scored step of spans `[first, count]`, each of a document of its own. */
function step(
  spans: readonly (readonly [number, number])[],
  infinite: readonly number[] = [],
): ScoredRows {
  const count = Uint32Array.from(spans, (run) => run[1]);
  const targets = spans.flatMap(([first, length]) => Array.from({ length }, (_, j) => first + j));
  const nats = Float32Array.from(targets, (target) =>
    infinite.includes(target) ? Number.POSITIVE_INFINITY : target,
  );
  const scored = {
    document: Uint32Array.from(spans, (_, r) => r),
    first: Uint32Array.from(spans, (run) => run[0]),
    count,
  };
  return {
    spans: scored,
    nats,
    q30: BigInt64Array.from(spans, ([first]) => BigInt(first)),
    runSeconds: 1,
    scoreSeconds: 2,
    ...infiniteTargets(nats, scored),
  };
}

function committed(spans: readonly (readonly [number, number])[]): StatefulTask {
  const task = new StatefulTask();
  task.commit(step(spans));
  return task;
}

test('rows of several spans, of documents side by side or of one pass, are committed', () => {
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
    'a gap between spans',
    [
      [1, 2],
      [4, 2],
    ],
    [1, 5],
    3,
  ],
] as const)('%s is refused', async (_, spans, used, target) => {
  const refusal = await refusalOf(() => committed(spans).requireCommitted([used]));
  expect(refusal).toMatchObject({ kind: 'internal', code: 'BPB_ADAPT_BEFORE_SCORE' });
  expect(refusal.message).toContain(`target ${target} `);
});

test('an update may not use an earlier step than the last', async () => {
  const task = committed([[1, 4]]);
  task.commit(step([[5, 4]]));
  task.requireCommitted([[5, 4]]);
  expect((await refusalOf(() => task.requireCommitted([[1, 4]]))).kind).toBe('internal');
});

test('steps are joined in their order, with events and infinite targets counted once', () => {
  const task = new StatefulTask();
  task.commit(step([[9, 2]]));
  task.adapted(0.5);
  task.updated([[9, 2]], null);
  task.commit(
    step(
      [
        [1, 2],
        [5, 3],
      ],
      [2, 5, 6],
    ),
  );
  task.commit(step([[20, 1]], [20]));
  const result = task.result();
  const infinity = Number.POSITIVE_INFINITY;
  expect([...result.spans.first]).toEqual([9, 1, 5, 20]);
  expect([...result.spans.count]).toEqual([2, 2, 3, 1]);
  expect([...result.q30]).toEqual([9n, 1n, 5n, 20n]);
  expect([...result.nats]).toEqual([9, 10, 1, infinity, infinity, infinity, 7, infinity]);
  expect(result.infinite).toEqual({ count: 4, first: 2 });
  expect([...result.infiniteSpans!]).toEqual([0, 1, 2, 1]);
  expect(result.events.map((event) => event.kind)).toEqual([
    ...['score', 'adapt', 'score', 'score', 'score'],
  ]);
  expect(result.events.map((event) => ('infinite' in event ? event.infinite : null))).toEqual([
    ...[0, null, 1, 2, 1],
  ]);
  expect(result).toMatchObject({ runSeconds: 3.5, scoreSeconds: 6, adaptations: 1 });
  // No step came from a GPU that counts its bytes.
  expect(result.deviceToHostBytes).toBeNull();
});
