/** Batches and their spans are those of a loop over targets, whatever lay in their memory before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TokenStream } from '#bpb/data/types';
import type { Batch } from '#bpb/engine/types';
import { assembleBatch } from '#bpb/run/assemble';
import { BatchMemory } from '#bpb/run/batch-memory';
import { infiniteTargets, type ScoredSpans } from '#bpb/run/scored-spans';
import type { WindowOptions } from '#bpb/windows/options';
import { planWindows, type WindowPlan } from '#bpb/windows/plan';
import { streamOf } from '../helpers/stream.js';

const TOKENS = 600;

/** Document of stream position `position`. */
function documentAt({ documentStarts }: TokenStream, position: number): number {
  return documentStarts.findLastIndex((start) => start <= position);
}

/** The specification: one target after the other. */
function assembled(stream: TokenStream, plan: WindowPlan, rows: readonly number[]) {
  const layout = rows.map((row) => plan.row(row));
  const time = Math.max(...layout.map(({ length }) => length));
  const ids: number[] = [];
  const scored: number[] = [];
  const targets: number[] = [];
  const spans: { document: number; first: number; count: number }[] = [];
  layout.forEach(({ start, length, firstScored }, r) => {
    for (let j = 0; j < time; j++) ids.push(j < length ? stream.ids[start + j]! : 0);
    let open = false;
    for (let j = firstScored; j < length; j++) {
      const target = start + j + 1;
      const document = documentAt(stream, target - 1);
      scored.push(r * time + j);
      targets.push(stream.ids[target]!);
      const span = spans.at(-1);
      if (open && span!.document === document) span!.count++;
      else spans.push({ document, first: target, count: 1 });
      open = true;
    }
  });
  return { rows: rows.length, time, ids, scored, targets, spans };
}

function listed({ batch, spans }: { batch: Batch; spans: ScoredSpans }) {
  const { rows, time, ids, scored, targets } = batch;
  const list = Array.from(spans.count, (count, r) => ({
    document: spans.document[r],
    first: spans.first[r],
    count,
  }));
  return { rows, time, ids: [...ids], scored: [...scored], targets: [...targets], spans: list };
}

const window = fc
  .record({
    mode: fc.constantFrom('chunk' as const, 'sliding' as const, 'document' as const),
    seqLen: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 120, max: 300 })),
    stride: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 })),
    tail: fc.constantFrom('drop' as const, 'score' as const),
    compat: fc.boolean(),
  })
  .map(({ mode, seqLen, stride, tail, compat }): WindowOptions => {
    const own = mode === 'chunk' ? null : Math.min(stride, seqLen);
    const historical = compat && mode === 'sliding' && tail === 'drop';
    return { mode, seqLen, stride: own, tail, compat: historical ? 'sliding-2026-03-19' : null };
  });

const cases = fc.record({
  ids: fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: TOKENS, maxLength: TOKENS }),
  starts: fc.uniqueArray(fc.integer({ min: 1, max: TOKENS - 1 }), { maxLength: 40 }),
  window,
  batches: fc.array(
    fc.record({ from: fc.nat(), count: fc.integer({ min: 1, max: 9 }), shuffle: fc.boolean() }),
    { minLength: 1, maxLength: 6 },
  ),
});

test('any rows in any order, batch after batch in the same memory', () => {
  fc.assert(
    fc.property(cases, ({ ids, starts, window, batches }) => {
      const stream = streamOf(ids, [0, ...starts.sort((a, b) => a - b)]);
      const plan = planWindows(stream, window);
      const memory = new BatchMemory();
      for (const { from, count, shuffle } of batches) {
        const rows = Array.from({ length: count }, (_, k) => (from + k) % plan.rowCount);
        if (shuffle) rows.reverse();
        const made = assembleBatch(stream, plan, Uint32Array.from(rows), memory);
        const expected = assembled(stream, plan, rows);
        expect(listed(made)).toEqual(expected);
        let end = 0;
        const ends = expected.spans.map((span) => (end += span.count));
        expect([...made.batch.spanEnds]).toEqual(ends);
      }
    }),
    { numRuns: 300 },
  );
});

test('infinite targets are counted in their spans, wherever they are', () => {
  const layout = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(layout, (spans) => {
      // From the last span to the first: the lowest index is not the one that is met first.
      const first = spans.map((_, r) => 1 + 10 * (spans.length - r));
      const scoredSpans = {
        document: new Uint32Array(spans.length),
        first: Uint32Array.from(first),
        count: Uint32Array.from(spans, (span) => span.length),
      };
      const nats = Float32Array.from(spans.flat(), (is) => (is ? Number.POSITIVE_INFINITY : 1));
      const indexes = spans.flatMap((span, r) =>
        span.flatMap((is, j) => (is ? [first[r]! + j] : [])),
      );
      const { infinite, infiniteSpans } = infiniteTargets(nats, scoredSpans);
      const lowest = indexes.length === 0 ? -1 : Math.min(...indexes);
      expect(infinite).toEqual({ count: indexes.length, first: lowest });
      const counts = spans.map((span) => span.filter(Boolean).length);
      expect(infiniteSpans && [...infiniteSpans]).toEqual(indexes.length === 0 ? null : counts);
    }),
  );
});
