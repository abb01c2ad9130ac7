/** What an artifact that carries state is refused for, before anything runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { onnxModel } from '#bpb/onnx/writer';
import { score } from '#bpb/score/score';
import { countsAdapt, writeCounts, writeLag } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

/** Loose on purpose: manifests are broken here in every way. */
// biome-ignore lint/suspicious/noExplicitAny: any field may become anything
type Field = any;

interface Json {
  state: Field;
  evaluation: Field;
  adapt?: Field;
  counted: Field;
}

/** The `counts` artifact with its manifest changed. */
function counts(change: (manifest: Json) => void, init?: Float32Array): string {
  const folder = temporaryFolder();
  writeCounts(folder, init === undefined ? {} : { init });
  const path = join(folder, 'artifact.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Json;
  change(manifest);
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}

const refused = (folder: string) => refusalOf(() => loadArtifact(folder));

describe('the manifest against itself', () => {
  test.each<[string, (manifest: Json) => void, string]>([
    ['adapt without state', (m) => (m.state = undefined), 'adapt'],
    ['a chunk longer than the row', (m) => (m.evaluation.seqLen = 15), 'state.chunk'],
    [
      'sliding windows',
      (m) => Object.assign(m.evaluation, { window: 'sliding', stride: 4 }),
      'evaluation',
    ],
    [
      'a reset at documents under chunk windows',
      (m) => (m.evaluation.window = 'chunk'),
      'evaluation.window',
    ],
    [
      'a name twice',
      (m) => m.state.tensors.push({ ...m.state.tensors[0], in: 'x', out: 'y' }),
      'state.tensors[].name',
    ],
    [
      'an input twice',
      (m) => m.state.tensors.push({ ...m.state.tensors[0], name: 'x', out: 'y' }),
      'state.tensors[].in',
    ],
    ['writes of no tensor', (m) => (m.adapt.writes = ['counts', 'other']), 'adapt.writes'],
    ['writes of one tensor twice', (m) => (m.adapt.writes = ['counts', 'counts']), 'adapt.writes'],
    ['reads of no tensor', (m) => (m.adapt.reads = ['other']), 'adapt.reads'],
    ['targets for token ids', (m) => (m.adapt.tokens = 'targets'), 'adapt.targets'],
    ['a state for token ids', (m) => (m.state.tensors[0].in = 'input_ids'), 'counts.in'],
    ['a state for targets', (m) => (m.state.tensors[0].in = 'targets'), 'counts.in'],
    ['logits for a state', (m) => (m.state.tensors[0].out = 'logits'), 'counts.out'],
  ])('%s', async (_, change, field) => {
    const error = await refused(counts(change));
    expect(error).toMatchObject({ code: 'BPB_STATE_MANIFEST', exitCode: 3 });
    expect(error.message).toContain(`\`${field}\``);
  });

  test.each<[string, (manifest: Json) => void, string]>([
    ['a chunk of nothing', (m) => (m.state.chunk = 0), 'state.chunk'],
    ['an unknown reset', (m) => (m.state.tensors[0].reset = 'row'), 'state.tensors.0.reset'],
    ['an unknown type', (m) => (m.state.tensors[0].dtype = 'float8'), 'state.tensors.0.dtype'],
    ['an unknown field', (m) => (m.state.lanes = 3), 'state.lanes'],
    [
      'a port that no object of feeds can name',
      (m) => (m.state.tensors[0].in = '__proto__'),
      'state.tensors.0.in',
    ],
    [
      'a shape beyond memory',
      (m) => (m.state.tensors[0].shape = [65536, 65536]),
      'state.tensors.0.shape',
    ],
  ])('%s', async (_, change, field) => {
    const error = await refused(counts(change));
    expect(error.code).toBe('BPB_MANIFEST_INVALID');
    expect(error.message).toContain(field);
  });

  test('an init file outside the artifact', async () => {
    const error = await refused(counts((m) => (m.state.tensors[0].init = { path: '../x.f32' })));
    expect(error).toMatchObject({ code: 'BPB_MANIFEST_PATH', actual: 'a path outside of it' });
  });

  test.each([
    ['too long', 'a'.repeat(5000), 'ENAMETOOLONG'],
    ['with a NUL', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ])('an init file of a name that no file can have: %s', async (_, path, actual) => {
    const error = await refused(counts((m) => (m.state.tensors[0].init = { path })));
    expect(error).toMatchObject({ code: 'BPB_MANIFEST_PATH', exitCode: 3, actual });
    expect(error.message.length).toBeLessThan(300);
  });

  test.each([
    ['too long', 'a'.repeat(5000), 'ENAMETOOLONG'],
    ['inside a file', 'artifact.json/x', 'ENOTDIR'],
    ['with a NUL', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ])('an artifact of a path that cannot be: %s', async (_, path, actual) => {
    const error = await refused(
      join(
        counts(() => undefined),
        path,
      ),
    );
    expect(error).toMatchObject({ code: 'BPB_ARTIFACT_MISSING', exitCode: 3, actual });
  });

  test('an init file that unpacks to more than the shape, no further than that', async () => {
    const folder = counts((m) => (m.state.tensors[0].init = { path: 'counts.f32.gz' }));
    writeFileSync(join(folder, 'counts.f32.gz'), gzipSync(Buffer.alloc(1 << 20)));
    const error = await refused(folder);
    expect(error).toMatchObject({ code: 'BPB_STATE_INIT', actual: 'more than 1040 bytes' });
    writeFileSync(join(folder, 'counts.f32.gz'), gzipSync(Buffer.alloc(1040)));
    expect((await loadArtifact(folder)).adaptive!.tensors[0]!.init).toHaveLength(1040);
  });

  test('an init file of another size than the shape', async () => {
    const error = await refused(counts(() => undefined, new Float32Array(7)));
    expect(error).toMatchObject({ code: 'BPB_STATE_INIT', actual: '28 bytes' });
    expect(error.path).toContain('counts.f32');
    expect(error.expected).toContain('1040 bytes');
  });

  test('files of the state that are not counted leave the size unjudged', async () => {
    const artifact = await loadArtifact(counts((m) => (m.counted = ['model.onnx'])));
    expect(artifact.size).toMatchObject({
      withinLimit: null,
      note: 'scored but not counted: adapt.onnx; no counted file is code',
    });
  });
});

describe('the graphs against the manifest', () => {
  const float = (name: string, dims: readonly (number | string)[]) =>
    ({ name, type: 'float32', dims }) as const;
  const ids = (name: string, dims: readonly (number | string)[]) =>
    ({ name, type: 'int64', dims }) as const;
  const identity = { op: 'Identity', inputs: ['counts'], outputs: ['counts_next'] };

  async function adapted(graph: Parameters<typeof onnxModel>[0]): Promise<unknown> {
    const folder = counts(() => undefined);
    writeFileSync(join(folder, 'adapt.onnx'), onnxModel(graph));
    return refused(folder);
  }

  test.each([
    ['another shape in', ['batch', 7], ['batch', 260], 'input `counts`'],
    ['another shape out', ['batch', 260], ['batch', 259], 'output `counts_next`'],
    ['no batch axis', [260], [260], 'input `counts`'],
  ] as const)('%s', async (_, before, after, port) => {
    const targets = ids('targets', ['batch', 'time']);
    const graph = {
      nodes: [identity],
      inputs: [targets, float('counts', before)],
      outputs: [float('counts_next', after)],
    };
    const error = await adapted(graph);
    expect(error).toMatchObject({ code: 'BPB_STATE_PORT', expected: 'float32 [batch, 260]' });
    expect((error as Error).message).toContain(port);
  });

  test('batch axes of two sizes, and of none', async () => {
    for (const [before, after] of [
      [4, 3],
      [0, 0],
    ] as const) {
      const error = await adapted({
        nodes: [identity],
        inputs: [ids('targets', ['batch', 'time']), float('counts', [before, 260])],
        outputs: [float('counts_next', [after, 260])],
      });
      expect(error).toMatchObject({ code: 'BPB_STATE_PORT' });
      expect((error as Error).message).toContain('fixes the batch of `counts');
    }
  });

  test('an adapt graph that asks for more than it may know', async () => {
    const targets = ids('targets', ['batch', 'time']);
    const inputs = [targets, ids('next_targets', ['batch', 'time']), float('counts', ['b', 260])];
    const graph = { nodes: [identity], inputs, outputs: [float('counts_next', ['b', 260])] };
    const error = await adapted(graph);
    expect(error).toMatchObject({ code: 'BPB_STATE_PORT' });
    expect((error as Error).message).toContain('asks for the input `next_targets`');
  });

  test('an adapt graph that asks for more targets than a chunk has', async () => {
    const inputs = [ids('targets', ['batch', 17]), float('counts', ['b', 260])];
    const graph = { nodes: [identity], inputs, outputs: [float('counts_next', ['b', 260])] };
    const error = await adapted(graph);
    expect(error).toMatchObject({ code: 'BPB_STATE_PORT', expected: 'at most 16 a document' });
    expect((error as Error).message).toContain('tokens that it may not have');
  });

  test('a state of another type in the score graph', async () => {
    const folder = counts((m) => (m.state.tensors[0].dtype = 'float16'));
    expect(await refused(folder)).toMatchObject({
      code: 'BPB_STATE_PORT',
      expected: 'float16 [batch, 260]',
      actual: 'float32 [batch, 260]',
    });
  });

  test('a state that no graph writes, and one that none reads', async () => {
    const unwritten = await refused(counts((m) => delete m.adapt));
    expect(unwritten.message).toContain('lacks the output `counts_next`');
    const folder = temporaryFolder();
    writeLag(folder);
    const path = join(folder, 'artifact.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"in":"before"', '"in":"elsewhere"'));
    expect((await refused(folder)).message).toContain('asks for the input `before`');
  });

  test('an adapt graph that is no ONNX file', async () => {
    const folder = counts(() => undefined);
    writeFileSync(join(folder, 'adapt.onnx'), 'hello');
    expect(await refused(folder)).toMatchObject({ code: 'BPB_MODEL_NOT_ONNX' });
  });

  test('ids of either type are what it asks for', async () => {
    const w = await scoreFixture();
    const folder = counts(() => undefined);
    const before = await score({ artifact: folder, docs: w.docs });
    writeFileSync(join(folder, 'adapt.onnx'), countsAdapt('int32'));
    const after = await score({ artifact: folder, docs: w.docs });
    expect(after.totals.nats_q30).toBe(before.totals.nats_q30);
  });
});

describe('flags against the artifact', () => {
  test.each([
    ['--window', { window: 'chunk' }],
    ['--window', { window: 'sliding', stride: 4 }],
    ['--stride', { stride: 4 }],
    ['--seq-len', { seqLen: 15 }],
  ] as const)('%s', async (flag, over) => {
    const w = await scoreFixture();
    const artifact = counts(() => undefined);
    const error = await refusalOf(() => score({ artifact, docs: w.docs, ...over }));
    expect(error).toMatchObject({ kind: 'usage', path: flag });
  });

  test.each([
    ['--workers', { workers: 2 }],
    ['--part', { part: [1, 2] as const }],
  ] as const)('%s of a single pass', async (flag, over) => {
    const w = await scoreFixture();
    const folder = temporaryFolder();
    writeCounts(folder, { reset: 'never' });
    const error = await refusalOf(() => score({ artifact: folder, docs: w.docs, ...over }));
    expect(error).toMatchObject({ code: 'BPB_USAGE_ONE_PASS', path: flag, exitCode: 2 });
  });
});

test('a next value of another shape stops the run', async () => {
  const w = await scoreFixture();
  const folder = counts(() => undefined);
  // Its ports promise nothing about their shapes: only the run shows them.
  const graph = {
    nodes: [
      {
        op: 'Concat',
        inputs: ['counts', 'counts'],
        outputs: ['counts_next'],
        attributes: { axis: { int: 1 } },
      },
    ],
    inputs: [
      { name: 'targets', type: 'int64', dims: ['batch', 'time'] },
      { name: 'counts', type: 'float32', dims: ['batch', 'width'] },
    ],
    outputs: [{ name: 'counts_next', type: 'float32', dims: ['batch', 'wide'] }],
  } as const;
  writeFileSync(join(folder, 'adapt.onnx'), onnxModel(graph));
  const error = await refusalOf(() => score({ artifact: folder, docs: w.docs }));
  expect(error).toMatchObject({ code: 'BPB_STATE_OUTPUT', exitCode: 3 });
  expect(error.path).toContain('adapt.onnx');
  expect(error.actual).toContain('520]');
});
