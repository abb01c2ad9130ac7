/**
 * What a session may read, should the reader have missed it: nothing. And int8 products, which are exact on
 * every CPU.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { featuresOf, productsSaturate } from '#bpb/engine/cpu-facts';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { sessionConfig, sessionConfigFor } from '#bpb/engine/session-config';
import { OnnxGraph } from '#bpb/onnx/graph';
import { onnxModel } from '#bpb/onnx/writer';
import { openEngine } from '../helpers/engines.js';
import { temporaryFolder } from '../helpers/folder.js';
import { externalTensor, PLACES, TABLE_BYTES } from '../helpers/hidden-places.js';
import { normals, tableModel, uniform } from '../helpers/models.js';
import { requireAddon } from '../helpers/native.js';
import { refusalOf } from '../helpers/refusal.js';

const FOLDER = 'session.model_external_initializers_file_folder_path';
const ENGINES = ['onnx-js', 'onnx-cpu'] as const;

/** A file below the working directory of the tests; text, whose bytes are finite as fp32. */
const OUTSIDE = 'LICENSE';
const outside = (location: string) =>
  externalTensor([
    ['location', location],
    ['length', `${TABLE_BYTES}`],
  ]);
const table = new Float32Array(new Uint8Array(readFileSync(OUTSIDE)).buffer, 0, TABLE_BYTES / 4);

