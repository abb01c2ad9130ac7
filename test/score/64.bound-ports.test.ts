/**
 * Scores of models as exporters write them: equal to a plain graph of the same weights, by every way
 * to name what is bound.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '#bpb/artifact/size';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { byteGraph, table } from '../helpers/byte-models.js';
import { bpb } from '../helpers/command.js';
import { fileFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture, seededTexts } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

const WINDOW = { window: 'chunk', seqLen: 32, tail: 'score' } as const;
const B = 'batch';
const T = 'time';

type PortSpec = GraphSpec['inputs'][number];

/** The table model, times each of its inputs: with ones it is the plain one. */
function model(inputs: readonly PortSpec[], change: Partial<GraphSpec> = {}): Uint8Array {
  const graph = byteGraph((g: GraphBuilder) =>
    inputs.reduce((x, { name, dims }) => {
      const factor = g.op('Cast', [name], { to: { int: 1 } });
      return g.op('Mul', [x, dims.length === 2 ? g.reshape(factor, [0, -1, 1]) : factor]);
    }, table(g)),
  );
  return onnxModel({ ...graph, inputs: [...graph.inputs, ...inputs], ...change });
}

const folder = fileFolder();
let fixture: ScoreFixture;
let plain: Awaited<ReturnType<typeof score>>;

beforeAll(async () => {
  fixture = await scoreFixture({ texts: seededTexts(12), folder });
  plain = await scored('plain.onnx', model([]));
});

function asked(path: string, over: Partial<ScoreOptions> = {}): ScoreOptions {
  return { artifact: path, docs: fixture.docs, tokenizer: 'byte260', ...WINDOW, ...over };
}

function scored(name: string, bytes: Uint8Array, over: Partial<ScoreOptions> = {}) {
  const path = join(fixture.folder, name);
  writeFileSync(path, bytes);
  return score(asked(path, over));
}

const MASK: PortSpec = { name: 'attention_mask', type: 'int64', dims: [B, T] };
const ODD: PortSpec = { name: 'gain', type: 'float32', dims: [B, T] };

describe('a plain model', () => {
  test('names its ports, and binds nothing', () => {
    const { engine } = plain;
    expect(engine).toMatchObject({ tokens_input: 'input_ids', logits_output: 'logits' });
    expect(engine).toMatchObject({ inputs: {}, logits_are: 'logits' });
  });
});

describe('a model with a mask', () => {
  test.each<[string, Partial<ScoreOptions>]>([
    ['onnx-cpu', { engine: 'onnx-cpu' }],
    ['onnx-js', { engine: 'onnx-js' }],
    ['optimized', { optimize: true }],
    ['sliding', { window: 'sliding', stride: 8 }],
  ])('is scored as the plain one: %s', async (_, over) => {
    const bytes = model([MASK]);
    const result = await scored('mask.onnx', bytes, over);
    const base = await score(asked(join(folder, 'plain.onnx'), over));
    expect(result.totals.nats_q30).toBe(base.totals.nats_q30);
    expect(result.verification.verdict).toBe('pass');
    expect(result.engine.inputs).toEqual({ attention_mask: { kind: 'ones', by: 'name' } });
    expect(result.artifact.model_sha256).toBe(sha256(bytes));
  });

  test('passes every probe', async () => {
    const path = join(fixture.folder, 'mask.onnx');
    writeFileSync(path, model([MASK]));
    const { docs } = fixture;
    const report = await probe({
      artifact: path,
      docs,
      tokenizer: 'byte260',
      window: 'chunk',
      seqLen: 32,
    });
    expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  });
});

