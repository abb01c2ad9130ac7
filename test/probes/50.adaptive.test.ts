import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GraphSpec, type NodeSpec, onnxModel } from '#bpb/onnx/writer';
import { type ProbeOptions, type ProbeReport, probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { type AdaptiveFixture, writeCounts, writeLag } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

async function probed(artifact: string, over: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  const w = await scoreFixture();
  return probe({ artifact, docs: w.docs, workers: 1, seed: 1, ...over });
}

const failed = ({ verdicts }: ProbeReport) =>
  verdicts.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
const named = ({ verdicts }: ProbeReport, name: string) =>
  verdicts.find((each) => each.name === name)!;

function counts(
  fixture: Parameters<typeof writeCounts>[1] = {},
  adapt?: (nodes: NodeSpec[]) => NodeSpec[],
): string {
  const folder = temporaryFolder();
  writeCounts(folder, { chunk: 16, ...fixture });
  if (adapt !== undefined) writeFileSync(join(folder, 'adapt.onnx'), onnxModel(adaptGraph(adapt)));
  return folder;
}

/** The graph that counts targets, its last node replaced. */
function adaptGraph(last: (nodes: NodeSpec[]) => NodeSpec[]): GraphSpec {
  const op = (name: string, inputs: string[], output: string, attributes = {}): NodeSpec => ({
    op: name,
    inputs,
    outputs: [output],
    attributes,
  });
  const shape = { type: 'float32', dims: ['batch', VOCABULARY] } as const;
  return {
    nodes: last([
      op('OneHot', ['targets', 'depth', 'off_on'], 'hot'),
      op('ReduceSum', ['hot', 'axis1'], 'sum', { keepdims: { int: 0 } }),
    ]),
    initializers: [
      { name: 'depth', type: 'int64', dims: [], data: BigInt64Array.of(BigInt(VOCABULARY)) },
      { name: 'off_on', type: 'float32', dims: [2], data: Float32Array.of(0, 1) },
      { name: 'axis1', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
      { name: 'axis0', type: 'int64', dims: [1], data: BigInt64Array.of(0n) },
      { name: 'little', type: 'float32', dims: [], data: Float32Array.of(1e-2) },
    ],
    inputs: [
      { name: 'targets', type: 'int64', dims: ['batch', 'time'] },
      { name: 'counts', ...shape },
    ],
    outputs: [{ name: 'counts_next', ...shape }],
  };
}

const node = (op: string, inputs: string[], output: string, attributes = {}): NodeSpec => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

describe('honest artifacts that carry state pass', () => {
  test.each<[string, AdaptiveFixture]>([
    ['of one chunk size', { chunk: 16 }],
    ['of another, with context', { chunk: 5, context: 7 }],
    ['in several steps', { chunk: 16, steps: 2 }],
  ])('counts of targets, %s', async (_, fixture) => {
    const report = await probed(counts(fixture));
    expect(failed(report)).toEqual([]);
    expect(named(report, 'documents').verdict).toBe('pass');
    expect(named(report, 'order').verdict).toBe('pass');
    expect(named(report, 'state')).toMatchObject({ verdict: 'pass', effect: 0 });
    expect(named(report, 'state').note).toMatch(/adapting moves nats by up to [0-9.]+/);
  });

  test('a recurrent one, without adaptation', async () => {
    const folder = temporaryFolder();
    writeLag(folder, { chunk: 8 });
    const report = await probed(folder);
    expect(failed(report)).toEqual([]);
    expect(named(report, 'state')).toMatchObject({ verdict: 'pass', note: null });
  });

  test.each(['document', 'chunk'] as const)(
    'a state that never resets, under %s windows: its reach is reported',
    async (window) => {
      const report = await probed(counts({ reset: 'never', window }));
      expect(failed(report)).toEqual([]);
      const { verdict, effect, note } = named(report, 'documents');
      expect(verdict).toBe('not_applicable');
      expect(effect).toBeGreaterThan(0.1);
      expect(note).toMatch(/carried from document to document: one moves targets up to \d+ after/);
      expect(named(report, 'batch').verdict).toBe('not_applicable');
      expect(named(report, 'order').verdict).toBe('not_applicable');
    },
  );

  test('on the JavaScript engine as on the native one', async () => {
    const report = await probed(counts(), { engine: 'onnx-js' });
    expect(report.engine!.name).toBe('onnx-js');
    expect(failed(report)).toEqual([]);
  });
});

describe('cheats of artifacts that carry state', () => {
  test('an adapt graph that takes up the documents beside: state', async () => {
    const artifact = counts({}, (nodes) => [
      ...nodes,
      node('ReduceMean', ['sum', 'axis0'], 'all', { keepdims: { int: 1 } }),
      node('Mul', ['all', 'little'], 'some'),
      node('Add', ['counts', 'sum'], 'own'),
      node('Add', ['own', 'some'], 'counts_next'),
    ]);
    const report = await probed(artifact);
    expect(failed(report)).toEqual(expect.arrayContaining(['batch', 'state']));
    expect(failed(report)).not.toContain('causality');
    expect(named(report, 'state').note).toMatch(/documents beside it/);
  });

  test('a score graph that sees the end of its chunk: causality', async () => {
    const artifact = counts();
    // The last input of the chunk, whichever it is, made a little likelier all along.
    const tail = [
      node('Slice', ['input_ids', 'last', 'end', 'axis1'], 'final'),
      node('OneHot', ['final', 'depth', 'off_little'], 'hint'),
      node('Unsqueeze', ['counts', 'axis1'], 'rows'),
      node('Add', ['rows', 'one'], 'smoothed'),
      node('Log', ['smoothed'], 'base'),
      node('Add', ['base', 'hint'], 'hinted'),
      node('Unsqueeze', ['input_ids', 'axis2'], 'column'),
      node('Cast', ['column'], 'floats', { to: { int: 1 } }),
      node('Mul', ['floats', 'zero'], 'zeros'),
      node('Add', ['hinted', 'zeros'], 'logits'),
    ];
    const int = (name: string, value: number, dims: number[] = [1]) =>
      ({ name, type: 'int64', dims, data: BigInt64Array.of(BigInt(value)) }) as const;
    const float = (name: string, values: number[], dims: number[]) =>
      ({ name, type: 'float32', dims, data: Float32Array.from(values) }) as const;
    const model = onnxModel({
      nodes: tail,
      initializers: [
        ...[int('last', -1), int('end', 2 ** 31), int('axis1', 1), int('axis2', 2)],
        ...[int('depth', VOCABULARY, []), float('off_little', [0, 1e-3], [2])],
        ...[float('one', [1], []), float('zero', [0], [])],
      ],
      inputs: [
        { name: 'input_ids', type: 'int64', dims: ['batch', 'time'] },
        { name: 'counts', type: 'float32', dims: ['batch', VOCABULARY] },
      ],
      outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'time', VOCABULARY] }],
    });
    writeFileSync(join(artifact, 'model.onnx'), model);
    const report = await probed(artifact);
    expect(failed(report)).toContain('causality');
    expect(named(report, 'causality').note).toMatch(/position/);
  });

  test('an adapt graph that changes nothing: state', async () => {
    const report = await probed(
      counts({}, (nodes) => [...nodes, node('Identity', ['counts'], 'counts_next')]),
    );
    expect(failed(report)).toEqual(['state']);
    expect(named(report, 'state').note).toMatch(/changes nothing/);
  });

  test('an adapt graph of chance: graph and repeat', async () => {
    const artifact = counts({}, (nodes) => [
      ...nodes,
      node('RandomUniformLike', ['counts'], 'random'),
      node('Add', ['counts', 'random'], 'counts_next'),
    ]);
    const report = await probed(artifact);
    expect(failed(report)).toEqual(expect.arrayContaining(['graph', 'repeat']));
    expect(named(report, 'graph').note).toMatch(/RandomUniformLike/);
  });

  test('initial values that hold the data: graph', async () => {
    const { ids } = await scoreFixture();
    const init = Float32Array.from({ length: VOCABULARY }, (_, k) => ids[300 + k]!);
    const report = await probed(counts({ init }));
    expect(failed(report)).toEqual(['graph']);
    expect(named(report, 'graph').note).toMatch(/`counts` holds 26\d tokens/);
  });

  test('NaN from the first chunk on: finite', async () => {
    const init = new Float32Array(VOCABULARY).fill(Number.NaN);
    const report = await probed(counts({ init }));
    expect(failed(report)).toEqual(expect.arrayContaining(['finite']));
    expect(named(report, 'finite').note).toMatch(/no distribution/);
  });
});

test('score --strict probes them too', async () => {
  const w = await scoreFixture();
  const artifact = counts({}, (nodes) => [...nodes, node('Identity', ['counts'], 'counts_next')]);
  const result = await score({ artifact, docs: w.docs, strict: true, seed: 1 });
  expect(result.score.val_bpb).toBeNull();
  expect(result.score.val_loss).toBeGreaterThan(0);
  expect(result.probes!.find(({ name }) => name === 'state')!.verdict).toBe('fail');
});
