import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { BATCH, kernel, LOG, logOf, NAMES, product } from './launches.js';

const part = (name: string) =>
  import(new URL(`../../bench/gpu/roofline/${name}.mjs`, import.meta.url).href);
const { chooseBatch, keepBatch, parseLog } = await part('log');
const { demangle } = await part('mangled');
const { readContext } = await part('context');
const { workOf } = await part('work');
const { deviceKey, floorOf, ratesOf } = await part('rates');
const { roofline } = await part('roofline');

const MAIN = fileURLToPath(new URL('../../bench/gpu/roofline/main.mjs', import.meta.url));
const T = 65536;
/** Elements of one activation. */
const A = T * 512;

describe('launch log', () => {
  test('keeps launches, and leaves out what moves nothing and a torn last line', () => {
    const text = `${logOf(['cudaMalloc 8', 'SYNC stream 0x1', 'BLAS cublasSetMathMode', product(2, 3, 4)])}548.1 K grid=1,1`;
    expect(parseLog(text)).toEqual([
      {
        kind: 'product',
        call: 'cublasGemmEx',
        m: 2,
        n: 3,
        k: 4,
        at: 2,
        ct: 2,
        comp: 68,
        ta: 1,
        tb: 0,
      },
    ]);
  });

  test('copies and fills in every form', () => {
    const lines = [
      'SYNC cudaMemcpy 8 H->D kind=1 stream=(nil)',
      'memcpy2DAsync 16 D->D kind=3 stream=0x1',
      'SYNC cudaMemset 24 stream=(nil)',
    ];
    expect(parseLog(logOf(lines))).toEqual([
      { kind: 'copy', bytes: 8, from: 'H', to: 'D' },
      { kind: 'copy', bytes: 16, from: 'D', to: 'D' },
      { kind: 'set', bytes: 24 },
    ]);
  });

  test('names the line of a launch that is not whole', () => {
    expect(() => parseLog(logOf(['eventCreate', 'K grid=1,1 block=1,1,1 x']), 'a.log')).toThrow(
      'a.log:2: expected "K grid=X,Y,Z block=X,Y,Z stream=P NAME"',
    );
  });

  test('takes the first batch that repeats the one before, not the first nor the proof', () => {
    const batch = chooseBatch(parseLog(LOG));
    // The third: the first holds a kernel of the session's beginning.
    expect(batch[0]).toEqual({ kind: 'copy', bytes: 263200, from: 'D', to: 'H' });
    expect(batch).toHaveLength(BATCH.length);
    expect(chooseBatch(parseLog(LOG), 3)).toHaveLength(3);
    expect(() => chooseBatch(parseLog(LOG), 4)).toThrow('the log has 4, from 0');
    expect(() => chooseBatch(parseLog(logOf(BATCH)))).toThrow('no two like batches in a row (1');
  });

  test('a stand-in’s scorer, which has no mangled name, ends a batch too', () => {
    const plain = LOG.replaceAll(NAMES.score, 'score_kernel').replaceAll(
      NAMES.clear,
      'clear_flags',
    );
    const batch = chooseBatch(parseLog(plain));
    expect(batch).toHaveLength(BATCH.length);
    const score = workOf(batch, readContext(batch)).at(-1);
    expect(score).toMatchObject({ kind: 'scorer', bytes: T * (2048 + 12) });
  });

  test('a kept batch is read back as it was', () => {
    const batch = chooseBatch(parseLog(LOG));
    const kept = keepBatch(batch, ['of a test']);
    expect(kept.startsWith('# of a test\nname 0 _Z')).toBe(true);
    expect(parseLog(kept)).toEqual(batch);
    expect(() => parseLog('K grid=1,1,1 block=1,1,1 @7\n')).toThrow('no line "name 7 …" before');
  });
});

describe('mangled names', () => {
  test('arguments, with what substitutions stand for', () => {
    const { name, args } = demangle(NAMES.multiply);
    expect(name).toBe('_BinaryElementWiseSimple');
    const half = { name: '__half' };
    expect(args).toEqual([
      true,
      true,
      half,
      half,
      half,
      { name: 'onnxruntime::cuda::OP_Mul', args: [half, half, half] },
      256,
      4,
      { name: 'int' },
    ]);
  });

  test('nested arguments, other namespaces, none at all', () => {
    const flash = demangle(NAMES.flash);
    expect(flash.name).toBe('flash_fwd_kernel');
    expect(flash.args[0].args.slice(0, 3)).toEqual([64, 128, 128]);
    expect(flash.args.slice(1)).toEqual([true, false, false, true, true, false, false]);
    expect(demangle(NAMES.skipNorm).args).toEqual([{ name: '__half' }, 80, 8, true]);
    expect(demangle(NAMES.clear)).toEqual({ name: 'clear_flags', args: [] });
    expect(demangle(NAMES.score).args[0].name).toBe('bpb::cuda::Fp16');
    expect(demangle('ampere_sgemm_128x64_tn')).toEqual({
      name: 'ampere_sgemm_128x64_tn',
      args: null,
    });
    expect(demangle('_ZN1a6KernelIXsr3stdE1xEEvv')).toMatchObject({ args: null });
  });
});

