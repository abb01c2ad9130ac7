/**
 * Graphs that round activations to int8: one verdict for all seeds, with `--optimize` and without, and what is
 * judged where the run and the reference sum in different orders.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openEvaluation, type PlannedEvaluation } from '#bpb/evaluation/open';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { ScorePool } from '#bpb/run/pool';
import { workerSetup } from '#bpb/run/worker-setup';
import { score } from '#bpb/score/score';
import { type Verification, verifyRows } from '#bpb/score/verify';
import { shared } from '#bpb/shared-memory';
import { byteModel, lookup } from '../helpers/byte-models.js';
import { fileFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { nBits, staticProduct } from '../helpers/quantized.js';
import { type ScoreFixture, scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const WIDTH = 128;
const LAYERS = 8;
/** Of graphs that round nothing. */
const TOLERANCE = 1e-5;
const WINDOW = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, tail: 'score' } as const;

type Product = (g: GraphBuilder, x: string, N: number, layer: number) => string;

/**
 * Layers with norms between products, so that a difference in the last place reaches the next rounding.
 *
 * @param gainFirst the same in another order: the gain before the norm's division
 */
function deep(product: Product, gainFirst: boolean) {
  return byteModel((g) => {
    // Sums over all that was read, so that no two positions are alike.
    const embedded = lookup(g, normals(VOCABULARY * WIDTH, 5), 'input_ids', WIDTH);
    let x = g.op('CumSum', [embedded, g.ints([1], [])]);
    for (let layer = 0; layer < LAYERS; layer++) {
      const square = g.op('Pow', [x, g.scalar(2)]);
      const mean = g.op('ReduceMean', [square, g.ints([-1])]);
      const root = g.op('Sqrt', [g.op('Add', [mean, g.scalar(1e-5)])]);
      const gain = g.floats(normals(WIDTH, 40 + layer));
      const wide = gainFirst
        ? g.op('Div', [g.op('Mul', [x, gain]), root])
        : g.op('Mul', [g.op('Div', [x, root]), gain]);
      x = g.op('Add', [x, g.op('Mul', [product(g, wide, WIDTH, layer), g.scalar(30)])]);
    }
    return product(g, x, VOCABULARY, LAYERS);
  });
}

const PRODUCTS: Readonly<Record<string, Product>> = {
  'static int8': (g, x, N, layer) => staticProduct(g, x, WIDTH, N, 10 + layer),
  'MatMulNBits of accuracy level 4': (g, x, N, layer) =>
    nBits(g, x, { K: WIDTH, N, bits: 4, block: 32, accuracyLevel: 4, seed: 10 + layer }),
};

const folder = fileFolder();

describe.each(Object.entries(PRODUCTS))('%s', (_, product) => {
  let w: ScoreFixture;
  let base: ScoreOptions;
  beforeAll(async () => {
    w = await scoreFixture({
      model: deep(product, false),
      folder: mkdtempSync(join(folder, 'model-')),
    });
    base = { ...WINDOW, artifact: w.model, docs: w.docs, workers: 1 };
  });

  test('one figure and one verdict, whatever the seed, rows, threads and --optimize', async () => {
    const { score: plain } = await score(base);
    expect(plain.val_bpb).not.toBeNull();
    for (let seed = 1; seed <= 20; seed++) {
      const verifyRows = [1, 3, 64][seed % 3]!;
      const threads = 1 + (seed % 2);
      const optimize = seed % 4 > 1;
      const precision = optimize && seed % 8 > 3 ? ('fp16' as const) : undefined;
      const over = { seed, verifyRows, threads, optimize, precision };
      const { verification, optimization, score: figures } = await score({ ...base, ...over });
      expect(verification).toMatchObject({ verdict: 'pass', mean_tolerance_nats: null });
      if (optimize) expect(optimization).toMatchObject({ verdict: 'pass', rewrites: [] });
      expect(figures.val_bpb).toBe(plain.val_bpb);
    }
  });

  test('--optimize leaves it, and names what rounds', async () => {
    const { optimization, engine } = await score({ ...base, optimize: true, precision: 'fp16' });
    expect(optimization!.skipped).toHaveLength(1);
    expect(optimization!.skipped[0]).toMatch(
      /^all: rounds activations \((QuantizeLinear|MatMulNBits)\)/,
    );
    expect([optimization!.precision, engine.precision]).toEqual(['fp32', 'fp32']);
  });

  describe('where the run sums in another order than the reference', () => {
    let evaluation: PlannedEvaluation;
    const ofRun = new Map<number, Float32Array>();
    let groups: Uint32Array[] = [];
    beforeAll(async () => {
      evaluation = await openEvaluation(base, 'plan');
      const { batches } = evaluation.workload;
      groups = Array.from({ length: batches.count }, (_, b) => batches.rowIndexes(b))
        .flatMap((rows) => [...rows])
        .map((row) => Uint32Array.of(row));
      const setup = workerSetup(evaluation, base);
      const { options } = setup;
      const graph = { ...options.graph, model: shared(deep(product, true)) };
      const pool = new ScorePool(
        { ...setup, engine: 'onnx-cpu', options: { ...options, graph } },
        1,
      );
      await pool.open();
      for (const group of groups) ofRun.set(group[0]!, (await pool.score(group, true)).nats!);
      await pool.close();
    });

    const verified = (rows: readonly Uint32Array[], bias: number): Promise<Verification> =>
      verifyRows({
        setup: workerSetup(evaluation, base),
        groups: rows,
        noiseGroups: groups,
        ofRun: new Map([...ofRun].map(([row, nats]) => [row, nats.map((each) => each + bias)])),
        seed: 1,
        tolerance: TOLERANCE,
        rounded: true,
        onGpu: false,
      });

    test('the differences are beyond what a graph without rounding may have', async () => {
      const found = await verified(groups, 0);
      expect(found.mean_abs_nats).toBeGreaterThan(TOLERANCE);
      expect(found.verdict).toBe('pass');
      expect(Math.abs(found.mean_nats!)).toBeLessThan(found.mean_tolerance_nats!);
    });

    test('one row, or any three, pass too', async () => {
      for (let k = 0; k + 3 <= groups.length; k += 7) {
        for (const rows of [1, 3]) {
          expect((await verified(groups.slice(k, k + rows), 0)).verdict).toBe('pass');
        }
      }
    });

    test.each([1, -1])('a bias beyond what chance allows fails, sign %d', async (sign) => {
      const { mean_tolerance_nats: allowed } = await verified(groups, 0);
      const found = await verified(groups, 2.5 * sign * allowed!);
      expect(found.verdict).toBe('fail');
    });
  });
});
