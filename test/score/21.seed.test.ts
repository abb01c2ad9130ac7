import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probe } from '#bpb/probes/probe';
import { mulberry32, SEED_MAX, seedOf } from '#bpb/random';
import { sampleInOrder } from '#bpb/score/sample';
import { sampleRows } from '#bpb/score/sampled';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { bpb } from '../helpers/command.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture } from '../helpers/score-fixture.js';

const run = (w: ScoreFixture, options: Partial<ScoreOptions> = {}): ScoreOptions => ({
  artifact: w.model,
  tokenizer: 'byte260',
  docs: w.docs,
  window: 'chunk',
  seqLen: 32,
  workers: 1,
  threads: 1,
  engine: 'onnx-js',
  ...options,
});

describe('the seed of a run', () => {
  test('is drawn anew from all 32 bits, and a given one is kept', () => {
    const drawn = Array.from({ length: 200 }, () => seedOf(undefined));
    expect(drawn.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX)).toBe(
      true,
    );
    // Two of 200 are equal by chance once in 200,000 times; that all are below 2^31 is rarer still.
    expect(new Set(drawn).size).toBeGreaterThan(190);
    expect(Math.max(...drawn)).toBeGreaterThan(2 ** 31);
    expect(seedOf(0)).toBe(0);
    expect(seedOf(SEED_MAX)).toBe(SEED_MAX);
  });

  test('counts in every bit: no two that are allowed draw the same', () => {
    const seeds = [0, 1, SEED_MAX, ...Array.from({ length: 31 }, (_, bit) => 2 ** (bit + 1))];
    const draws = seeds.map((seed) => {
      const random = mulberry32(seed);
      return Array.from({ length: 8 }, () => random()).join();
    });
    expect(new Set(draws).size).toBe(seeds.length);
  });

  test('is in the result once for all draws; equal seeds give equal runs, and none gives another', async () => {
    const w = await scoreFixture();
    const ask = { verifyRows: 6, optimize: true };
    const one = await score(run(w, { ...ask, out: join(w.folder, 'one') }));
    expect(one.seed).toBe(one.verification.seed);
    expect(one.optimization!.seed).toBe(one.seed);
    expect(one.decided_by['seed']).toBe('default');
    const again = await score(run(w, { ...ask, seed: one.seed }));
    expect(again.decided_by['seed']).toBe('caller');
    expect(again.seed).toBe(one.seed);
    expect(again.verification).toEqual(one.verification);
    const { rewrite_s: _r, proof_s: _p, ...proof } = one.optimization!;
    expect(again.optimization).toMatchObject(proof);
    // Neither what was asked nor how it was computed depends on what is looked at again.
    const other = await score(run(w, ask));
    expect(other.seed).not.toBe(one.seed);
    expect(other.identity).toEqual(one.identity);
    expect(other.totals).toEqual(one.totals);
  });

  test('decides which rows are scored again, and in which order', async () => {
    const plan = { plan: null, batches: { rowIndexes: (b: number) => [b] }, range: [0, 500] };
    const rows = (seed: number) =>
      sampleRows(plan as never, null, 12, seed).groups.map(([row]) => row!);
    expect(rows(3)).toEqual(rows(3));
    const firsts = new Set(Array.from({ length: 40 }, (_, seed) => rows(seed)[0]!));
    // A slow model is verified on the first ones alone: they are not the first of the stream.
    expect(firsts.size).toBeGreaterThan(20);
    expect(Math.max(...firsts)).toBeGreaterThan(250);
    const ascending = (each: number[]) => each.every((row, k) => k === 0 || row > each[k - 1]!);
    expect(Array.from({ length: 40 }, (_, seed) => rows(seed)).some(ascending)).toBe(false);
  });

  test('draws every order alike', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const order = sampleInOrder(3, 3, seed).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Six standard deviations around 1,000.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(175);
  });

  test('of a probe is drawn anew too, and repeats it', async () => {
    const w = await scoreFixture();
    const { workers: _, ...options } = run(w);
    const one = await probe(options);
    const other = await probe(options);
    expect(other.seed).not.toBe(one.seed);
    const again = await probe({ ...options, seed: one.seed });
    expect(again.verdicts).toEqual(one.verdicts);
    expect(again.decided_by['seed'] ?? 'caller').toBe('caller');
  });

  test('is printed by score and probe, in text and in Markdown', async () => {
    const w = await scoreFixture();
    const flags = '--tokenizer byte260 --window chunk --seq-len 32 --quiet'.split(' ');
    const what = [w.model, '--docs', w.docs, ...flags];
    for (const [command, report] of [
      ['score', 'text'],
      ['score', 'markdown'],
      ['probe', 'text'],
      ['probe', 'markdown'],
    ] as const) {
      const given = await bpb(command, ...what, '--seed', '4294967295', '--report', report);
      expect(given.stdout, given.stderr).toMatch(/seed 4294967295/);
      const drawn = await bpb(command, ...what, '--report', report);
      expect(drawn.stdout).toMatch(/seed \d+/);
    }
  });
});

describe('a seed that is none', () => {
  test.each(['abc', '-1', '1.5', '1e3', '', ' 7', '0x10', '4294967296', '18446744073709551616'])(
    '--seed %j is a sentence and exit 2',
    async (text) => {
      for (const command of ['score', 'probe', 'verify']) {
        const { code, stderr } = await bpb(command, 'x.onnx', `--seed=${text}`);
        expect(code).toBe(2);
        expect(stderr).toMatch(/--seed/);
        expect(stderr).toMatch(/integer from 0 to 4294967295/);
      }
    },
  );

  test.each([
    ['7'],
    [null],
    [-1],
    [1.5],
    [2 ** 32],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [7n],
    [true],
  ])('in the functions: %s', async (seed) => {
    const given = { seed: seed as unknown as number };
    const calls = [
      () => score({ artifact: 'x.onnx', ...given }),
      () => probe({ artifact: 'x.onnx', ...given }),
      () => verify({ result: 'x', ...given }),
    ];
    for (const call of calls) {
      expect(await refusalOf(call)).toMatchObject({
        kind: 'usage',
        code: 'BPB_USAGE_INTEGER',
        path: '--seed',
        expected: 'an integer from 0 to 4294967295',
      });
    }
  });

  test('help says that it is drawn anew', async () => {
    for (const command of ['score', 'probe', 'verify']) {
      const { stdout } = await bpb(command, '--help');
      expect(stdout.replace(/\s+/g, ' ')).toMatch(/--seed <n>[^-]*default: drawn anew/);
    }
  });
});