describe('sizes of a batch', () => {
  test('read from its products and grids', () => {
    expect(readContext(chooseBatch(parseLog(LOG)))).toEqual({
      tokens: T,
      scored: T,
      vocab: 1024,
      dim: 512,
      element: 2,
      logit: 2,
      rows: 64,
      seqLen: 1024,
      layers: 2,
      heads: 8,
      headDim: 64,
      kvHeads: 4,
    });
  });

  test('key and value heads from either preparation', () => {
    const heads = (lines: string[]) => readContext(parseLog(logOf(lines))).kvHeads;
    const flash = kernel(NAMES.flash, '8,64,8', '128,1,1');
    expect(heads([kernel(NAMES.unpack, '1024,16,64', '8,1,1'), flash])).toBe(4);
    expect(heads([kernel(NAMES.rotary, '1024,64,12', '64,1,1'), flash])).toBe(4);
    expect(heads([flash])).toBeNull();
  });
});

describe('bytes and operations', () => {
  const entry = (lines: string[], at = -1, sizes = {}) =>
    workOf(parseLog(logOf(lines)), { ...readContext(chooseBatch(parseLog(LOG))), ...sizes }).at(at);
  const cost = (lines: string[], at = -1, sizes = {}) => {
    const { bytes, operations, unknown } = entry(lines, at, sizes);
    return unknown ?? [bytes, operations];
  };

  test.each([
    ['a value a channel', kernel(NAMES.scale, '32768,1,1'), [4 * A, A]],
    ['a sum', kernel(NAMES.add, '32768,1,1'), [6 * A, A]],
    ['a relu', kernel(NAMES.relu, '65536,1,1'), [8 * A, 2 * A]],
    ['a split', kernel(NAMES.split, '65536,1,1'), [8 * A, 0]],
    ['a slice of fp32', kernel(NAMES.slice, '16,1,1'), [2 * 16 * 1024 * 4, 0]],
    [
      'a transposition in tiles of 32',
      kernel(NAMES.turn, '8,32,64', '32,8,1'),
      [8 * 32 * 64 * 1024 * 8, 0],
    ],
    ['a norm of dim', kernel(NAMES.norm, '1,65535,1', '32,2,1'), [4 * A, 4 * A]],
    [
      'a norm of fewer rows',
      kernel(NAMES.norm, '1,1024,1', '32,2,1'),
      [4 * 1024 * 512, 4 * 1024 * 512],
    ],
    ['a norm with a residual', kernel(NAMES.skipNorm, '65536,1,1', '80,1,1'), [8 * A, 5 * A]],
    ['a rotation', kernel(NAMES.rotary, '1024,64,8', '64,1,1'), [4 * A + 1024 * 64 * 2, 3 * A]],
    [
      'the preparation of GroupQueryAttention',
      kernel(NAMES.unpack, '1024,16,64', '8,1,1'),
      [8 * A, 0],
    ],
    ['a gather', kernel(NAMES.gather, '131072,1,1'), [2 * A + 1024 * 512 * 2 + T * 8, 0]],
    ['scoring', kernel(NAMES.score, '512,1,1'), [T * (2048 + 12), 4 * T * 1024]],
    ['a copy on the device', 'memcpyAsync 100 D->D kind=3 stream=0x1', [200, 0]],
    ['a fill', 'memsetAsync 100 stream=0x1', [100, 0]],
    [
      'a product',
      product(1024, T, 512),
      [2 * (1024 * 512 + 512 * T + 1024 * T), 2 * 1024 * 512 * T],
    ],
  ])('%s', (_, line, expected) => {
    expect(cost([line])).toEqual(expected);
  });

  test('the square of a relu reads once, a product of two tensors twice', () => {
    const relu = kernel(NAMES.relu, '65536,1,1');
    expect(cost([relu, kernel(NAMES.multiply, '65536,1,1')])).toEqual([8 * A, 2 * A]);
    expect(cost([relu, kernel(NAMES.multiply, '32768,1,1')])).toEqual([6 * A, A]);
    expect(cost([kernel(NAMES.multiply, '65536,1,1')])).toEqual([12 * A, 2 * A]);
  });

  test('causal attention is half of the pairs and the diagonal, in the matrix units', () => {
    const flash = entry([kernel(NAMES.flash, '8,64,8', '128,1,1')]);
    expect(flash.operations).toBe(4 * 64 * ((1024 * 1025) / 2) * 64 * 8);
    expect(flash.bytes).toBe(T * (64 * 2 * 2 * (8 + 4) + 4 * 8));
    expect(flash.unit).toBe('attention');
    const whole = entry([
      kernel(NAMES.flash.replace('Lb1ELb0ELb0ELb1', 'Lb0ELb0ELb0ELb1'), '8,64,8'),
    ]);
    expect(whole.operations).toBe(4 * 64 * 1024 ** 2 * 64 * 8);
  });

  test('norms of heads get the sizes of the rotations of their layer, or are unknown', () => {
    const norm = kernel(NAMES.norm, '1,65535,1', '32,1,1');
    const rotary = (heads: number) => kernel(NAMES.rotary, `1024,64,${heads}`, '64,1,1');
    const flash = kernel(NAMES.flash, '8,64,8', '128,1,1');
    const both = workOf(
      parseLog(logOf([norm, norm, rotary(8), rotary(4), flash])),
      readContext(chooseBatch(parseLog(LOG))),
    );
    expect(both[0].bytes + both[1].bytes).toBe(4 * T * 12 * 64);
    expect(cost([norm, norm, rotary(12), flash], 0)).toBe('rows: the grid is cut at 65,535');
    expect(cost([kernel(NAMES.norm, '1,768,1', '32,1,1')])).toEqual([4 * 768 * 64, 4 * 768 * 64]);
    expect(cost([norm], 0, { dim: 64 })).toBe('columns: dim and headDim both fit one warp');
  });

  test('a result that a copy of its size prepared is read and written', () => {
    const sum = product(512, T, 512);
    const copy = (bytes: number) => `memcpyAsync ${bytes} D->D kind=3 stream=0x1`;
    const plain = 2 * (512 * 512 + 2 * A);
    expect(cost([copy(2 * A), sum])).toEqual([plain + 2 * A, 2 * 512 * 512 * T]);
    expect(cost([copy(A), sum])).toEqual([plain, 2 * 512 * 512 * T]);
  });

  test('fp32 products are not of the matrix units, batched ones need their count', () => {
    const sgemm = entry(['BLAS cublasSgemm_v2 m=2 n=3 k=4']);
    expect(sgemm).toMatchObject({ bytes: 4 * (8 + 12 + 6), operations: 48, unit: 'fp32' });
    const batched = 'BLAS cublasSgemmStridedBatched m=2 n=3 k=4';
    expect(cost([batched])).toBe('how many products the call makes');
    expect(cost([`${batched} x5`])).toEqual([5 * 104, 240]);
    expect(cost([`${batched} count=5`])).toEqual([5 * 104, 240]);
    expect(cost(['BLAS cublasSgeam'])).toBe('m, n, k');
    expect(entry(['BLAS cublasGemmEx m=2 n=3 k=4 at=0 ct=0 comp=77']).unit).toBe('tf32');
  });

  test('what the log does not hold is said', () => {
    expect(cost([kernel('_ZN1a9my_kernelIfEEvv', '1,1,1')])).toBe('the kernel: no family has it');
    expect(entry([kernel(NAMES.spread, '8,1,1')])).toMatchObject({
      bytes: 8 * 1024 * 8,
      least: true,
    });
    expect(cost([kernel('_GatherKernel', '1,1,1')])).toBe('types: its name has none');
    expect(cost([kernel(NAMES.score, '1,1,1')], -1, { vocab: null })).toBe('vocab of the model');
    expect(cost([kernel(NAMES.relu.replaceAll('6__half', '3odd'), '1,1,1')])).toBe(
      'element type odd',
    );
  });
});

