/** Probes run the batches that a score builds, and score past logits that are no distribution. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NanLogitsError } from '#bpb/engine/nan-logits';
import type { Batch, BatchScore, Engine } from '#bpb/engine/types';
import { scoreStream, scoreTogether } from '#bpb/probes/rows';
import { assembleBatch } from '#bpb/run/assemble';
import { planBatches } from '#bpb/windows/batches';
import { planWindows } from '#bpb/windows/plan';
import { normals, tableModel } from '../helpers/models.js';
import { streamOf } from '../helpers/stream.js';

const BOS = 1;
/** What an engine looks into for the reason of a refusal. */
const MODEL = tableModel(normals(16, 1), 4);

/** The arrays of a batch, copied: their memory may be reused. */
const copyOf = (batch: Batch) => ({
  ...batch,
  ids: [...batch.ids],
  scored: [...batch.scored],
  targets: [...batch.targets],
  spanEnds: [...batch.spanEnds],
});

/** An engine whose nats are the targets, that refuses the positions `bad`, and records its batches. */
function recorder(bad: (batch: Batch, position: number) => boolean = () => false) {
  const batches: ReturnType<typeof copyOf>[] = [];
  const score = async (batch: Batch): Promise<BatchScore> => {
    batches.push(copyOf(batch));
    const refused = batch.scored.find((position) => bad(batch, position));
    if (refused !== undefined) {
      const [row, offset] = [Math.floor(refused / batch.time), refused % batch.time];
      throw new NanLogitsError({ model: MODEL, path: 'm.onnx' }, row, offset);
    }
    return {
      nats: Float32Array.from(batch.targets),
      q30: new BigInt64Array(batch.spanEnds.length),
      runSeconds: 0,
      scoreSeconds: 0,
    };
  };
  const engine = (fixedRows: number | null = null) =>
    ({ info: { fixedRows }, score }) as unknown as Engine;
  return { engine, batches };
}

const documents = fc.array(
  fc.array(fc.integer({ min: 4, max: 259 }), { minLength: 1, maxLength: 12 }),
  { minLength: 2, maxLength: 8 },
);

function streamOfDocuments(texts: readonly (readonly number[])[]) {
  const starts: number[] = [];
  const ids: number[] = [];
  for (const text of texts) {
    starts.push(ids.length);
    ids.push(BOS, ...text);
  }
  return streamOf(ids, starts);
}

const window = (mode: 'document' | 'chunk' | 'sliding', seqLen: number) =>
  ({ mode, seqLen, stride: mode === 'sliding' ? 1 : null, tail: 'score', compat: null }) as const;

test('a stream: batch for batch those of a score of the same plan', async () => {
  const modes = fc.constantFrom('document', 'chunk', 'sliding');
  const sizes = [fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 })] as const;
  await fc.assert(
    fc.asyncProperty(documents, modes, ...sizes, async (texts, mode, seqLen, batchTokens) => {
      const stream = streamOfDocuments(texts);
      const options = window(mode, seqLen);
      const { engine, batches } = recorder();
      const nats = await scoreStream(engine(), stream, options, batchTokens);
      const plan = planWindows(stream, options);
      const planned = planBatches(plan, batchTokens);
      const expected = Array.from({ length: planned.count }, (_, b) =>
        copyOf(assembleBatch(stream, plan, planned.rowIndexes(b)).batch),
      );
      expect(batches).toEqual(expected);
      expect([...nats.subarray(1)]).toEqual([...stream.ids.subarray(1)]);
    }),
    { numRuns: 200 },
  );
});

test('rows: the batch of document windows with the same rows, but for targets that are replaced', async () => {
  await fc.assert(
    fc.asyncProperty(documents, fc.nat(), async (texts, pick) => {
      const stream = streamOfDocuments(texts);
      const plan = planWindows(stream, window('document', 100));
      const layout = Array.from({ length: plan.rowCount }, (_, r) => plan.row(r));
      const rows = layout.map(({ start, length }) => ({
        tokens: Int32Array.from(stream.ids.subarray(start, start + length + 1)),
      }));
      const all = Uint32Array.from(rows, (_, r) => r);
      const expected = copyOf(assembleBatch(stream, plan, all).batch);
      const own = recorder();
      const nats = await scoreTogether(own.engine(), rows);
      expect(own.batches).toEqual([expected]);
      expect(nats.map((row) => [...row])).toEqual(rows.map(({ tokens }) => [...tokens.slice(1)]));

      const at = pick % rows.length;
      const targets = rows[at]!.tokens.slice(1).fill(7);
      const replaced = recorder();
      const changed = rows.map((row, r) => (r === at ? { ...row, targets } : row));
      const other = await scoreTogether(replaced.engine(), changed);
      const before = layout.slice(0, at).reduce((sum, { length }) => sum + length, 0);
      const wanted = expected.targets.slice();
      wanted.splice(before, targets.length, ...targets);
      expect(replaced.batches).toEqual([{ ...expected, targets: wanted }]);
      expect([...other[at]!]).toEqual([...targets]);
    }),
    { numRuns: 200 },
  );
});

test('a stream for a graph of fixed batch size comes in batches of as many rows', async () => {
  const stream = streamOfDocuments([[5, 6, 7, 8, 9, 10, 11]]);
  const { engine, batches } = recorder();
  await scoreStream(engine(2), stream, window('chunk', 2), 100);
  expect(batches.map(({ rows }) => rows)).toEqual([2, 2]);
});

test('past a NaN: its row is NaN from there on, the other rows are scored', async () => {
  const rows = [4, 3, 2].map((inputs, r) => ({
    tokens: Int32Array.from({ length: inputs + 1 }, (_, k) => 100 * (r + 1) + k),
  }));
  // Row 0 from its third input on, row 2 from its first.
  const { engine, batches } = recorder((batch, position) => {
    const id = batch.ids[position]!;
    return id === 102 || id >= 300;
  });
  const nats = await scoreTogether(engine(), rows);
  expect(nats.map((row) => [...row])).toEqual([
    [101, 102, Number.NaN, Number.NaN],
    [201, 202, 203],
    [Number.NaN, Number.NaN],
  ]);
  expect(batches.map(({ scored }) => scored.length)).toEqual([9, 7, 5]);
  expect(batches.every((batch) => batch.spanEnds.at(-1) === batch.scored.length)).toBe(true);
});

test('rows that are all refused are NaN, and no empty batch is run', async () => {
  const { engine, batches } = recorder(() => true);
  const [nats] = await scoreTogether(engine(), [{ tokens: Int32Array.of(BOS, 5, 6) }]);
  expect([...nats!]).toEqual([Number.NaN, Number.NaN]);
  expect(batches).toHaveLength(1);
});
