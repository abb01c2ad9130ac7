import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toQ30 } from '#bpb/engine/q30';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

interface Line {
  score?: [number, number];
  document?: number;
  nats_q30?: string;
  infinite?: number;
  end?: true;
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line & Record<string, unknown>);

/** What happened: all but the name of the run, the hashes that it moves, and its result. */
const eventsOf = (lines: readonly Record<string, unknown>[]) =>
  lines.slice(0, -1).map(({ hash: _, run: __, ...fields }) => fields);

const byte260 = { tokenizer: 'byte260', seqLen: 32, verifyRows: 0 } as const;

describe('bpb score --ledger', () => {
  test.each([
    ['chunk', null],
    ['sliding', 5],
    ['document', 7],
  ] as const)(
    '%s, stride %s: the same events for 1, 2 and 4 workers, whose sums are the nats',
    async (window, stride) => {
      const w = await scoreFixture();
      const run = async (workers: number) => {
        const ledger = join(w.folder, `${workers}.jsonl`);
        const options: ScoreOptions = {
          ...byte260,
          artifact: w.model,
          data: [w.shards],
          window,
          workers,
          threads: 1,
          batchTokens: 64,
          ledger,
          out: join(w.folder, `out-${workers}`),
          saveTargets: true,
        };
        if (stride !== null) options.stride = stride;
        return { ledger, result: await score(options) };
      };
      const one = await run(1);
      const all = linesOf(one.ledger);
      for (const workers of [2, 4]) {
        expect(eventsOf(linesOf((await run(workers)).ledger))).toEqual(eventsOf(all));
      }
      const { result } = one;
      const named = { run: all[0]!['run'], hash: all.at(-2)!['hash'] };
      expect(result.ledger).toEqual({ file: one.ledger, ...named });
      expect(named.run).toMatch(/^[0-9a-f]{32}$/);
      expect(all.at(-1)).toMatchObject({ result: 'scored', sha256: result.run.sha256 });
      const lines = all.slice(0, -1);
      expect(lines[0]).toMatchObject({ reset: 'none', tokens: w.ids.length, documents: 40 });
      expect(lines.at(-1)).toMatchObject({
        end: true,
        scored: result.coverage.scored,
        skipped: w.ids.length - 1 - result.coverage.scored,
        nats_q30: result.totals.nats_q30,
      });
      const file = readFileSync(join(w.folder, 'out-1', 'targets.f32'));
      const nats = new Float32Array(file.buffer, file.byteOffset, file.length / 4);
      const seen = new Set<number>();
      for (const line of lines.slice(1, -1)) {
        const [first, count] = line.score!;
        let q30 = 0n;
        for (let i = first; i < first + count; i++) {
          expect(seen.has(i)).toBe(false);
          seen.add(i);
          q30 += BigInt(toQ30(nats[i - 1]!));
        }
        expect(line.nats_q30).toBe(String(q30));
        const document = w.ids.slice(0, first).filter((id) => id === 1).length - 1;
        expect(line.document).toBe(document);
      }
      expect(seen.size).toBe(result.coverage.scored);
    },
  );

  test('targets of probability zero are counted, and count nothing in the sums', async () => {
    const table = new Float32Array(VOCABULARY * VOCABULARY);
    for (let id = 0; id < VOCABULARY; id++) table[id * VOCABULARY + 1] = Number.NEGATIVE_INFINITY;
    const w = await scoreFixture({ table });
    const ledger = join(w.folder, 'ledger.jsonl');
    const result = await score({
      ...byte260,
      artifact: w.model,
      docs: w.docs,
      window: 'document',
      ledger,
    });
    const lines = linesOf(ledger);
    // Every document but the last ends at the next one's BOS.
    expect(result.score.infinite_targets).toBe(39);
    expect(lines.reduce((sum, { score, infinite }) => sum + (score ? (infinite ?? 0) : 0), 0)).toBe(
      39,
    );
    expect(lines.at(-2)).toMatchObject({ infinite: 39, nats_q30: result.totals.nats_q30 });
  });

  test('a part skips what the other parts score', async () => {
    const w = await scoreFixture();
    const ledgers = [1, 2].map((i) => join(w.folder, `${i}.jsonl`));
    const common = { ...byte260, artifact: w.model, docs: w.docs, window: 'chunk' } as const;
    for (const [k, ledger] of ledgers.entries()) {
      await score({ ...common, batchTokens: 32, part: [k + 1, 2], ledger });
    }
    const [one, two] = ledgers.map((path) => linesOf(path).at(-2) as Record<string, number>);
    const tail = (w.ids.length - 1) % 32;
    expect(one!['scored']! + two!['scored']! + tail).toBe(w.ids.length - 1);
    expect(one!['skipped']).toBe(two!['scored']! + tail);
  });

  test('is refused where there is a file already, before anything is loaded', async () => {
    const w = await scoreFixture();
    writeFileSync(join(w.folder, 'mine'), 'mine');
    const refusal = await refusalOf(() =>
      score({ artifact: '/nowhere', ledger: join(w.folder, 'mine') }),
    );
    expect(refusal).toMatchObject({ kind: 'usage', code: 'BPB_LEDGER_EXISTS' });
    expect(readFileSync(join(w.folder, 'mine'), 'utf8')).toBe('mine');
  });

  test('is refused with --compat, which scores targets again', async () => {
    const w = await scoreFixture();
    const ledger = join(w.folder, 'ledger.jsonl');
    const refusal = await refusalOf(() =>
      score({
        ...byte260,
        artifact: w.model,
        docs: w.docs,
        window: 'sliding',
        stride: 4,
        compat: 'sliding-2026-03-19',
        ledger,
      }),
    );
    expect(refusal).toMatchObject({ kind: 'usage', code: 'BPB_USAGE_LEDGER', path: '--ledger' });
    expect(existsSync(ledger)).toBe(false);
  });

  test('an interrupt ends it at once, with no batch waiting for another', async () => {
    const w = await scoreFixture({ texts: Array.from({ length: 400 }, () => 'abcdefgh') });
    const ledger = join(w.folder, 'ledger.jsonl');
    const interrupt = new AbortController();
    const run = { ...byte260, artifact: w.model, docs: w.docs, window: 'chunk', ledger } as const;
    const refusal = await refusalOf(() =>
      score({
        ...run,
        batchTokens: 32,
        workers: 2,
        threads: 1,
        signal: interrupt.signal,
        onProgress: ({ phase, done }) => {
          if (phase === 'score' && done > 500) interrupt.abort();
        },
      }),
    );
    expect(refusal.kind).toBe('interrupted');
    expect(linesOf(ledger).at(-1)!.end).toBeUndefined();
  });

  test('a run that fails leaves a ledger without an end', async () => {
    const table = new Float32Array(VOCABULARY * VOCABULARY);
    table[5 * VOCABULARY] = Number.NaN;
    const texts = [...Array.from({ length: 200 }, () => 'abcdefgh'), '\u0001x'];
    const w = await scoreFixture({ table, texts });
    const ledger = join(w.folder, 'ledger.jsonl');
    const run = { ...byte260, artifact: w.model, docs: w.docs, window: 'chunk', ledger } as const;
    const refusal = await refusalOf(() =>
      score({ ...run, tail: 'score', workers: 2, threads: 1, batchTokens: 32 }),
    );
    expect(refusal.code).toBe('BPB_NAN_LOGITS');
    const lines = linesOf(ledger);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.at(-1)!.end).toBeUndefined();
  });
});
