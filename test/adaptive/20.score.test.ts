/** Artifacts that carry state, against closed forms in float64. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { countsAdapt, countsNats, lagNats, writeCounts, writeLag } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { eventsOf } from '../helpers/ledger.js';
import { type ScoreFixture, scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

/** Each document with the next one's BOS, which is its last target. */
function documents({ ids }: ScoreFixture): number[][] {
  const starts = ids.flatMap((id, i) => (id === 1 ? [i] : []));
  return starts.map((start, k) => ids.slice(start, (starts[k + 1] ?? ids.length - 1) + 1));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
/** Nats are rounded to fp32 once a target and computed in fp32 by the graph: 1e-6 relative. */
const near = (nats: number, expected: number) =>
  expect(Math.abs(nats / expected - 1)).toBeLessThan(1e-6);

function counts(fixture: Parameters<typeof writeCounts>[1]): string {
  const folder = temporaryFolder();
  writeCounts(folder, fixture);
  return folder;
}

function lag(fixture: Parameters<typeof writeLag>[1]): string {
  const folder = temporaryFolder();
  writeLag(folder, fixture);
  return folder;
}

describe('adaptation after the score', () => {
  test.each([1, 5, 64])('chunks of %i, state of each document its own', async (chunk) => {
    const w = await scoreFixture();
    const artifact = counts({ chunk });
    const result = await score({ artifact, docs: w.docs });
    near(result.totals.nats, sum(documents(w).flatMap((ids) => countsNats(ids, { chunk }))));
    expect(result.totals.targets).toBe(w.ids.length - 1);
    expect(result.verification.verdict).toBe('pass');
    expect(result.adaptive).toMatchObject({ chunk, context: 0, steps: 1, reset: 'document' });
    // The last chunk of a document teaches nothing that anyone would read.
    const steps = documents(w).map((ids) => Math.ceil((ids.length - 1) / chunk));
    const rows = Math.max(1, Math.floor(1024 / chunk));
    const batches = steps.sort((a, b) => b - a).filter((_, k) => k % rows === 0);
    expect(result.adaptive!.adaptations).toBe(sum(batches.map((n) => Math.max(0, n - 1))));
  });

  test('initial values come from the artifact', async () => {
    const w = await scoreFixture();
    const init = Float32Array.from({ length: VOCABULARY }, (_, id) => id % 7);
    const result = await score({ artifact: counts({ chunk: 8, init }), docs: w.docs });
    const own = documents(w).flatMap((ids) =>
      countsNats(ids, { chunk: 8, counts: Float64Array.from(init) }),
    );
    near(result.totals.nats, sum(own));
  });

  test('an adapt graph in halves counts as one that computes in them', async () => {
    const w = await scoreFixture();
    const artifact = counts({ chunk: 8 });
    writeFileSync(join(artifact, 'adapt.onnx'), countsAdapt('int64', 'float16'));
    const { engine, findings, verification } = await score({ artifact, docs: w.docs });
    expect(engine.precision).toBe('fp16');
    expect(verification).toMatchObject({ verdict: 'pass', tolerance_nats: 1e-3 });
    expect(findings.find(({ id }) => id === 'half-precision')!.message).toContain('(rounded)');
  });

  test('several steps a chunk', async () => {
    const w = await scoreFixture();
    const result = await score({ artifact: counts({ chunk: 8, steps: 3 }), docs: w.docs });
    near(
      result.totals.nats,
      sum(documents(w).flatMap((ids) => countsNats(ids, { chunk: 8, steps: 3 }))),
    );
  });

  test.each(['document', 'chunk'] as const)(
    'a state that never resets is one pass under %s windows',
    async (window) => {
      const w = await scoreFixture();
      const artifact = counts({ chunk: 8, reset: 'never', window });
      const result = await score({ artifact, docs: w.docs });
      const all = new Float64Array(VOCABULARY);
      const pieces = window === 'chunk' ? [[...w.ids]] : documents(w);
      near(
        result.totals.nats,
        sum(pieces.flatMap((ids) => countsNats(ids, { chunk: 8, counts: all }))),
      );
      expect(result.totals.targets).toBe(w.ids.length - 1);
      expect(result.engine.workers).toBe(1);
      expect(result.adaptive!.reset).toBe('never');
      expect(result.verification.verdict).toBe('pass');
    },
  );
});

describe('state without adaptation', () => {
  test.each([
    [1, 0],
    [7, 0],
    [64, 0],
  ])('chunks of %i: the same nats as without any cut', async (chunk, context) => {
    const w = await scoreFixture();
    const result = await score({ artifact: lag({ chunk, context }), docs: w.docs });
    near(result.totals.nats, sum(documents(w).flatMap(lagNats)));
    expect(result.adaptive!.adaptations).toBe(0);
  });

  test('carried over documents where it never resets', async () => {
    const w = await scoreFixture();
    const artifact = lag({ chunk: 9, reset: 'never', window: 'document' });
    const result = await score({ artifact, docs: w.docs });
    // Across a document's start the byte before is the last input of the document before.
    near(result.totals.nats, sum(lagNats(w.ids)));
  });
});

describe('the ledger', () => {
  const lines = (file: string) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { score?: number[]; adapt?: number[][]; document?: number },
      );

  test('holds each score before the update that uses it, the same for any workers', async () => {
    const w = await scoreFixture();
    const artifact = counts({ chunk: 8 });
    const folder = temporaryFolder();
    const files = await Promise.all(
      [1, 2, 4].map(async (workers) => {
        const ledger = join(folder, `${workers}.jsonl`);
        await score({ artifact, docs: w.docs, workers, batchTokens: 32, ledger });
        return ledger;
      }),
    );
    const [one, ...others] = files.map(eventsOf);
    for (const other of others) expect(other).toEqual(one);
    const scored = new Set<number>();
    let updates = 0;
    for (const line of lines(files[0]!)) {
      const each = ([first, count]: number[]) =>
        Array.from({ length: count! }, (_, k) => first! + k);
      if (line.score) for (const target of each(line.score)) scored.add(target);
      if (!line.adapt) continue;
      updates++;
      expect(line.adapt.flatMap(each).every((target) => scored.has(target))).toBe(true);
    }
    expect(scored.size).toBe(w.ids.length - 1);
    const steps = documents(w).map((ids) => Math.ceil((ids.length - 1) / 8));
    expect(updates).toBe(sum(steps.map((n) => Math.max(0, n - 1))));
  });

  test('of a single pass: updates are of the state that all documents share', async () => {
    const w = await scoreFixture();
    const ledger = join(temporaryFolder(), 'pass.jsonl');
    await score({ artifact: counts({ chunk: 8, reset: 'never' }), docs: w.docs, ledger });
    const adapts = lines(ledger).filter(({ adapt }) => adapt !== undefined);
    expect(adapts.length).toBeGreaterThan(0);
    for (const { document } of adapts) expect(document).toBe(null);
  });
});

describe('the same to the last bit', () => {
  const exact = async (artifact: string, w: ScoreFixture, over: Partial<ScoreOptions>) =>
    (await score({ artifact, docs: w.docs, verifyRows: 0, ...over })).totals.nats_q30;

  test('however documents are grouped, and by how many workers', async () => {
    const w = await scoreFixture();
    for (const artifact of [counts({ chunk: 8 }), lag({ chunk: 8 })]) {
      const alone = await exact(artifact, w, { batchTokens: 1, workers: 1 });
      for (const batchTokens of [24, 100_000]) {
        for (const workers of [1, 2, 4]) {
          expect(await exact(artifact, w, { batchTokens, workers })).toBe(alone);
        }
      }
    }
  });
});
