import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { score } from '#bpb/score/score';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableGraph, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const refused = async (w: ScoreFixture, over: Partial<ScoreOptions> = {}) =>
  refusalOf(() =>
    score({
      artifact: w.model,
      docs: w.docs,
      tokenizer: 'byte260',
      window: 'chunk',
      seqLen: 32,
      verifyRows: 0,
      ...over,
    }),
  );

describe('models', () => {
  const table = normals(VOCABULARY ** 2, 1, 2);
  const graph = tableGraph(table, VOCABULARY);
  const input = graph.inputs[0]!;
  const output = graph.outputs[0]!;
  const extra: GraphSpec = {
    ...graph,
    inputs: [input, { name: 'state', type: 'float32', dims: [1] }],
  };
  const string = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n');

  test.each([
    ['an empty file', new Uint8Array(0), 'BPB_MODEL_NOT_ONNX'],
    ['one byte', Uint8Array.of(8), 'BPB_MODEL_NOT_ONNX'],
    ['an LFS pointer', string, 'BPB_MODEL_NOT_ONNX'],
    ['a page of HTML', Buffer.from('<!DOCTYPE html><html></html>'), 'BPB_MODEL_NOT_ONNX'],
    ['a gzip without its extension', gzipSync(tableModel(table, VOCABULARY)), 'BPB_MODEL_NOT_ONNX'],
    ['a model cut short', tableModel(table, VOCABULARY).subarray(0, 100_000), 'BPB_MODEL_NOT_ONNX'],
    ['a mask alone', tableModel(table, VOCABULARY, { inputName: 'input_mask' }), 'BPB_MODEL_INPUT'],
    [
      'hidden states alone',
      tableModel(table, VOCABULARY, { outputName: 'hidden_states' }),
      'BPB_MODEL_OUTPUT',
    ],
    ['an input that nobody fills', onnxModel(extra), 'BPB_MODEL_INPUT'],
    ['a vocabulary narrower than the tokenizer', tableModel(table, 130), 'BPB_MODEL_VOCABULARY'],
    [
      'logits of rank 2',
      onnxModel({
        ...graph,
        nodes: [
          { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['g'] },
          {
            op: 'ReduceSum',
            inputs: ['g', 'axis'],
            outputs: ['logits'],
            attributes: { keepdims: { int: 0 } },
          },
        ],
        initializers: [
          ...graph.initializers!,
          { name: 'axis', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
        ],
        outputs: [{ ...output, dims: ['batch', VOCABULARY] }],
      }),
      'BPB_MODEL_OUTPUT',
    ],
    [
      'ids of a type that is no id',
      onnxModel({ ...graph, inputs: [{ ...input, type: 'float32' }] }),
      undefined,
    ],
  ] as const)('%s', async (_, bytes, code) => {
    const w = await scoreFixture();
    writeFileSync(w.model, bytes);
    const error = await refused(w);
    expect(error).toMatchObject({ kind: 'input', path: w.model });
    if (code !== undefined) expect(error.code).toBe(code);
    expect(error.expected ?? error.actual).toBeTruthy();
  });

  test('NaN logits: refused, naming the first row and its place in the stream', async () => {
    const w = await scoreFixture();
    const poisoned = table.slice();
    const id = w.ids.lastIndexOf(1);
    // Only the id at stream position `at` gives NaN, and it occurs once.
    const rare = w.ids.findIndex(
      (x, i) => i > 60 && w.ids.indexOf(x) === i && w.ids.lastIndexOf(x) === i,
    );
    const at = rare === -1 ? id : rare;
    poisoned.fill(Number.NaN, w.ids[at]! * VOCABULARY, (w.ids[at]! + 1) * VOCABULARY);
    writeFileSync(w.model, tableModel(poisoned, VOCABULARY));
    const first = w.ids.indexOf(w.ids[at]!);
    const error = await refused(w, { workers: 2, threads: 1, batchTokens: 32 });
    expect(error.code).toBe('BPB_NAN_LOGITS');
    expect(error.message).toContain(
      `row ${Math.floor(first / 32)} of the plan, stream position ${first},`,
    );
  });
});

describe('data', () => {
  test('a shard cut short', async () => {
    const w = await scoreFixture();
    const shard = join(w.folder, 'fineweb_val_000001.bin');
    await writeShard(shard, w.ids);
    const { readFileSync } = await import('node:fs');
    writeFileSync(shard, readFileSync(shard).subarray(0, -3));
    expect(await refused(w, { data: [w.shards], docs: undefined })).toMatchObject({
      kind: 'input',
      path: shard,
    });
  });

  test('an id beyond the vocabulary, saying where', async () => {
    const w = await scoreFixture();
    const shard = join(w.folder, 'fineweb_val_000001.bin');
    await writeShard(shard, [1, 5, 260]);
    const error = await refused(w, { data: [w.shards], docs: undefined });
    expect(error).toMatchObject({ code: 'BPB_TOKEN_ID', path: shard });
    expect(error.actual).toMatch(/260 at token 2/);
  });

  test('documents that are not those of the shards', async () => {
    const w = await scoreFixture();
    const swapped = [...w.texts];
    [swapped[10], swapped[11]] = [swapped[11]!, swapped[10]!];
    writeFileSync(w.docs, swapped.map((text) => `${JSON.stringify({ text })}\n`).join(''));
    const error = await refused(w, { data: [w.shards] });
    expect(error).toMatchObject({ kind: 'input', path: w.docs });
    expect(error.message).toMatch(/10/);
  });

  test('a row longer than the stream', async () => {
    const w = await scoreFixture();
    expect(await refused(w, { seqLen: 1_000_000 })).toMatchObject({ code: 'BPB_STREAM_TOO_SHORT' });
  });

  test.each([
    ['{"text": "a"}\nnot json\n', /2/],
    ['{"text": "a"}\n{"txt": "b"}\n', /2/],
    ['{"text": "a"}\n{"text": "\\ud800"}\n', /2/],
    ['', /document/],
  ])('documents %j', async (content, message) => {
    const w = await scoreFixture();
    writeFileSync(w.docs, content);
    const error = await refused(w, { window: 'document' });
    expect(error).toMatchObject({ kind: 'input', path: w.docs });
    expect(error.message).toMatch(message);
  });

  test('invalid UTF-8 names its line', async () => {
    const w = await scoreFixture();
    const lines = [Buffer.from('{"text": "a"}\n{"text": "'), Buffer.of(0xff), Buffer.from('"}\n')];
    writeFileSync(w.docs, Buffer.concat(lines));
    expect((await refused(w)).message).toMatch(/2/);
  });
});

describe('usage', () => {
  test.each([
    [{ tokenizer: undefined }, '--tokenizer'],
    [{ window: undefined }, '--window'],
    [{ seqLen: undefined }, '--seq-len'],
    [{ docs: undefined }, '--data'],
    [{ workers: 0 }, '--workers'],
    [{ threads: 1.5 }, '--threads'],
    [{ batchTokens: -1 }, '--batch-tokens'],
    [{ part: [3, 2] }, '--part'],
    [{ part: [0, 2] }, '--part'],
  ] as [Partial<ScoreOptions>, string][])('%j', async (over, flag) => {
    expect(await refused(await scoreFixture(), over)).toMatchObject({ kind: 'usage', path: flag });
  });
});

describe('artifacts', () => {
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'x',
    model: { path: 'table.onnx' },
    tokenizer: { kind: 'byte260' },
    evaluation: { window: 'chunk', seqLen: 16 },
    counted: ['table.onnx'],
  };

  test.each([
    ['../secret.onnx', /outside/],
    ['/etc/passwd', /outside/],
    ['nowhere.onnx', /no such file/],
    ['link.onnx', /link/],
    ['.', /plain file/],
  ])('a model path of %s', async (path, found) => {
    const folder = temporaryFolder();
    const artifact = join(folder, 'artifact');
    mkdirSync(artifact);
    writeFileSync(join(folder, 'secret.onnx'), 'secret');
    writeFileSync(join(artifact, 'table.onnx'), 'x');
    symlinkSync(join(folder, 'secret.onnx'), join(artifact, 'link.onnx'));
    writeFileSync(
      join(artifact, 'artifact.json'),
      JSON.stringify({ ...manifest, model: { path } }),
    );
    const error = await refusalOf(() => score({ artifact }));
    expect(error).toMatchObject({ code: 'BPB_MANIFEST_PATH', kind: 'input' });
    expect(error.actual).toMatch(found);
  });

  test('nothing there', async () => {
    const error = await refusalOf(() => score({ artifact: '/nowhere/at/all' }));
    expect(error).toMatchObject({ code: 'BPB_ARTIFACT_MISSING', path: '/nowhere/at/all' });
  });

  test('a compressed model that is not', async () => {
    const w = await scoreFixture();
    const path = `${w.model}.xz`;
    writeFileSync(path, 'not xz');
    expect(await refused(w, { artifact: path })).toMatchObject({ code: 'BPB_DECOMPRESS', path });
  });
});
