/** Every bundled graph opens with its axes written in, optimized in full, and computes the same. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { readDecompressed } from '#bpb/artifact/decompress';
import { fixAxes } from '#bpb/onnx/fix-axes';
import type { Port } from '#bpb/onnx/port';
import { readSummary } from '#bpb/onnx/summary';
import { normals } from '../helpers/models.js';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const SIZES: Readonly<Record<string, number>> = { batch: 2, time: 256, chunk: 64 };
/** Ids are below this in every bundled tokenizer. */
const PIECES = 1024;

interface Manifest {
  readonly model: { readonly path: string };
  readonly adapt?: { readonly path: string };
}

const graphs = readdirSync(models).flatMap((name) => {
  const manifest = join(models, name, 'artifact.json');
  if (!existsSync(manifest)) return [];
  const { model, adapt } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  return [model, ...(adapt ? [adapt] : [])].map(({ path }) => join(name, path));
});

function shapeOf({ name, dims }: Port): number[] {
  return dims!.map((dim) => {
    const size = typeof dim === 'number' ? dim : SIZES[dim];
    if (size === undefined) throw new Error(`${name}: no size is known for the axis "${dim}"`);
    return size;
  });
}

function feed(port: Port, seed: number): Tensor {
  const dims = shapeOf(port);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (port.elementType === 1) return new Tensor('float32', normals(count, seed, 0.1), dims);
  const ids = BigInt64Array.from({ length: count }, (_, k) => BigInt((k * 7919 + seed) % PIECES));
  return new Tensor('int64', ids, dims);
}

async function run(
  model: Uint8Array,
  feeds: Record<string, Tensor>,
): Promise<InferenceSession.OnnxValueMapType> {
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { disable_quant_qdq: '1' } },
  });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const bytesOf = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

test('graphs are bundled', () => expect(graphs).toContain('sotu-8x256/model.onnx.xz'));

describe.each(graphs)('%s', (path) => {
  test('fixed axes, same outputs', async () => {
    const { content } = await readDecompressed(join(models, path));
    const { inputs } = readSummary(content, path);
    const feeds = Object.fromEntries(inputs.map((port, k) => [port.name, feed(port, k + 1)]));
    const fixed = inputs.reduce(
      (model, port) => fixAxes(model, port.name, shapeOf(port), path).model,
      content,
    );
    for (const { dims } of readSummary(fixed, path).inputs) {
      expect(dims!.every((dim) => typeof dim === 'number')).toBe(true);
    }
    const [open, closed] = [await run(content, feeds), await run(fixed, feeds)];
    expect(Object.keys(closed)).toEqual(Object.keys(open));
    for (const [name, { data }] of Object.entries(open) as [string, Tensor][]) {
      const [before, after] = [data, (closed[name] as Tensor).data] as Float32Array[];
      expect(before!.some((value) => value !== 0)).toBe(true);
      expect(bytesOf(after!).equals(bytesOf(before!))).toBe(true);
    }
  });
});
