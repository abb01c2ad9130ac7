/**
 * Parts of the onnx-cuda engine, and its errors where this machine lacks something.
 */

import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultBatchTokens, LOGITS_BYTES_MAX } from '#bpb/engine/cuda/batch-shapes';
import { chooseGpus, parseDevices } from '#bpb/engine/cuda/devices';
import { missingLibrary, remedyFor } from '#bpb/engine/cuda/errors';
import { providerVersion } from '#bpb/engine/cuda/provider-files';
import { openOnnxCuda } from '#bpb/engine/onnx-cuda';
import { joinScores, splitBatch } from '#bpb/engine/split';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { readSummary } from '#bpb/onnx/summary';
import { engineOptions, fullBatch } from '../helpers/engines.js';
import { fakeGpu, noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const model = tableModel(normals(70, 1), 7);

describe('fixAxes', () => {
  test('writes the shape, keeps what the graph has fixed, and touches nothing else', () => {
    const open = fixAxes(model, 'input_ids', [300, 1024], 'm');
    expect(open.shape).toEqual([300, 1024]);
    const before = readSummary(model, 'm');
    const after = readSummary(open.model, 'm');
    expect(after.inputs[0]).toMatchObject({ name: 'input_ids', elementType: 7, dims: [300, 1024] });
    expect({ ...after, inputs: [] }).toEqual({ ...before, inputs: [] });
    const half = tableModel(normals(70, 1), 7, { dims: ['batch', 16] });
    expect(fixAxes(half, 'input_ids', [2, 8], 'm').shape).toEqual([2, 16]);
    // Twice is once.
    expect(fixAxes(open.model, 'input_ids', [1, 1], 'm').shape).toEqual([300, 1024]);
  });

  test.each([
    ['no such input', model, 'tokens'],
    ['no model', Uint8Array.of(8, 9), 'input_ids'],
    ['a model cut short', model.subarray(0, model.length - 9), 'input_ids'],
  ])('refuses %s', async (_, bytes, name) => {
    const refusal = await refusalOf(() => fixAxes(bytes, name, [1, 1], 'm.onnx'));
    expect(refusal).toMatchObject({ kind: 'input', path: 'm.onnx' });
  });
});

describe('splitBatch and joinScores', () => {
  const batch = {
    ...fullBatch(
      [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
        [9, 10],
      ],
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ),
    scored: Uint32Array.of(1, 3, 4, 9),
    targets: Int32Array.of(10, 11, 12, 13),
    spanEnds: Uint32Array.of(0, 2, 3, 3, 4),
  };

  test('pieces hold every row, position and span once', () => {
    const pieces = splitBatch(batch, 2);
    expect(pieces.map(({ batch: { rows } }) => rows)).toEqual([2, 2, 1]);
    expect(pieces.flatMap(({ batch: { ids } }) => [...ids])).toEqual([...batch.ids]);
    expect(pieces.flatMap(({ batch: { targets } }) => [...targets])).toEqual([10, 11, 12, 13]);
    expect(pieces.map(({ batch: { scored } }) => [...scored])).toEqual([[1, 3], [0], [1]]);
    expect(pieces.map(({ firstScored }) => firstScored)).toEqual([0, 2, 3]);
    expect(pieces.map(({ batch: { spanEnds } }) => [...spanEnds])).toEqual([
      [0, 2, 2, 2, 2],
      [0, 0, 1, 1, 1],
      [0, 0, 0, 0, 1],
    ]);
    expect(splitBatch(batch, 5)).toEqual([{ batch, firstScored: 0 }]);
  });

  const score = (nats: number[], q30: bigint[], bytes?: number) => ({
    nats: Float32Array.from(nats),
    q30: BigInt64Array.from(q30),
    runSeconds: 1,
    scoreSeconds: 0,
    deviceToHostBytes: bytes,
  });

  test('scores are put together; a sum beyond int64 is refused, one not counted stays so', () => {
    const joined = joinScores([score([1, 2], [5n, 0n], 8), score([3], [0n, 7n], 4)]);
    expect(joined).toMatchObject({ q30: BigInt64Array.of(5n, 7n), deviceToHostBytes: 12 });
    expect([...joined.nats]).toEqual([1, 2, 3]);
    expect(joinScores([score([], [0n], 1), score([], [0n])]).deviceToHostBytes).toBeUndefined();
    const most = 2n ** 63n - 1n;
    expect(() => joinScores([score([], [most]), score([], [1n])])).toThrow(RangeError);
  });
});

test('a batch is bounded by its logits as well', () => {
  expect(defaultBatchTokens('any', 1024)).toBe(65_536);
  expect(defaultBatchTokens('any', 131_072) * 131_072 * 4).toBeLessThanOrEqual(LOGITS_BYTES_MAX);
  expect(defaultBatchTokens('any', 2 ** 40)).toBe(1);
});

describe('--device', () => {
  test.each([
    ['cpu', 'cpu'],
    ['cuda:0', [0]],
    ['cuda:3,cuda:1', [3, 1]],
  ])('%s', (text, devices) => expect(parseDevices(text)).toEqual(devices));

  test.each(['cuda', 'cuda:', 'cuda:-1', 'cuda:1,', 'cuda:0,cpu', 'cuda:0,cuda:0', 'gpu', ''])(
    'refuses %j',
    async (text) => {
      expect(await refusalOf(() => parseDevices(text))).toMatchObject({
        kind: 'usage',
        path: '--device',
      });
    },
  );
});

test.each([
  ['libcuda.so.1', /driver/],
  ['/opt/x/libcudnn.so.9', /cuDNN/],
  ['libcudart.so.13', /CUDA runtime/],
  ['libcublasLt.so.13', /CUDA runtime/],
  ['libonnxruntime_providers_shared.so', /setup-cuda\.mjs/],
  ['libsomething.so.2', /libsomething\.so\.2/],
])('the remedy for a missing %s', (library, remedy) => expect(remedyFor(library)).toMatch(remedy));

test('the missing library is read from what the runtime says', () => {
  const said =
    'provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() ' +
    '[ONNXRuntimeError] : 1 : FAIL : Failed to load library /x/libonnxruntime_providers_cuda.so ' +
    'with error: libcublasLt.so.13: cannot open shared object file: No such file or directory';
  expect(missingLibrary(said)).toBe('libcublasLt.so.13');
  expect(missingLibrary('something else')).toBeUndefined();
});

test('the version of a provider: its own words, across the seams of reading; else not known', () => {
  const path = join(temporaryFolder(), 'provider.so');
  for (const at of [0, 8 * 2 ** 20 - 4, 8 * 2 ** 20 + 1]) {
    const bytes = Buffer.alloc(9 * 2 ** 20, 1);
    bytes.write('\0' + '1.30.0' + '\0', at, 'latin1');
    writeFileSync(path, bytes);
    expect(providerVersion(path, '1.30.0')).toBe('1.30.0');
    expect(providerVersion(path, '1.3.0')).toBeNull();
  }
});

describe.skipIf(noFakeGpu !== '')(`what is missing${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  const open = (ortLib: string) => refusalOf(() => openOnnxCuda(engineOptions(model, { ortLib })));

  test.each<[string, Record<string, string>, object]>([
    ['no driver', { BPB_CUDA_DRIVER: '/nowhere/libcuda.so.1' }, { code: 'BPB_CUDA_DRIVER' }],
    ['a driver that fails', { FAKE_GPU_INIT: '999' }, { code: 'BPB_CUDA_DRIVER' }],
    ['no device', { FAKE_GPU_DEVICES: '0' }, { code: 'BPB_CUDA_DEVICE' }],
    ['no device by the driver', { FAKE_GPU_INIT: '100' }, { code: 'BPB_CUDA_DEVICE' }],
    [
      'a driver too old',
      { FAKE_GPU_OLD_DRIVER: '1' },
      { code: 'BPB_CUDA_DRIVER', message: 'The NVIDIA driver is too old.' },
    ],
    [
      'a scorer that cannot take the device',
      { FAKE_GPU_SCORER_REFUSES: 'BPB_CUDA_RUN' },
      {
        code: 'BPB_CUDA_DRIVER',
        message: 'The NVIDIA driver is too old.',
        actual: expect.stringMatching(/not supported in the installed CUDA driver/),
      },
    ],
    [
      'a scorer without code for the device',
      { FAKE_GPU_SCORER_REFUSES: 'BPB_CUDA_DEVICE' },
      { code: 'BPB_CUDA_SCORER', hint: expect.stringMatching(/native\/build\.mjs --force/) },
    ],
    ['no scorer', { BPB_CUDA_LIBRARY: '/nowhere/libbpb_cuda.so' }, { code: 'BPB_CUDA_SCORER' }],
    [
      'no cuBLAS',
      {
        FAKE_GPU_PROVIDER_FAILS:
          'with error: libcublasLt.so.13: cannot open shared object file: No such file or directory',
        FAKE_GPU_DEVICES: '1',
      },
      { code: 'BPB_CUDA_PROVIDER', actual: 'libcublasLt.so.13 is missing' },
    ],
  ])('%s: exit 4 and the way out', (_, env, expected) =>
    withFakeGpu({ ...env, FAKE_GPU_PLUGIN_FAILS: '1' }, async (gpu) => {
      const refusal = await open(gpu.runtime);
      expect(refusal).toMatchObject({ kind: 'environment', ...expected });
      expect(refusal.hint).toMatch(/\w+/);
    }),
  );

  test('no provider beside the runtime, and one of another version', () =>
    withFakeGpu({}, async () => {
      const folder = temporaryFolder();
      symlinkSync(join(fakeGpu().runtime, 'libfake.so'), join(folder, 'libonnxruntime.so.1'));
      expect(await open(folder)).toMatchObject({ code: 'BPB_CUDA_PROVIDER', exitCode: 4 });
      const inside = join(folder, 'other');
      mkdirSync(inside);
      symlinkSync(join(fakeGpu().runtime, 'libfake.so'), join(inside, 'libonnxruntime.so.1'));
      writeFileSync(join(inside, 'libonnxruntime_providers_cuda.so'), '\0' + '1.29.1' + '\0');
      copyFileSync('/dev/null', join(inside, 'libonnxruntime_providers_shared.so'));
      const refusal = await open(inside);
      expect(refusal).toMatchObject({ code: 'BPB_CUDA_PROVIDER_VERSION', exitCode: 4 });
      expect(basename(refusal.path!)).toBe('libonnxruntime_providers_cuda.so');
    }));

  test('a scorer of another ABI: exit 4, and it is to be built again', () => {
    // Under another name, for one that was looked at once is known.
    const library = join(temporaryFolder(), 'libbpb_cuda.so');
    symlinkSync(join(fakeGpu().runtime, 'libfake.so'), library);
    return withFakeGpu({ BPB_CUDA_LIBRARY: library, FAKE_GPU_ABI: '77' }, async (gpu) => {
      const refusal = await open(gpu.runtime);
      expect(refusal).toMatchObject({ code: 'BPB_CUDA_SCORER', exitCode: 4 });
      expect(refusal.actual).toMatch(/has ABI 77/);
    });
  });

  test('a device that is not there is wrong usage; GPUs of two models are', () =>
    withFakeGpu({ FAKE_GPU_DEVICES: '2', FAKE_GPU_NAME_1: 'Other GPU' }, async () => {
      expect(await refusalOf(() => chooseGpus([7]))).toMatchObject({
        kind: 'usage',
        path: '--device',
        actual: 'cuda:7',
      });
      expect(await refusalOf(() => chooseGpus([0, 1]))).toMatchObject({
        kind: 'usage',
        actual: 'Fake GPU, Other GPU',
      });
      expect(chooseGpus([1])).toEqual({ indexes: [1], name: 'Other GPU' });
    }));
});
