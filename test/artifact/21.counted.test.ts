/** What a list of counted files may say and does not prove: misuse first. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { artifactOf } from './artifact-folder.js';

const model = tableModel(new Float32Array(49), 7);
const CODE = Buffer.from('print("trained")\n');

/** A tar archive in the `ustar` format. */
function tar(files: Readonly<Record<string, Uint8Array>>, type = '0'): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(`${type}ustar\0`, 156);
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

async function sizeOf(
  files: Readonly<Record<string, Uint8Array>>,
  counted: readonly string[],
  over: Readonly<Record<string, unknown>> = {},
) {
  const folder = artifactOf({ 'model.onnx': model, ...files }, { counted, ...over });
  return (await loadArtifact(folder)).size;
}

const NO_CODE = 'no counted file is code';

describe('what is no code leaves the limit unjudged', () => {
  test.each<[string, Record<string, Uint8Array>, Record<string, unknown>?]>([
    ['nothing beside the model', {}],
    ['a file of weights', { 'weights.bin': CODE }],
    ['an empty script', { 'train.py': Buffer.alloc(0) }],
    ['a script of blanks, compressed', { 'train.py.gz': gzipSync(Buffer.alloc(900, ' \n')) }],
    ['an archive that is none', { 'recipe.tar.gz': gzipSync(CODE) }],
    ['an archive without a script', { 'recipe.tar': tar({ 'a/weights.bin': CODE }) }],
    ['an archive of an empty script', { 'recipe.tar': tar({ 'train.py': Buffer.alloc(0) }) }],
    [
      'an archive with a directory called like a script',
      { 'a.tar': tar({ 'train.py': CODE }, '5') },
    ],
    ['an archive that is cut short', { 'a.tar': tar({ 'train.py': CODE }).subarray(0, 520) }],
    ['another archive that is not named as code', { 'recipe.zip': CODE }],
    ['the model again, called a script', { 'train.py': model }],
    ['the model again, compressed, named as code', { 'a.gz': gzipSync(model) }, { code: ['a.gz'] }],
    ['the model itself, named as code', {}, { code: ['model.onnx'] }],
  ])('%s', async (_, files, over) => {
    const size = await sizeOf(files, ['model.onnx', ...Object.keys(files)], over);
    expect(size).toMatchObject({ withinLimit: null, note: NO_CODE });
    expect(size.hint).toContain('"code": ["train.zip"]');
  });

  test('the tokenizer, named as code', async () => {
    const tokenizer = { kind: 'sentencepiece', path: 'train.py' };
    const over = { tokenizer, code: ['train.py'] };
    const size = await sizeOf({ 'train.py': CODE }, ['model.onnx', 'train.py'], over);
    expect(size.note).toBe(NO_CODE);
    expect(size.counted.map(({ role }) => role)).toEqual(['model', 'tokenizer']);
  });
});

describe('what is code', () => {
  test.each<[string, Record<string, Uint8Array>, Record<string, unknown>?]>([
    ['a script', { 'train_gpt.py': CODE }],
    ['a kernel, compressed', { 'k.cu.br': brotliCompressSync(CODE) }],
    [
      'an archive of scripts',
      { 'recipe.tar.gz': gzipSync(tar({ 'a/readme': CODE, 'a/t.py': CODE })) },
    ],
    ['any file that the manifest names', { 'packed.bin': CODE }, { code: ['./packed.bin'] }],
  ])('%s', async (_, files, over) => {
    const size = await sizeOf(files, ['model.onnx', ...Object.keys(files)], over);
    expect(size).toMatchObject({ withinLimit: true, note: null, hint: null });
    expect(size.counted.map(({ role }) => role)).toEqual(['model', 'code']);
  });
});