describe('rates', () => {
  test('the slower of memory and arithmetic is the floor', () => {
    const rates = ratesOf('h100');
    expect(floorOf({ bytes: 3.35e9, operations: 1, unit: 'fp32', over: 'device' }, rates)).toEqual({
      microseconds: 1000,
      bound: 'memory',
    });
    expect(floorOf({ bytes: 1, operations: 989.4e9, unit: 'half', over: 'device' }, rates)).toEqual(
      {
        microseconds: 1000,
        bound: 'compute',
      },
    );
    expect(floorOf({ bytes: 64e6, operations: 0, unit: 'fp32', over: 'host' }, rates)).toEqual({
      microseconds: 1000,
      bound: 'bus',
    });
  });

  test('a measured copy takes the data sheet’s place; unknown devices are named', () => {
    const measured = ratesOf('h200', { copy_gbs: 4100 });
    expect(measured).toMatchObject({ memory: 4.1e12, memorySource: 'measured copy' });
    expect(() => ratesOf('a100')).toThrow('no rates of a100: there are h100, h200');
    expect(deviceKey('NVIDIA H100 80GB HBM3')).toBe('h100');
    expect(deviceKey('NVIDIA H200')).toBe('h200');
    expect(deviceKey('NVIDIA H100 PCIe')).toBeNull();
  });
});