describe('an input of an unknown name', () => {
  test('is refused by score and by probe, with the flag', async () => {
    const path = join(fixture.folder, 'odd.onnx');
    writeFileSync(path, model([ODD]));
    for (const command of ['score', 'probe']) {
      const { code, stderr } = await bpb(
        command,
        ...[path, '--docs', fixture.docs, '--tokenizer', 'byte260'],
        ...['--window', 'chunk', '--seq-len', '32'],
      );
      expect(code).toBe(3);
      expect(stderr.replace(/\s+/g, ' ')).toContain('--input gain=zeros');
    }
  });

  test('is given what the caller says', async () => {
    const result = await scored('odd.onnx', model([ODD]), { input: { gain: 'ones' } });
    expect(result.totals.nats_q30).toBe(plain.totals.nats_q30);
    expect(result.engine.inputs).toEqual({ gain: { kind: 'ones', by: 'caller' } });
    const double = await scored('odd.onnx', model([ODD]), { input: { 'g*': { constant: 2 } } });
    expect(double.totals.nats_q30).not.toBe(plain.totals.nats_q30);
    expect(double.engine.inputs).toEqual({ gain: { kind: { constant: 2 }, by: 'caller' } });
    expect(double.identity.score).toBe(result.identity.score);
    expect(double.identity.bits).not.toBe(result.identity.bits);
  });

  test('is given what the manifest says, unless the caller says otherwise', async () => {
    const path = join(folder, 'artifact');
    mkdirSync(path);
    writeFileSync(join(path, 'model.onnx'), model([ODD]));
    const manifest = {
      format: 'bpb-artifact/1',
      name: 'odd',
      model: { path: 'model.onnx', inputs: { 'ga*': { constant: 2 } } },
      tokenizer: { kind: 'byte260' },
      counted: ['model.onnx'],
    };
    writeFileSync(join(path, 'artifact.json'), JSON.stringify(manifest));
    const own = await score(asked(path));
    expect(own.engine.inputs).toEqual({ gain: { kind: { constant: 2 }, by: 'manifest' } });
    expect(own.totals.nats_q30).not.toBe(plain.totals.nats_q30);
    const other = await score(asked(path, { input: { gain: 'ones' } }));
    expect(other.totals.nats_q30).toBe(plain.totals.nats_q30);
  });

  test.each([
    ['gain', /NAME=ones\|zeros/],
    ['gain=two', /NAME=ones\|zeros/],
    ['=ones', /NAME=ones\|zeros/],
    ['nothing=ones', /no input "nothing"/],
    ['gain=length', /does not fit the input "gain"/],
  ])('--input %s is refused', async (text, message) => {
    const path = join(fixture.folder, 'odd.onnx');
    writeFileSync(path, model([ODD]));
    const { code, stderr } = await bpb(
      'score',
      ...[path, '--docs', fixture.docs, '--tokenizer', 'byte260', '--input', text],
      ...['--window', 'chunk', '--seq-len', '32'],
    );
    expect([2, 3]).toContain(code);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(message);
  });
});

describe('ports of other names, shapes and types', () => {
  const renamed = (change: (graph: GraphSpec) => GraphSpec) => onnxModel(change(byteGraph(table)));

  test('names that leave no doubt are taken, and said', async () => {
    const bytes = renamed((graph) => ({
      ...graph,
      nodes: [
        { op: 'Identity', inputs: ['x'], outputs: ['input_ids'] },
        ...graph.nodes,
        { op: 'Identity', inputs: ['logits'], outputs: ['341'] },
      ],
      inputs: [{ ...graph.inputs[0]!, name: 'x' }],
      outputs: [{ ...graph.outputs[0]!, name: '341' }],
    }));
    const result = await scored('names.onnx', bytes);
    expect(result.totals.nats_q30).toBe(plain.totals.nats_q30);
    expect(result.engine).toMatchObject({ tokens_input: 'x', logits_output: '341' });
    expect(result.notes.join(' ')).toMatch(/`x` was taken for the token ids.*`341` was taken/);
  });

  test('logits of the last position are called that, where only a run shows it', async () => {
    const bytes = renamed((graph) => ({
      ...graph,
      nodes: [...graph.nodes, { op: 'ReduceMean', inputs: ['logits', 'axes'], outputs: ['end'] }],
      initializers: [
        ...graph.initializers!,
        { name: 'axes', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
      ],
      opset: 18,
      outputs: [{ name: 'end', type: 'float32', dims: ['?', '?', '?'] }],
    }));
    for (const engine of ['onnx-cpu', 'onnx-js'] as const) {
      const error = await refusalOf(() => scored('last.onnx', bytes, { engine }));
      expect(error.code).toBe('BPB_MODEL_OUTPUT');
      expect(error.message).toMatch(/logits of the last position alone/);
    }
  });
});

const extra = sharedCase('decoder-extra-inputs/optimum.onnx');
const stream = sharedCase('decoder-extra-inputs/v.bin');

test.skipIf(extra === null || stream === null)(
  'an export of optimum: its known score',
  async () => {
    const options = { tokenizer: 'byte260', data: [stream!], window: 'chunk', seqLen: 64 } as const;
    const { score: figures, engine } = await score({ artifact: extra!, ...options });
    expect(Math.abs(figures.val_bpb! - 9.36782695)).toBeLessThan(1e-7);
    expect(Object.keys(engine.inputs)).toEqual(['attention_mask', 'position_ids']);
  },
);

const probabilities = sharedCase('probs-as-logits/bi_prob.onnx');
const shard = sharedCase('probs-as-logits/fineweb_val_000000.bin');

test.skipIf(probabilities === null || shard === null)(
  'probabilities: their known score',
  async () => {
    const options = { tokenizer: 'byte260', data: [shard!], window: 'chunk', seqLen: 64 } as const;
    const named = { ...options, logitsAre: 'probabilities' } as const;
    const { score: figures, engine } = await score({ artifact: probabilities!, ...named });
    expect(Math.abs(figures.val_bpb! - 1.566604193)).toBeLessThan(1e-7);
    expect(engine.logits_are).toBe('probabilities');
  },
);