describe('what the field `code` is refused for', () => {
  test.each<[unknown, string]>([
    [[], 'BPB_MANIFEST_INVALID'],
    ['train.py', 'BPB_MANIFEST_INVALID'],
    [['train.py'], 'BPB_MANIFEST_INVALID'],
    [['../train.py'], 'BPB_MANIFEST_PATH'],
    [['none.py'], 'BPB_MANIFEST_PATH'],
  ])('%j', async (code, expected) => {
    const refusal = await refusalOf(() => sizeOf({ 'train.py': CODE }, ['model.onnx'], { code }));
    expect(refusal.code).toBe(expected);
  });

  test('a file that is not counted: the way out names the list', async () => {
    const refusal = await refusalOf(() =>
      sizeOf({ 'train.py': CODE }, ['model.onnx'], { code: ['train.py'] }),
    );
    expect(refusal.message).toContain('`code` names `train.py`');
    expect(refusal.hint).toContain('`counted`');
  });
});

describe('a file is counted once', () => {
  const once = model.length + CODE.length;

  test('by two spellings of its name', async () => {
    const size = await sizeOf({ 'train.py': CODE }, ['model.onnx', './model.onnx', 'train.py']);
    expect(size).toMatchObject({ withinLimit: true, bytesCounted: once });
    expect(size.counted).toHaveLength(2);
  });

  test('by a link beside it, and a link counts as what it leads to', async () => {
    const counted = ['model.onnx', 'link.onnx', 'link.py'];
    const folder = artifactOf({ 'model.onnx': model, 'train.py': CODE }, { counted });
    symlinkSync('model.onnx', join(folder, 'link.onnx'));
    symlinkSync('train.py', join(folder, 'link.py'));
    const { size, uncounted } = await loadArtifact(folder);
    expect(size).toMatchObject({ withinLimit: true, bytesCounted: once });
    expect(uncounted).toEqual([]);
  });

  test('two files of the same content are two', async () => {
    const files = { 'train.py': CODE, 'copy.onnx': model };
    const size = await sizeOf(files, ['model.onnx', 'copy.onnx', 'train.py']);
    expect(size.bytesCounted).toBe(once + model.length);
    expect(size.counted.map(({ role }) => role)).toEqual(['model', 'model', 'code']);
  });
});

describe('a counted archive that holds the model', () => {
  test('covers it, and its scripts are the code', async () => {
    const archive = gzipSync(tar({ 'model.onnx': model, 'train.py': CODE }));
    const size = await sizeOf({ 'all.tar.gz': archive }, ['all.tar.gz']);
    expect(size).toMatchObject({ withinLimit: true, bytesCounted: archive.length });
  });

  test('covers no other model', async () => {
    const other = Buffer.from(model);
    other[other.length - 20]! ^= 1;
    const size = await sizeOf({ 'all.tar': tar({ 'model.onnx': other, 't.py': CODE }) }, [
      'all.tar',
    ]);
    expect(size).toMatchObject({ withinLimit: null, note: 'scored but not counted: model.onnx' });
  });

  test('of a kind that is not read covers nothing', async () => {
    const size = await sizeOf({ 'all.zip': model.subarray(1) }, ['all.zip'], { code: ['all.zip'] });
    expect(size).toMatchObject({ withinLimit: null, note: 'scored but not counted: model.onnx' });
  });
});

test('the way out works: what the hint says to write is judged', async () => {
  const folder = artifactOf({ 'model.onnx': model, 'train.zip': CODE }, { counted: ['train.zip'] });
  const { note, hint } = (await loadArtifact(folder)).size;
  expect(note).toBe(`scored but not counted: model.onnx; ${NO_CODE}`);
  expect(hint).toContain('add model.onnx to `counted`');
  const counted = ['train.zip', 'model.onnx'];
  const again = artifactOf(
    { 'model.onnx': model, 'train.zip': CODE },
    { counted, code: ['train.zip'] },
  );
  writeFileSync(join(again, 'README.md'), 'words');
  expect((await loadArtifact(again)).size.withinLimit).toBe(true);
});