describe('the roofline of a batch', () => {
  const batch = chooseBatch(parseLog(LOG));
  const rates = ratesOf('h100');
  const ways = {
    wide: { passes: 35, weight_casts: 0.5 },
    narrow: { passes: 16.5, weight_casts: 0 },
  };
  const counted = [
    { layers: 2, dim: 512, mlp: 4, vocab: 1024, ways: {} },
    { layers: 2, dim: 512, mlp: 2, vocab: 1024, ways },
  ];
  const found = roofline(batch, { rates, counted });
  const kind = (name: string) => found.kinds.find((row: { kind: string }) => row.kind === name);

  test('passes a layer, products, attention and the rest', () => {
    // A layer: 2 + 3 (mix) + 2 (norm) + 1 + 1 + 2 + 2 (norms and rotations) + 2 (copy) + 4 + 4 + 4.
    // Outside of layers: one written by the gather, 2 of the last norm, and small change.
    expect(found.passes_a_layer).toBeCloseTo(27 + 3 / 2, 1);
    expect(found.total).toMatchObject({ kernels: 26, products: 13, unknown: 0, measured_us: null });
    expect(kind('product').operations).toBe(
      2 * 2 * T * 512 * (256 + 512 + 256 + 512 + 1024 + 1024),
    );
    expect(kind('head').operations).toBe(2 * T * 512 * 1024);
    expect(kind('logits').bytes).toBe(2 * 134217728);
    expect(kind('bus').count).toBe(2);
  });

  test('the sum is that of its rows, and the compiler’s has the passes that were counted', () => {
    const rows = found.rows.map((row: { floor_us: number }) => row.floor_us);
    const sum = rows.reduce((a: number, b: number) => a + b, 0);
    expect(found.total.floor_us).toBeCloseTo(sum, 6);
    expect(found.total.tokens_per_s).toBeCloseTo(T / sum / 1e-6, 3);
    const same = kind('product').floor_us + kind('attention').floor_us + kind('head').floor_us;
    const floor = (passes: number) =>
      same + ((2 * passes * 2 * A + 2 * 2 * T * 1024) / 3.35e12) * 1e6;
    // The way that moves least comes first.
    expect(found.compiled.map(({ way }: { way: string }) => way)).toEqual(['narrow', 'wide']);
    expect(found.compiled[1].floor_us).toBeCloseTo(floor(35.5), 6);
    expect(found.fused).toBe(found.compiled[0]);
    expect(found.fused.passes).toBe(16.5);
    expect(found.fused.floor_us).toBeCloseTo(floor(16.5), 6);
  });

  test('a shape that was not counted has no compiler beside it', () => {
    expect(roofline(batch, { rates })).toMatchObject({ compiled: [], fused: null });
  });
});

describe('main.mjs', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

  test('prints the table, says what is unmeasured, and keeps a batch that gives the same', () => {
    const folder = temporaryFolder();
    const log = join(folder, 'launches.log');
    writeFileSync(log, LOG);
    const kept = join(folder, 'kept.launches');
    const first = run(log, '--device', 'h200', '--keep', kept, '--note', 'a test', '--kernels');
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain(
      'H200 SXM, memory 4.80 TB/s (data sheet): 26 kernels and 13 products',
    );
    expect(first.stdout).toContain('| *unmeasured* | – |');
    expect(first.stdout).toContain('`flash_fwd_kernel [8,64,8]` | 2 |');
    expect(run(kept, '--device', 'h200', '--kernels').stdout).toBe(first.stdout);
    const json = JSON.parse(run(kept, '--json').stdout);
    expect(json.rates.name).toBe('H100 SXM');
    expect(json.total.measured_us).toBeNull();
  });

  test('wrong usage and unreadable logs exit 2 with one sentence', () => {
    const folder = temporaryFolder();
    const log = join(folder, 'launches.log');
    writeFileSync(log, logOf(['cudaMalloc 8']));
    const good = join(folder, 'good.log');
    writeFileSync(good, LOG);
    for (const [args, sentence] of [
      [[], 'usage: node bench/gpu/roofline/main.mjs LOG'],
      [[log], 'no two like batches in a row (0'],
      [[join(folder, 'none.log')], 'ENOENT'],
      [[good, '--sizes', 'heads=x'], '--sizes: expected name=N,…, found heads=x'],
      [[good, '--device', 'a100'], 'no rates of a100'],
    ] as const) {
      const ran = run(...args);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toContain(sentence);
      expect(ran.stdout).toBe('');
    }
  });
});
