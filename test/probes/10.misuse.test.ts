import { describe, expect, test } from 'vitest';
import { probe } from '#bpb/index';
import { onnxModel } from '#bpb/onnx/writer';
import { byteGraph, byteModel, meanOver, table } from '../helpers/byte-models.js';
import { bpb } from '../helpers/command.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

describe('wrong usage exits 2 and names the flag', () => {
  test.each([
    [['probe'], /artifact, --ledger/],
    [['probe', 'x.onnx', '--ledger', 'y.jsonl'], /artifact, --ledger/],
    [['probe', '--ledger', 'y.jsonl', '--seq-len', '8'], /--seq-len has no meaning with --ledger/],
    [['probe', '--ledger', 'y.jsonl', '--thorough'], /--thorough has no meaning with --ledger/],
    [['probe', 'x.onnx', '--seed', '-1'], /--seed/],
    [['probe', 'x.onnx', '--window', 'rolling'], /--window/],
    [['probe', 'x.onnx', '--engine', 'abacus'], /--engine/],
    [['probe', 'x.onnx', '--strictly'], /--strictly/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('refused as a score would be', () => {
  test('no such artifact', async () => {
    const error = await refusalOf(() => probe({ artifact: '/nowhere.onnx' }));
    expect(error).toMatchObject({ code: 'BPB_ARTIFACT_MISSING', kind: 'input' });
  });

  test.each([
    [{ tokenizer: undefined }, '--tokenizer'],
    [{ window: undefined }, '--window'],
    [{ seqLen: undefined }, '--seq-len'],
    [{ seqLen: 0 }, '--seq-len'],
    [{ workers: 0 }, '--workers'],
    [{ batchTokens: 0 }, '--batch-tokens'],
    [{ window: 'sliding' }, '--stride'],
  ] as const)('%j', async (over, path) => {
    const w = await scoreFixture();
    const options = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 32 } as const;
    const error = await refusalOf(() => probe({ artifact: w.model, ...options, ...over }));
    expect(error).toMatchObject({ kind: 'usage', path });
  });

  test('an abort before it begins', async () => {
    const w = await scoreFixture();
    const options = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 32 } as const;
    const error = await refusalOf(() =>
      probe({ artifact: w.model, ...options, signal: AbortSignal.abort() }),
    );
    expect(error.kind).toBe('interrupted');
  });
});

describe('the command', () => {
  const flags = (w: { model: string; docs: string }) => [
    ...['probe', w.model, '--tokenizer', 'byte260', '--docs', w.docs],
    ...['--window', 'document', '--seq-len', '32'],
  ];

  test('a good artifact: 0, one line a probe', async () => {
    const { code, stdout } = await bpb(...flags(await scoreFixture()));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\s+pass {2}table.onnx/);
    for (const name of ['causality', 'prefix', 'batch', 'repeat', 'order', 'documents', 'finite']) {
      expect(stdout).toMatch(new RegExp(`pass +${name} `));
    }
  });

  test('a bad one: 1, named; with --json one document', async () => {
    const values = new Float32Array(260 * 260);
    values.fill(Number.NaN, 101 * 260, 102 * 260);
    const { code, stdout } = await bpb(...flags(await scoreFixture({ table: values })), '--json');
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as { verdicts: { name: string; verdict: string }[] };
    expect(report).toMatchObject({ schema: 'bpb-probe/1', verdict: 'fail' });
    expect(report.verdicts.find(({ name }) => name === 'finite')).toMatchObject({
      verdict: 'fail',
      unit: 'rows',
      tolerance: 0,
    });
  });

  test('what a caller says of the ports is a note', async () => {
    const graph = byteGraph(table);
    const gain = { name: 'gain', type: 'float32', dims: [] } as const;
    const scaled = { op: 'Mul', inputs: ['logits', 'gain'], outputs: ['scaled'] };
    const output = { ...graph.outputs[0]!, name: 'scaled' };
    const model = onnxModel({
      ...graph,
      inputs: [...graph.inputs, gain],
      nodes: [...graph.nodes, scaled],
      outputs: [output],
    });
    const w = await scoreFixture({ model });
    const options = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 32 } as const;
    const input = { gain: { constant: 3 } };
    const { notes } = await probe({ artifact: w.model, ...options, input });
    expect(notes).toContain('probed as the caller or the manifest says: gain 3');
  });

  test('one seed gives one report', async () => {
    const w = await scoreFixture({ model: byteModel(meanOver(1, 1)) });
    const options = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 32 } as const;
    const runs = [1, 1, 2].map((seed) => probe({ artifact: w.model, ...options, seed }));
    const [one, same, other] = (await Promise.all(runs)).map(({ verdicts }) => verdicts);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});
