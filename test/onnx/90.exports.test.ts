/** What PyTorch's two exporters make of small models: rewritten where it must be, equal throughout. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import type { OwnOperator } from '#bpb/onnx/optimize/own-operators';
import { expanded } from '../helpers/expand-operators.js';
import { largestDifference, runLogits, someIds } from '../helpers/graph-builder.js';
import { checked, TOLERANCE_LOGIT } from '../helpers/optimized.js';
import { pythonWith } from '../helpers/python.js';

const python = pythonWith('torch', 'onnx', 'onnxscript');

/** As in test/oracles/onnx_exports.py. */
const [VOCAB, T, ROWS, LAYERS] = [64, 16, 3, 2];

/** Most of the time goes into making the exports: each model and each exporter here, all pairs with the long tests. */
const long = process.env['BPB_TEST_LONG'] !== undefined;
const withLong = (names: readonly string[], more: readonly string[]) =>
  long ? [...names, ...more] : names;
const CAUSAL = withLong(
  [
    'baseline-dynamo18',
    'llama-script14',
    'nano-dynamo23',
    'interleaved-script18',
    'triu-script18',
    'added-dynamo23',
  ],
  [
    'baseline-dynamo23',
    'baseline-script18',
    'llama-dynamo18',
    'nano-script14',
    'interleaved-dynamo18',
    'added-script18',
  ],
);
const OPERATORS: ReadonlySet<OwnOperator> = new Set(['SumNorm', 'SquaredRelu', 'SwiGlu']);
const OTHER = withLong(
  ['bidirectional-dynamo23', 'capped-dynamo18', 'window-script18'],
  ['window-dynamo18'],
);

describe.skipIf(python === undefined)('exports of PyTorch (needs torch, onnx, onnxscript)', () => {
  let folder: string;
  const load = (name: string) => readFileSync(join(folder, `${name}.onnx`));
  const options = { seqLen: T, rows: ROWS, vocab: VOCAB };

  beforeAll(() => {
    // A folder of exports made before, for those who change the pass and not the exporters.
    folder = process.env['BPB_TEST_EXPORTS'] ?? mkdtempSync(join(tmpdir(), 'bpb-exports-'));
    const missing = [...CAUSAL, ...OTHER].filter((n) => !existsSync(join(folder, `${n}.onnx`)));
    if (missing.length === 0) return;
    const script = fileURLToPath(new URL('../oracles/onnx_exports.py', import.meta.url));
    const run = spawnSync(python!, [script, folder, ...missing], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
  }, 900_000);

  afterAll(() => {
    if (process.env['BPB_TEST_EXPORTS'] === undefined)
      rmSync(folder, { recursive: true, force: true });
  });

  test.each([...CAUSAL, ...OTHER])('%s: untouched, it is the same to the byte', (name) => {
    const bytes = load(name);
    expect(bytes.equals(OnnxGraph.parse(bytes, name).serialize())).toBe(true);
  });

  test.each(CAUSAL)('%s: attention, norms and rotations are all fused', async (name) => {
    const model = load(name);
    const norms = name.startsWith('llama') ? 3 * LAYERS : 5 * LAYERS;
    const all = { 'rotary-embedding': 2 * LAYERS, 'rms-norm': norms };
    const fp32 = await checked(model, { ...options, precision: 'fp32' });
    expect(fp32.counts).toMatchObject({ ...all, attention: LAYERS });
    expect(fp32.untouched).toEqual([]);
    const fp16 = await checked(model, { ...options, precision: 'fp16', liftSoftcap: true });
    expect(fp16.counts).toMatchObject({ ...all, attention: LAYERS });
    expect(fp16).toMatchObject({ softcap: 30, logits: 'fp16', untouched: [] });
    const open = await checked(model, { ...options, batch: undefined, attention: 'gqa' });
    expect(open.counts).toMatchObject({ ...all, 'group-query-attention': LAYERS });
  });

  test.each([...CAUSAL, ...OTHER])('%s: the same with operators of our own', async (name) => {
    for (const precision of ['fp32', 'fp16'] as const) {
      for (const attention of ['standard', 'kept'] as const) {
        const given = { ...options, precision, attention, operators: OPERATORS };
        const { bytes, counts } = await checked(load(name), given);
        const left = OnnxGraph.parse(bytes, name).nodes.filter(
          ({ op, domain }) => domain !== 'bpb' && /^Sigmoid|Relu|LayerNorm|RMSNorm/.test(op),
        );
        expect(left).toEqual([]);
        // Before attention, before the MLP, and before the head; heads' norms are more.
        expect(counts['sum-norm']).toBeGreaterThanOrEqual(2 * LAYERS + 1);
      }
    }
  });

  test.each(CAUSAL)('%s: heads are split, normed and rotated in one', async (name) => {
    for (const attention of ['standard', 'causal'] as const) {
      const operators = new Set([...OPERATORS, 'SplitNormRotary'] as const);
      const { counts, bytes, untouched } = await checked(load(name), {
        ...options,
        attention,
        operators,
      });
      expect(counts['split-norm-rotary']).toBe(LAYERS);
      const { nodes } = OnnxGraph.parse(bytes, name);
      expect(
        nodes.filter(({ op }) => /^(RotaryEmbedding|Split|Slice|Transpose)$/.test(op)),
      ).toEqual([]);
      expect(untouched).toEqual([]);
    }
  });

  test.each(CAUSAL)('%s: nothing is left of shapes and masks', (name) => {
    const { bytes } = optimize(load(name), { precision: 'fp16', seqLen: T, batch: ROWS });
    const operators = new Set(OnnxGraph.parse(bytes, name).nodes.map(({ op }) => op));
    for (const op of ['Shape', 'Range', 'Where', 'Trilu', 'Cast', 'Expand', 'Softmax']) {
      expect(operators).not.toContain(op);
    }
  });

  test.each(CAUSAL)('%s: logits of scored positions alone', async (name) => {
    const model = load(name);
    const given = { precision: 'fp32', seqLen: T, scoredPositions: true } as const;
    const ids = someIds(ROWS, T, VOCAB);
    const all = await runLogits(model, ids, ROWS);
    const scored = [47, 5, 16, 30];
    const wanted = scored.flatMap((p) => [...all.subarray(p * VOCAB, (p + 1) * VOCAB)]);
    const every = new Set([...OPERATORS, 'SplitNormRotary'] as const);
    for (const [operators, attention] of [
      [new Set<OwnOperator>(), 'standard'],
      [OPERATORS, 'standard'],
      [every, 'standard'],
      [every, 'causal'],
    ] as const) {
      const { bytes, scoredInput } = optimize(model, { ...given, operators, attention });
      expect(scoredInput).toBe('scored_positions');
      const some = await runLogits(expanded(bytes), ids, ROWS, scored);
      expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
    }
  });

  test.each(OTHER)('%s: its attention is left, and the rest equal', async (name) => {
    for (const precision of ['fp32', 'fp16'] as const) {
      const { counts, untouched } = await checked(load(name), { ...options, precision });
      expect(counts['attention']).toBeUndefined();
      // Said once for all layers.
      const [reason, ...more] = untouched.filter((each) => each.startsWith('attention'));
      expect(reason).toContain(` and ${LAYERS - 1} more: `);
      expect(more).toEqual([]);
    }
  });
});
