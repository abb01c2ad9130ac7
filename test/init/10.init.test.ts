/** `bpb init`: what it refuses, what it finds, and that what it writes is scored. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { init } from '#bpb/init/init';
import { onnxModel } from '#bpb/onnx/writer';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, type TableOptions, tableGraph, tableModel } from '../helpers/models.js';
import { gpt2Style } from '../helpers/no-bos.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';

const BYTES = 260;
const PIECES = SMALL.length;

function model(width = BYTES, options: TableOptions = {}): Uint8Array {
  return tableModel(normals(width * width, 3), width, options);
}

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'artifact.json'), 'utf8'));

/** The files that are there, with their content. */
const stateOf = (folder: string) =>
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]);

async function refused(path: string, options: { tokenizer?: string; docs?: string } = {}) {
  return refusalOf(() => init({ path, ...options }));
}

describe('refused, and nothing is written', () => {
  test('no path, a path that is not there, an empty directory', async () => {
    expect((await bpb('init')).code).toBe(2);
    expect((await refused('/no/such/place')).code).toBe('BPB_ARTIFACT_MISSING');
    const folder = temporaryFolder();
    const refusal = await refused(folder);
    expect(refusal.code).toBe('BPB_INIT_NO_MODEL');
    expect(refusal.actual).toBe('an empty directory');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('score of a directory without a manifest leads here', async () => {
    const folder = folderOf({ 'model.onnx': model() });
    const refusal = await refusalOf(() => score({ artifact: folder }));
    expect(refusal.code).toBe('BPB_MANIFEST_MISSING');
    expect(refusal.hint).toMatch(`bpb init ${folder} writes it`);
    await init({ path: folder });
    expect((await loadArtifact(folder)).size.note).toBe('no counted file is code');
  });

  test('weights without a graph: says to export', async () => {
    const refusal = await refused(folderOf({ 'model.safetensors': 'x', 'config.json': '{}' }));
    expect(refusal.actual).toContain('model.safetensors');
    expect(refusal.hint).toContain('torch.onnx.export');
  });

  test('two models: both are named, with a command each', async () => {
    const folder = folderOf({ 'a.onnx': model(), 'b c.onnx.gz': gzipSync(model()) });
    const refusal = await refused(folder);
    expect(refusal.code).toBe('BPB_INIT_MODELS');
    expect(refusal.hint).toContain(`bpb init ${join(folder, 'a.onnx')}`);
    expect(refusal.hint).toContain(`bpb init '${join(folder, 'b c.onnx.gz')}'`);
    await init({ path: join(folder, 'b c.onnx.gz') });
    expect(manifestOf(folder).model.path).toBe('b c.onnx.gz');
  });

  test.each(['{"format":"bpb-artifact/1"}', '{ broken', ''])(
    'a manifest that is there stays, also a broken one: %j',
    async (content) => {
      const folder = folderOf({ 'model.onnx': model(), 'artifact.json': content });
      const refusal = await refused(folder);
      expect(refusal.code).toBe('BPB_INIT_EXISTS');
      expect(refusal.exitCode).toBe(2);
      expect(refusal.hint).toContain('--force');
      expect(readFileSync(join(folder, 'artifact.json'), 'utf8')).toBe(content);
      const { replaced } = await init({ path: folder, force: true });
      expect(replaced).toBe(true);
      expect(manifestOf(folder).format).toBe('bpb-artifact/1');
    },
  );

  test('a link or a directory in its place is kept, with --force too', async () => {
    const folder = folderOf({ 'model.onnx': model(), other: 'kept' });
    symlinkSync(join(folder, 'other'), join(folder, 'artifact.json'));
    for (const force of [false, true]) {
      const refusal = await refusalOf(() => init({ path: folder, force }));
      expect(refusal.code).toBe('BPB_INIT_EXISTS');
    }
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('kept');
  });

  test.each([
    ['no ONNX file', 'hello', 'BPB_MODEL_NOT_ONNX'],
    ['cut short', model().subarray(0, 5000), 'BPB_MODEL_NOT_ONNX'],
  ])('a model that is %s: its own refusal', async (_, content, code) => {
    const folder = folderOf({ 'model.onnx': content });
    const before = stateOf(folder);
    expect((await refused(folder)).code).toBe(code);
    expect(stateOf(folder)).toEqual(before);
  });

  test('a tokenizer and data that are not there', async () => {
    const folder = folderOf({ 'model.onnx': model() });
    expect((await refused(folder, { tokenizer: '/no/such.model' })).code).toBe(
      'BPB_TOKENIZER_FILE',
    );
    expect((await refused(folder, { docs: '/no/such.jsonl' })).code).toBe('BPB_DATA_MISSING');
    expect(existsSync(join(folder, 'artifact.json'))).toBe(false);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)('directories that cannot be read or written (not as root)', async () => {
    const folder = folderOf({ 'model.onnx': model() });
    chmodSync(folder, 0o555);
    expect((await refused(folder)).code).toBe('BPB_WRITE_FAILED');
    chmodSync(folder, 0o333);
    expect((await refused(folder)).code).toBe('BPB_INIT_DIRECTORY');
    chmodSync(folder, 0o755);
  });
});

describe('found', () => {
  it('a byte model by its width, with the built-in set and an assumed length', async () => {
    const folder = folderOf({ 'my model.onnx': model() });
    const result = await init({ path: folder });
    expect(result).toMatchObject({ schema: 'bpb-init/1', replaced: false });
    expect(manifestOf(folder)).toEqual({
      format: 'bpb-artifact/1',
      name: basename(folder),
      model: expect.objectContaining({ path: 'my model.onnx' }),
      tokenizer: { kind: 'byte260' },
      evaluation: { window: 'chunk', seqLen: 1024, data: 'sotu-val' },
      counted: ['my model.onnx'],
    });
    expect(result.manifest).toEqual(manifestOf(folder));
    expect(result.unknown.map(({ what }) => what)).toEqual([
      'evaluation.seqLen',
      'data',
      'counted',
    ]);
    expect(result.commands.score).toBe(`bpb score ${folder}`);
    expect(readdirSync(folder).sort()).toEqual(['artifact.json', 'my model.onnx']);
  });

  it('the tokenizer whose ids fit the logits, and why others do not', async () => {
    const folder = folderOf({ 'model.onnx': model(PIECES), 'other.model': 'no tokenizer' });
    copyFileSync(modelFile({ pieces: SMALL }), join(folder, 'sp.model'));
    copyFileSync(modelFile({ pieces: SMALL.slice(0, 280) }), join(folder, 'small.model'));
    const { found } = await init({ path: folder });
    expect(manifestOf(folder).tokenizer).toEqual({ kind: 'sentencepiece', path: 'sp.model' });
    const passed = found.filter(({ what }) => what === 'passed over');
    expect(passed.map(({ value }) => value)).toEqual(['other.model', 'small.model']);
  });

  it('several that fit, and files of other libraries: none is written, each is named', async () => {
    const folder = folderOf({ 'model.onnx': model(PIECES) });
    for (const name of ['a.model', 'b.model']) {
      copyFileSync(modelFile({ pieces: SMALL }), join(folder, name));
    }
    const two = await init({ path: folder });
    expect(two.unknown[0]!.message).toContain('a.model, b.model');
    expect(manifestOf(folder).tokenizer).toBeUndefined();
    const hf = folderOf({ 'model.onnx': model(700), 'tokenizer.json': '{}', 'config.json': '{}' });
    const { unknown, commands } = await init({ path: hf });
    expect(unknown[0]!.message).toContain('tokenizer.json: only SentencePiece is read');
    expect(commands.score).toContain('--tokenizer');
  });

  it('a tokenizer outside of the directory is in the commands', async () => {
    const folder = folderOf({ 'model.onnx': model(PIECES) });
    const tokenizer = modelFile({ pieces: SMALL });
    const { commands, unknown } = await init({ path: folder, tokenizer });
    expect(commands.score).toBe(`bpb score ${folder} --tokenizer ${tokenizer}`);
    expect(unknown[0]!.hint).toBe(`cp ${tokenizer} ${folder}/`);
    expect(manifestOf(folder).tokenizer).toBeUndefined();
  });

  it('a tokenizer that is named and does not fit is said to', async () => {
    const folder = folderOf({ 'model.onnx': model(700) });
    const { unknown } = await init({ path: folder, tokenizer: 'byte260' });
    expect(unknown[0]!.message).toBe('it has 260 ids, and the logits are 700 wide');
  });

  it('a tokenizer without BOS: what may begin a document is in the commands', async () => {
    const tokenizer = gpt2Style();
    const folder = folderOf({ 'model.onnx': model(300) });
    const { commands } = await init({ path: folder, tokenizer });
    expect(commands.score).toContain('--document-start 0');
  });

  it.each([
    ['the fixed time axis', { dims: ['batch', 64] as const }, {}, 64],
    ['config.json', {}, { 'config.json': '{"n_positions":256}' }, 256],
    ['genai_config.json', {}, { 'genai_config.json': '{"model":{"context_length":512}}' }, 512],
    ['a broken config.json', {}, { 'config.json': '{' }, 1024],
    ['one that is too long for a row', {}, { 'config.json': '{"n_ctx":131072}' }, 1024],
    [
      'the graph before config.json',
      { dims: ['batch', 64] as const },
      { 'config.json': '{"n_ctx":9}' },
      64,
    ],
  ])('the length of a row from %s', async (_, options, files, length) => {
    const folder = folderOf({ 'model.onnx': model(BYTES, options), ...files });
    await init({ path: folder });
    expect(manifestOf(folder).evaluation.seqLen).toBe(length);
  });

  const extra = (name: string): Uint8Array => {
    const graph = tableGraph(normals(BYTES * BYTES, 3), BYTES, {
      inputName: 'input.1',
      outputName: 'add_7',
    });
    const input = { name, type: 'int64', dims: ['batch', 'time'] } as const;
    return onnxModel({ ...graph, inputs: [...graph.inputs, input] });
  };

  it('ports without usual names, and a mask that is recognised: said, and scored', async () => {
    const folder = folderOf({ 'model.onnx': extra('attention_mask'), 'd.jsonl': '{"text":"abc"}' });
    const { found } = await init({ path: folder });
    expect(manifestOf(folder).model).toMatchObject({ tokens: 'input.1', logits: 'add_7' });
    expect(found).toContainEqual({
      what: 'input',
      value: 'attention_mask: ones',
      how: 'by its name, type and shape',
    });
    const options = { artifact: folder, docs: join(folder, 'd.jsonl'), seqLen: 2 };
    expect((await score(options)).score.val_bpb).toBeGreaterThan(0);
  });

  it('an input that nothing tells: refused with the flag, and with it in the manifest', async () => {
    const folder = folderOf({ 'model.onnx': extra('mystery'), 'd.jsonl': '{"text":"abc"}' });
    const refusal = await refused(folder);
    expect(refusal.code).toBe('BPB_MODEL_INPUT');
    expect(existsSync(join(folder, 'artifact.json'))).toBe(false);
    await init({ path: folder, input: { mystery: { constant: 3 } } });
    expect(manifestOf(folder).model.inputs).toEqual({ mystery: { constant: 3 } });
    const options = { artifact: folder, docs: join(folder, 'd.jsonl'), seqLen: 2 };
    expect((await score(options)).score.val_bpb).toBeGreaterThan(0);
  });

  it('the length of a row from the position table', async () => {
    const graph = tableGraph(normals(BYTES * BYTES, 3), BYTES);
    const table = {
      name: 'transformer.wpe.weight',
      type: 'float32',
      dims: [48, 4],
      data: new Float32Array(48 * 4),
    } as const;
    const initializers = [...(graph.initializers ?? []), table];
    const folder = folderOf({ 'model.onnx': onnxModel({ ...graph, initializers }) });
    const { found } = await init({ path: folder });
    expect(manifestOf(folder).evaluation.seqLen).toBe(48);
    expect(found.map(({ how }) => how)).toContain(
      'rows of the position table `transformer.wpe.weight`',
    );
  });

  it.each(['transformer.wpe.weight_merged_0', 'blocks.0.attention.mask'])(
    'the length of a row from `%s`, which two decoders or all blocks share',
    async (name) => {
      const graph = tableGraph(normals(BYTES * BYTES, 3), BYTES);
      const dims = name.endsWith('mask') ? [1, 1, 48, 48] : [48, 48];
      const table = { name, type: 'float32', dims, data: new Float32Array(48 * 48) } as const;
      const initializers = [...(graph.initializers ?? []), table];
      const folder = folderOf({ 'model.onnx': onnxModel({ ...graph, initializers }) });
      const { unknown } = await init({ path: folder });
      expect(manifestOf(folder).evaluation.seqLen).toBe(48);
      expect(unknown.map(({ what }) => what)).not.toContain('evaluation.seqLen');
    },
  );

  it('every command to copy repeats the flags that init was given', async () => {
    const folder = folderOf({ 'a.onnx': extra('mystery'), 'b.onnx': model() });
    const asked = { input: { 'my*': { constant: 2 } }, logitsAre: 'log-probabilities' } as const;
    const { unknown } = await init({
      path: join(folder, 'a.onnx'),
      tokenizer: 'byte260',
      ...asked,
    });
    const again = unknown.find(({ what }) => what === 'counted')!.hint.split(' && ')[1];
    expect(again).toBe(
      `bpb init ${folder}/a.onnx --force --tokenizer byte260 --logits-are log-probabilities --input 'my*=2'`,
    );
    const outside = modelFile({ pieces: SMALL });
    const other = folderOf({ 'a.onnx': model(PIECES), 'b.onnx': model(PIECES) });
    const told = await init({ path: join(other, 'a.onnx'), tokenizer: outside });
    expect(told.unknown.map(({ hint }) => hint)).toContain(
      `bpb score ${other} --tokenizer ${outside} --data shards/`,
    );
  });

  it('shards and a training script beside the model, and a model in onnx/', async () => {
    const folder = folderOf({
      'onnx/model.onnx': model(),
      'fineweb_val_000000.bin': 'x',
      'train_gpt.py': 'pass',
    });
    const { commands } = await init({ path: folder });
    expect(manifestOf(folder)).toMatchObject({
      model: { path: 'onnx/model.onnx' },
      counted: ['onnx/model.onnx', 'train_gpt.py'],
    });
    expect(manifestOf(folder).evaluation.data).toBeUndefined();
    expect(commands.probe).toBe(`bpb probe ${folder} --data ${folder}`);
  });
});

describe('what is written is scored', () => {
  test('a byte model alone, from the command line, in a folder with a space', async () => {
    const folder = join(folderOf({ 'a b/model.onnx.gz': gzipSync(model()) }), 'a b');
    const docs = join(folder, 'd.jsonl');
    writeFileSync(docs, '{"text":"Four score and seven years ago."}\n');
    const made = await bpb('init', folder, '--docs', docs, '--json');
    expect(made.code, made.stderr).toBe(0);
    const { commands } = JSON.parse(made.stdout);
    expect(commands.score).toBe(`bpb score '${folder}' --docs '${docs}'`);
    const scored = await score({ artifact: folder, docs, seqLen: 16 });
    expect(scored.score.val_bpb).toBeGreaterThan(0);
  });

  test('a model and its tokenizer, each found', async () => {
    const folder = folderOf({
      'model.onnx': model(PIECES),
      'd.jsonl': '{"text":"the thing in a hat, the thing in a hat"}',
      'config.json': '{"max_position_embeddings":8}',
    });
    copyFileSync(modelFile({ pieces: SMALL }), join(folder, 'sp.model'));
    await init({ path: folder });
    const scored = await score({ artifact: folder, docs: join(folder, 'd.jsonl') });
    expect(scored.window.seqLen).toBe(8);
    expect(scored.score.val_bpb).toBeGreaterThan(0);
  });

  const python = pythonWith('onnx');
  test.skipIf(python === undefined)('weights in another file are found and counted', async () => {
    const folder = folderOf({ 'inline.onnx': model() });
    const script =
      'import onnx; m = onnx.load("inline.onnx"); onnx.save(m, "model.onnx", save_as_external_data=True, location="model.onnx.data", size_threshold=0)';
    expect(spawnSync(python!, ['-c', script], { cwd: folder }).status).toBe(0);
    await init({ path: join(folder, 'model.onnx') });
    expect(manifestOf(folder).counted).toEqual(['model.onnx', 'model.onnx.data']);
    expect((await loadArtifact(folder)).size.note).toBe('no counted file is code');
  });
});

test('the report as text and Markdown: every line but commands fits 80 columns', async () => {
  const folder = folderOf({ 'model.onnx': model(700), 'tokenizer.json': '{}' });
  const { stdout } = await bpb('init', folder, '--report', `markdown=${join(folder, 'r.md')}`);
  expect(stdout).toContain('not known  tokenizer: tokenizer.json: only SentencePiece is read');
  expect(stdout).toContain(`next  bpb score ${folder}`);
  const lines = stdout.split('\n').filter((line) => !line.includes(folder));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(readFileSync(join(folder, 'r.md'), 'utf8')).toContain('written');
});
