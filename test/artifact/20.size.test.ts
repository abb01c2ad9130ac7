import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readDecompressed } from '#bpb/artifact/decompress';
import { loadArtifact } from '#bpb/artifact/load';
import { temporaryFolder } from '../helpers/folder.js';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { artifactOf } from './artifact-folder.js';

const model = tableModel(new Float32Array(49), 7);
const CODE = Buffer.from('print("trained")\n');

describe('what counts against 16,000,000 bytes', () => {
  test('files count as they are stored', async () => {
    const gz = gzipSync(model);
    const { size } = await loadArtifact(
      artifactOf(
        { 'model.onnx.gz': gz, 'train.py': Buffer.alloc(100, '#') },
        { model: { path: 'model.onnx.gz' }, counted: ['model.onnx.gz', 'train.py'] },
      ),
    );
    expect(size).toMatchObject({ bytesCounted: gz.length + 100, withinLimit: true });
  });

  test('the cap is decimal: 16,000,000 is within, one more is over', async () => {
    const at = async (bytes: number) =>
      loadArtifact(
        artifactOf(
          { 'model.onnx': model, 'pad.py': Buffer.alloc(bytes - model.length, '#') },
          { counted: ['model.onnx', 'pad.py'] },
        ),
      );
    expect((await at(16_000_000)).size.withinLimit).toBe(true);
    expect((await at(16_000_001)).size.withinLimit).toBe(false);
  });

  test('a scored model that is not counted leaves the limit unjudged', async () => {
    const { size } = await loadArtifact(
      artifactOf({ 'model.onnx': model, 'train.py': CODE }, { counted: ['train.py'] }),
    );
    expect(size.withinLimit).toBeNull();
    expect(size.note).toBe('scored but not counted: model.onnx');
    expect(size.hint).toBe('add model.onnx to `counted` in artifact.json');
  });

  test('unless it equals a counted file, decompressed', async () => {
    const { size } = await loadArtifact(
      artifactOf(
        { 'model.onnx': model, 'model.onnx.br': brotliCompressSync(model), 'train.py': CODE },
        { counted: ['model.onnx.br', 'train.py'] },
      ),
    );
    expect(size.withinLimit).toBe(true);
  });

  test('the artifact’s hash moves with every file it names, and not with others', async () => {
    const folder = artifactOf({ 'model.onnx': model, other: Buffer.alloc(1) }, {});
    const before = (await loadArtifact(folder)).sha256;
    writeFileSync(join(folder, 'other'), 'changed');
    expect((await loadArtifact(folder)).sha256).toBe(before);
    writeFileSync(join(folder, 'model.onnx'), tableModel(new Float32Array(49).fill(1), 7));
    expect((await loadArtifact(folder)).sha256).not.toBe(before);
  });
});

describe('compressed files', () => {
  const XZ =
    '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAEaGVsbG8AAAAAsTe52+XaHpsAAR0FuC2Arx+2830BAAAAAARZWg==';
  const ZSTD = 'KLUv/SAFKQAAaGVsbG8=';

  test.each([
    ['.gz', gzipSync('hello')],
    ['.br', brotliCompressSync('hello')],
    ['.xz', Buffer.from(XZ, 'base64')],
    ['.zst', Buffer.from(ZSTD, 'base64')],
  ])('%s unpacks, and is refused cut short or beyond a limit', async (extension, bytes) => {
    const path = join(temporaryFolder(), `file${extension}`);
    writeFileSync(path, bytes);
    expect(Buffer.from((await readDecompressed(path)).content).toString()).toBe('hello');
    expect(await refusalOf(() => readDecompressed(path, 4))).toMatchObject({
      code: 'BPB_DECOMPRESS_LIMIT',
      path,
    });
    writeFileSync(path, bytes.subarray(0, bytes.length - 3));
    expect(await refusalOf(() => readDecompressed(path))).toMatchObject({
      code: 'BPB_DECOMPRESS',
      path,
    });
  });
});
