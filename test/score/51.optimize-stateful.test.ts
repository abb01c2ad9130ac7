/** `--optimize` of artifacts that carry state: both graphs rewritten, proved on whole sequences. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { onnxModel } from '#bpb/onnx/writer';
import { ScorePool } from '#bpb/run/pool';
import { workerSetup } from '#bpb/run/worker-setup';
import { proveRun } from '#bpb/score/optimize-run';
import { provedSample } from '#bpb/score/sampled';
import { score } from '#bpb/score/score';
import { shared } from '#bpb/shared-memory';
import { scoredOf } from '#bpb/windows/plan';
import { writeCounts, writeLag } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';

const written = (write: (folder: string) => void): string => {
  const folder = temporaryFolder();
  write(folder);
  return folder;
};

/** Two updates where one belongs: `counts` and twice the chunk's targets. */
function wrongAdapt(): Uint8Array {
  const counts = (name: string) =>
    ({ name, type: 'float32', dims: ['batch', VOCABULARY] }) as const;
  return onnxModel({
    nodes: [
      { op: 'OneHot', inputs: ['targets', 'depth', 'off_on'], outputs: ['hot'] },
      {
        op: 'ReduceSum',
        inputs: ['hot', 'axis1'],
        outputs: ['sum'],
        attributes: { keepdims: { int: 0 } },
      },
      { op: 'Add', inputs: ['counts', 'sum'], outputs: ['counts_next'] },
    ],
    initializers: [
      { name: 'depth', type: 'int64', dims: [], data: BigInt64Array.of(BigInt(VOCABULARY)) },
      { name: 'off_on', type: 'float32', dims: [2], data: Float32Array.of(0, 2) },
      { name: 'axis1', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
    ],
    inputs: [{ name: 'targets', type: 'int64', dims: ['batch', 'chunk'] }, counts('counts')],
    outputs: [counts('counts_next')],
  });
}

/** What proves a run whose workers used that adapt graph in the place of the artifact's own. */
async function proofOf(adaptModel: Uint8Array | null) {
  const { docs } = await scoreFixture({ texts: seededTexts(4) });
  const artifact = written((folder) => writeCounts(folder, { chunk: 8 }));
  const options: ScoreOptions = { artifact, docs, workers: 1, device: 'cpu' };
  const evaluation = await openEvaluation(options, 'plan');
  const { workload, placement } = evaluation;
  const setup = workerSetup(evaluation, options);
  const adaptive = setup.adaptive!;
  const adapt = adaptive.adapt!;
  const used = adaptModel ? { ...adapt, bytes: shared(adaptModel) } : adapt;
  const rewritten = {
    precision: 'fp32',
    sha256: '0',
    seconds: 0,
    options: setup.options,
    adapt: null,
    optimized: { rewrites: [], untouched: [], softcap: null, scoredInput: null, logits: 'fp32' },
  } as const;
  const sample = provedSample(workload, adaptive, rewritten, 1);
  const pool = new ScorePool({ ...setup, adaptive: { ...adaptive, adapt: used } }, 1);
  const kept = new Map<number, Float32Array>();
  try {
    const { info } = await pool.open();
    for (const group of sample.groups) {
      const { nats } = await pool.score(group, true);
      let at = 0;
      for (const row of group) {
        const end = at + scoredOf(workload.plan, row);
        kept.set(row, nats!.slice(at, end));
        at = end;
      }
    }
    return await proveRun({ setup, placement, info, rewritten, sample, kept, seed: 1, options });
  } finally {
    await pool.close();
  }
}

describe('a wrong rewrite', () => {
  test('of the adapt graph fails the proof; the first chunk alone would not show it', async () => {
    const wrong = await proofOf(wrongAdapt());
    expect(wrong).toMatchObject({ verdict: 'fail', proved_on: 'documents', documents: 4 });
    const right = await proofOf(null);
    expect(right).toMatchObject({ verdict: 'pass', mean_abs_nats: 0, documents: 4 });
    expect(right.rows).toBe(wrong.rows);
  });
});

describe('graphs that mean no good', () => {
  const state = (name: string) => ({ name, type: 'float32', dims: ['batch', 4] }) as const;
  const ids = { name: 'input_ids', type: 'int64', dims: ['batch', 'time'] } as const;
  const logits = { name: 'logits', type: 'float32', dims: ['batch', 'time', 4] } as const;
  const carried = { inputs: new Map([['s', [4]]]), outputs: new Set(['s_next', 't_next']) };
  const table = {
    name: 'table',
    type: 'float32',
    dims: [4, 4],
    data: Float32Array.from({ length: 16 }, (_, k) => k),
  } as const;
  const given = { precision: 'fp16', seqLen: null, carried } as const;
  const names = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

  test('a state with a value of its own in the file', async () => {
    const model = onnxModel({
      nodes: [
        { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] },
        { op: 'Identity', inputs: ['s'], outputs: ['s_next'] },
      ],
      initializers: [
        table,
        { name: 's', type: 'float32', dims: [1, 4], data: new Float32Array(4) },
      ],
      inputs: [ids, state('s')],
      outputs: [logits, state('s_next')],
    });
    const error = await refusalOf(async () => optimize(model, given));
    expect(error).toMatchObject({ code: 'BPB_OPTIMIZE', exitCode: 3 });
    expect(error.actual).toContain('"s"');
  });

  test('outputs that are one value, or an input: all stay, in the type that they declare', () => {
    const model = onnxModel({
      nodes: [
        { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] },
        { op: 'Identity', inputs: ['s'], outputs: ['s_next'] },
        { op: 'Identity', inputs: ['s'], outputs: ['t_next'] },
      ],
      initializers: [table],
      inputs: [ids, state('s')],
      outputs: [logits, state('s_next'), state('t_next')],
    });
    const { bytes, rewrites } = optimize(model, given);
    for (const name of ['s_next', 't_next', 'input_ids']) expect(names(bytes)).toContain(name);
    expect(rewrites).toContainEqual({ name: 'half-precision-weights', count: 1 });
  });

  test('a sum from state to state keeps fp32; what only leaves as state does not, and is cast', () => {
    const model = onnxModel({
      nodes: [
        { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] },
        { op: 'Add', inputs: ['s', 's'], outputs: ['s_next'] },
        { op: 'MatMul', inputs: ['logits', 'table'], outputs: ['t_next'] },
      ],
      initializers: [table],
      inputs: [ids, state('s')],
      outputs: [logits, state('s_next'), { ...logits, name: 't_next' }],
    });
    const { bytes, untouched } = optimize(model, given);
    const graph = OnnxGraph.parse(bytes, 'm');
    expect(untouched).toEqual(['fp16: left in fp32: 1 Add']);
    const types = graph.ports('output').map(({ name, elementType }) => [name, elementType]);
    expect(types).toEqual([
      ['logits', 10],
      ['s_next', 1],
      ['t_next', 1],
    ]);
    const maker = graph.nodes.find(({ outputs }) => outputs.includes('t_next'))!;
    expect(maker.op).toBe('Cast');
    // Exporters name nodes by their outputs: the product may be called that.
    expect(maker.name).not.toBe('t_next');
  });

  test('a softcap on logits that the next state is made of stays in the graph', () => {
    const scalar = (name: string) =>
      ({ name, type: 'float32', dims: [], data: Float32Array.of(5) }) as const;
    const model = (next: string) =>
      onnxModel({
        nodes: [
          { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['z'] },
          { op: 'Div', inputs: ['z', 'c'], outputs: ['small'] },
          { op: 'Tanh', inputs: ['small'], outputs: ['bent'] },
          { op: 'Mul', inputs: ['bent', 'd'], outputs: ['logits'] },
          {
            op: 'ReduceMean',
            inputs: [next, 'one'],
            outputs: ['s_next'],
            attributes: { keepdims: { int: 0 } },
          },
        ],
        initializers: [
          table,
          scalar('c'),
          scalar('d'),
          { name: 'one', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
        ],
        inputs: [ids, state('s')],
        outputs: [logits, state('s_next')],
      });
    const lifted = (next: string) =>
      optimize(model(next), { ...given, precision: 'fp32', liftSoftcap: true }).softcap;
    expect(lifted('logits')).toBeNull();
    expect(lifted('z')).toBe(5);
  });
});

