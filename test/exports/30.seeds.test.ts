/**
 * No seed decides: of each honest artifact, ours and the exports of current tools, all seeds give one verdict of
 * the verification and of the proof, and fail no probe.
 *
 * Hours for all, so only with BPB_TEST_LONG=1. BPB_TEST_SEEDS: how many seeds, 20 by default; BPB_TEST_MATRIX
 * as in 20.tools.test.ts; BPB_TEST_FIGURES: a file that gets a line of figures for each test.
 */
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probe, score } from '#bpb/index';
import { listEntries, Matrix, referee } from './matrix.js';

const long = process.env['BPB_TEST_LONG'] === '1';
const seeds = Array.from({ length: Number(process.env['BPB_TEST_SEEDS'] ?? 20) }, (_, k) => k + 1);

/** Of the bundled artifacts: documents of the validation set. */
const DOCUMENTS = 2;

function record(figures: object): void {
  const file = process.env['BPB_TEST_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

/** The distinct verdicts of all seeds. */
async function verdicts(name: string, options: ScoreOptions, over: Partial<ScoreOptions>) {
  const started = performance.now();
  const found = { verification: new Set<string>(), proof: new Set<string>() };
  const worst = { mean: 0, size: 0, proof: 0 };
  const size = (value: number | null | undefined) => Math.abs(value ?? 0);
  for (const seed of seeds) {
    const { verification, optimization } = await score({ ...options, ...over, seed });
    found.verification.add(verification.verdict);
    if (optimization !== null) found.proof.add(optimization.verdict);
    worst.mean = Math.max(worst.mean, size(verification.mean_nats));
    worst.size = Math.max(worst.size, size(verification.mean_abs_nats));
    worst.proof = Math.max(worst.proof, size(optimization?.mean_nats_difference));
  }
  const [verification, proof] = [[...found.verification], [...found.proof]];
  const seconds = Math.round((performance.now() - started) / 1000);
  record({ name, over, verification, proof, worst, seconds });
  return { verification, proof };
}

async function failedProbes(name: string, options: Parameters<typeof probe>[0]) {
  const started = performance.now();
  const failed: string[] = [];
  for (const seed of seeds) {
    for (const { name: of, verdict, effect, note } of (await probe({ ...options, seed })).verdicts)
      if (verdict === 'fail') failed.push(`seed ${seed}: ${of}, ${effect}: ${note}`);
  }
  record({ name, failed, seconds: Math.round((performance.now() - started) / 1000) });
  return failed;
}

/** Ways to ask for a graph that rounds activations. */
const WAYS = [false, true].flatMap((optimize) =>
  [
    { verifyRows: 1, threads: 1 },
    { verifyRows: 3, threads: 2 },
    { verifyRows: 64, threads: 1 },
  ].map((way) => ({ optimize, ...way })),
);

async function roundsActivations(options: ScoreOptions): Promise<boolean> {
  const { findings } = await score({ ...options, verifyRows: 1 });
  return findings.some(({ id }) => id === 'rounded-activations');
}

function expectOne({ verification, proof }: Awaited<ReturnType<typeof verdicts>>): void {
  expect(verification).toHaveLength(1);
  expect(verification[0]).toMatch(/^(pass|not_possible)$/);
  expect(proof.filter((verdict) => verdict !== 'pass')).toEqual([]);
}

describe.skipIf(!long || referee === undefined)('exports (BPB_TEST_LONG=1)', () => {
  const matrix = new Matrix();
  beforeAll(() => matrix.make(), 3_600_000);

  const scored = (long ? listEntries() : []).filter(({ outcome }) => outcome === 'score');
  describe.each(scored)('$name', (entry) => {
    // The models are small: more workers take longer to start than to score.
    const asked = { ...matrix.optionsOf(entry), workers: 1 };

    test.for([{}, { optimize: true }])('one verdict of all seeds, %j', async (over, context) => {
      matrix.skipUnmade(context, entry);
      expectOne(await verdicts(entry.name, asked, over));
    });

    test('one verdict however a graph that rounds activations is asked', async (context) => {
      matrix.skipUnmade(context, entry);
      if (!(await roundsActivations(asked))) context.skip('rounds no activations');
      for (const over of WAYS) expectOne(await verdicts(entry.name, asked, over));
    });

    test('fails no probe', async (context) => {
      matrix.skipUnmade(context, entry);
      expect(await failedProbes(entry.name, asked)).toEqual([]);
    });
  });
});

describe.skipIf(!long)('artifacts of models/ (BPB_TEST_LONG=1)', () => {
  const models = fileURLToPath(new URL('../../models', import.meta.url));
  const names = readdirSync(models).filter((name) =>
    existsSync(join(models, name, 'artifact.json')),
  );
  describe.each(names)('%s', (name) => {
    const asked = { artifact: join(models, name), limitDocs: DOCUMENTS };

    test.for([{}, { optimize: true }])('one verdict of all seeds, %j', async (over) => {
      expectOne(await verdicts(name, asked, over));
    });

    test('fails no probe', async () => {
      expect(await failedProbes(name, asked)).toEqual([]);
    });
  });
});