/** The runtime's own session, with the settings of the engines apart from the folder. */
function openUnguarded(model: Uint8Array) {
  const entries = Object.entries(sessionConfig()).filter(([key]) => key !== FOLDER);
  const session = Object.fromEntries(entries.map(([key, v]) => [key.replace('session.', ''), v]));
  return InferenceSession.create(model, { logSeverityLevel: 4, extra: { session } });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('external data that the reader did not see', () => {
  const read = Object.entries(PLACES).slice(0, 4);

  test.each(read)('%s: read without the setting, refused with it', async (_, place) => {
    const model = place(outside(OUTSIDE));
    const session = await openUnguarded(model);
    const feed = new Tensor('int64', BigInt64Array.of(0n, 1n), [1, 2]);
    const { logits } = await session.run({ input_ids: feed });
    expect(logits!.data).toEqual(table.subarray(0, 12));
    await session.release();

    const config = Object.fromEntries(
      Object.entries(sessionConfig()).filter(([k]) => k !== FOLDER),
    );
    const runtime = { threads: 1, optimize: true, library: findRuntimeLibrary(undefined), config };
    const graph = { model, tokens: 'input_ids', logits: 'logits' };
    const native = await requireAddon().open({ graph, runtime });
    await native.close();

    for (const engine of ENGINES) {
      const error = await refusalOf(() => openEngine(engine, model));
      expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_LOAD' });
    }
  });

  test.each(Object.entries(PLACES).slice(4, -3))('%s: refused', async (_, place) => {
    const model = place(outside(OUTSIDE));
    for (const engine of ENGINES) {
      expect((await refusalOf(() => openEngine(engine, model))).kind).toBe('input');
    }
  });

  test.each([
    ['upwards', '../LICENSE'],
    ['absolute', `${process.cwd()}/${OUTSIDE}`],
    ['a URL', `file://${process.cwd()}/${OUTSIDE}`],
    ['an address in memory', '*/_ORT_MEM_ADDR_/*'],
  ])('%s: refused', async (_, location) => {
    const tensor = externalTensor([
      ['location', location],
      ['offset', '4096'],
      ['length', `${TABLE_BYTES}`],
    ]);
    for (const [, place] of read) {
      for (const engine of ENGINES) {
        expect((await refusalOf(() => openEngine(engine, place(tensor)))).kind).toBe('input');
      }
    }
  });
});

test('both engines open their sessions with the settings', async () => {
  const model = tableModel(normals(36, 1), 6);
  const js = vi.spyOn(InferenceSession, 'create');
  const native = vi.spyOn(requireAddon(), 'open');
  for (const engine of ENGINES) await (await openEngine(engine, model)).close();
  const { extra } = js.mock.calls[0]![1] as unknown as InferenceSession.SessionOptions;
  for (const [key, value] of Object.entries(sessionConfig())) {
    expect((extra!['session'] as Record<string, string>)[key.replace('session.', '')]).toBe(value);
  }
  expect(native.mock.calls[0]![0].runtime.config).toEqual(sessionConfig());
});

test('the folder cannot exist, so that nobody can put a file into it', () => {
  const folder = sessionConfig()[FOLDER]!;
  expect(() => readFileSync(`${folder}/x`)).toThrow(/ENOTDIR/);
});

describe('int8 products', () => {
  const cpuinfo = (flags: string) =>
    `processor\t: 0\nmodel name\t: x\nflags\t\t: ${flags}\nbugs\t: \n`;
  const cpu = (flags: string, arch = 'x64') => ({ arch, features: featuresOf(cpuinfo(flags)) });
  const KEY = 'session.x64quantprecision';

  test.each([
    ['AVX2', cpu('sse4_1 avx2 fma'), true],
    ['AVX-512 without VNNI', cpu('avx2 avx512f avx512bw avx512vl'), true],
    ['AVX-512 with VNNI', cpu('avx2 avx512f avx512_vnni'), false],
    ['AVX2 with VNNI', cpu('avx2 avx_vnni'), false],
    ['a feature whose name contains it', cpu('avx2 avx512_vnni_x'), true],
    ['x64 whose features are not known', { arch: 'x64', features: null }, true],
    ['ARM', { arch: 'arm64', features: null }, false],
  ])('%s', (_, facts, expected) => {
    expect(productsSaturate(facts)).toBe(expected);
    expect(sessionConfigFor(facts)[KEY]).toBe(expected ? '1' : undefined);
  });

  const [rows, depth, width] = [3, 64, 8];
  const next = uniform(5);
  const draw = (count: number, from: number, to: number) =>
    Array.from({ length: count }, () => from + Math.floor(next() * (to - from + 1)));
  const left = draw(rows * depth, 0, 255);
  const full = draw(depth * width, -127, 127);

  /** The products, pairs of neighbors added in 16 bits that saturate or in 32 that do not. */
  function products(weights: readonly number[], most: number, shift = 0): number[] {
    const clamp = (sum: number) => Math.max(-most - 1, Math.min(most, sum));
    return Array.from({ length: rows * width }, (_, at) => {
      const [row, column] = [Math.floor(at / width), at % width];
      let sum = 0;
      for (let k = 0; k < depth; k += 2) {
        const term = (j: number) => left[row * depth + j]! * (weights[j * width + column]! + shift);
        sum += clamp(term(k) + term(k + 1));
      }
      const ofShift = left.slice(row * depth, (row + 1) * depth).reduce((a, b) => a + b, 0);
      return sum - shift * ofShift;
    });
  }
  const EXACT = 2 ** 31 - 1;
  const INT16 = 2 ** 15 - 1;

  test('full int8 weights saturate; as uint8 in 32 bits, and in 7 bits, they do not', () => {
    const exact = products(full, EXACT);
    expect(products(full, INT16)).not.toEqual(exact);
    expect(products(full, EXACT, 128)).toEqual(exact);
    // 255 · (64 + 64) = 32,640: what quantizers call a reduced range.
    const reduced = full.map((weight) => Math.trunc(weight / 2));
    expect(products(reduced, INT16)).toEqual(products(reduced, EXACT));
  });

  const model = onnxModel({
    nodes: [{ op: 'MatMulInteger', inputs: ['left', 'weights'], outputs: ['y'] }],
    inputs: [{ name: 'left', type: 'uint8', dims: [rows, depth] }],
    outputs: [{ name: 'y', type: 'int32', dims: [rows, width] }],
    initializers: [
      { name: 'weights', type: 'int8', dims: [depth, width], data: Int8Array.from(full) },
    ],
  });

  test.runIf(process.arch === 'x64')('the setting makes the weights uint8', async () => {
    const optimizedModelFilePath = `${temporaryFolder()}/optimized.onnx`;
    const session = await InferenceSession.create(model, {
      logSeverityLevel: 4,
      optimizedModelFilePath,
      extra: { session: { [KEY.replace('session.', '')]: '1' } },
    });
    const optimized = OnnxGraph.parse(readFileSync(optimizedModelFilePath), 'optimized.onnx');
    expect(optimized.initializers.map(({ type }) => type)).not.toContain(3);
    const { y } = await session.run({
      left: new Tensor('uint8', Uint8Array.from(left), [rows, depth]),
    });
    expect(Array.from(y!.data as Int32Array)).toEqual(products(full, EXACT));
    await session.release();
  });
});