describe('a run', () => {
  const cases: readonly (readonly [string, (folder: string) => void, 'documents' | 'prefix'])[] = [
    ['an adapt graph', (f) => writeCounts(f, { chunk: 8, steps: 2 }), 'documents'],
    [
      'state alone, time fixed and the last chunks padded',
      (f) => writeLag(f, { chunk: 8 }),
      'documents',
    ],
    ['a context, time open', (f) => writeCounts(f, { chunk: 8, context: 16 }), 'documents'],
    ['one pass', (f) => writeLag(f, { chunk: 9, reset: 'never' }), 'prefix'],
    [
      'one pass that adapts',
      (f) => writeCounts(f, { chunk: 9, reset: 'never', window: 'chunk' }),
      'prefix',
    ],
  ];
  test.each(cases)('%s: the same score, proved', async (_, write, kind) => {
    const { docs } = await scoreFixture({ texts: seededTexts(6) });
    const artifact = written(write);
    const common = { artifact, docs, workers: 1, device: 'cpu' } as const;
    const plain = await score(common);
    const result = await score({ ...common, optimize: true });
    const { optimization: o, totals } = result;
    expect(o).toMatchObject({ verdict: 'pass', proved_on: kind, precision: 'fp32' });
    // All there is: fewer than a proof asks for.
    expect(o!.targets).toBe(totals.targets);
    expect(o!.documents).toBe(kind === 'documents' ? 6 : null);
    expect(result.verification.verdict).toBe('pass');
    expect(o!.adapt_sha256 === null).toBe(result.adaptive!.adaptations === 0);
    expect(Math.abs(totals.nats - plain.totals.nats) / totals.targets).toBeLessThan(1e-6);
    expect(result.identity.bits).not.toBe(plain.identity.bits);
    expect(result.identity.score).toBe(plain.identity.score);
  });

  test.each(['recurrent', 'bias', 'head-lora', 'attention-lora'])(
    'models/sotu-%s in fp32',
    async (name) => {
      const docs = join(temporaryFolder(), 'docs.jsonl');
      const text = 'My fellow Americans, the state of our union is strong. '.repeat(10);
      writeFileSync(
        docs,
        [text, text.slice(0, 250)].map((t) => JSON.stringify({ text: t })).join('\n'),
      );
      const artifact = `models/sotu-${name}`;
      const result = await score({ artifact, docs, optimize: true, verifyRows: 0, device: 'cpu' });
      expect(result.optimization).toMatchObject({ verdict: 'pass', documents: 2 });
      expect(Math.abs(result.optimization!.mean_nats_difference!)).toBeLessThan(1e-6);
      expect(result.adaptive!.adaptations > 0).toBe(name !== 'recurrent');
    },
  );
});
