/** Sessions of rewritten graphs whose operators are our own, against the graphs that they were made of. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { expect, test } from 'vitest';
import { createEngine } from '#bpb/engine/create';
import { operatorsOf } from '#bpb/engine/own-operators';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { engineOptions, fullBatch, openEngine } from '../helpers/engines.js';
import { temporaryFolder } from '../helpers/folder.js';
import { GraphBuilder, someIds, VOCAB } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';

const [T, D, ROWS] = [8, 20, 3];
/** One in ten failed where a session that was being opened was held by nothing. */
const PROCESSES = 4;

/** Mixes, a skip connection, a squared rectifier, a gate beside its values: no width a multiple of 16. */
function model(): Uint8Array {
  const g = new GraphBuilder();
  const scaled = (x: string) => g.op('Mul', [x, g.weights([D])]);
  const product = (x: string, from: number, to: number) =>
    g.op('MatMul', [x, g.weights([from, to], 0.3)]);
  const norm = (x: string) => g.op('RMSNormalization', [x, g.weights([D])]);
  const x0 = norm(g.embed(D));
  const up = product(norm(scaled(x0)), D, 2 * D);
  const r = g.op('LeakyRelu', [up], { alpha: { float: 0.5 } });
  const saved = g.op('Add', [x0, product(g.op('Mul', [r, r]), 2 * D, D)]);
  const mixed = g.op('Add', [scaled(saved), scaled(x0)]);
  const [gate, values] = g.split(product(norm(mixed), D, 6 * D), 2, -1) as [string, string];
  const gated = g.op('Mul', [g.op('Mul', [gate, g.op('Sigmoid', [gate])]), values]);
  const next = g.op('Sub', [mixed, product(gated, 3 * D, D)]);
  return g.model(norm(g.op('Add', [next, scaled(saved)])), D, { opset: 23 });
}

const operators = operatorsOf('onnx-cpu', false, {});
const given = { precision: 'fp32', seqLen: T, operators } as const;
const ids = someIds(ROWS, T);
const rows = Array.from({ length: ROWS }, (_, r) => ids.slice(r * T, (r + 1) * T));
const batch = fullBatch(
  rows,
  rows.map((row) => row.map((id) => (id + 5) % VOCAB)),
);

test('the same nats, and the same bits with any number of threads', async () => {
  const { bytes, rewrites } = optimize(model(), given);
  const counts = Object.fromEntries(rewrites.map(({ name, count }) => [name, count]));
  expect(counts).toMatchObject({ 'sum-norm': 4, 'squared-relu': 1, swiglu: 1 });
  const nats = async (open: Promise<Awaited<ReturnType<typeof openEngine>>>) =>
    (await (await open).score(batch)).nats;
  const wanted = await nats(openEngine('onnx-js', model()));
  const own = await nats(openEngine('onnx-cpu', bytes, { rewritten: true }));
  for (const [k, each] of wanted.entries()) expect(Math.abs(own[k]! - each)).toBeLessThan(2e-5);
  const four = await nats(openEngine('onnx-cpu', bytes, { rewritten: true, threads: 4 }));
  expect(four).toEqual(own);
});

test('no session of a graph that was not rewritten knows them', async () => {
  const { bytes } = optimize(model(), given);
  for (const engine of ['onnx-cpu', 'onnx-js'] as const) {
    const error = await refusalOf(() => createEngine(engine, engineOptions(bytes)));
    expect(error.code).toBe('BPB_MODEL_LOAD');
  }
});

test('engines without the addon are given none', () => {
  for (const engine of ['onnx-js', 'tfjs'] as const)
    expect(operatorsOf(engine, false, {}).size).toBe(0);
});

test('the first sessions of a process may be opened at once, and collected garbage takes none', () => {
  const { bytes } = optimize(model(), given);
  const file = join(temporaryFolder(), 'sessions');
  const [rewritten, plain] = [engineOptions(bytes, { rewritten: true }), engineOptions(model())];
  writeFileSync(file, serialize({ rewritten, plain }));
  const program = fileURLToPath(new URL('../helpers/opening-sessions.mjs', import.meta.url));
  // The runtime's table of domains is the process's: only a new process has none of ours in it.
  for (let k = 0; k < PROCESSES; k++) {
    const args = ['--gc-global', program, file];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr, stdout]).toEqual([0, '', 'opened\n']);
  }
});
