import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { parseManifest } from '#bpb/artifact/manifest';
import { findJsonError } from '#bpb/json-error';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

const good = {
  format: 'bpb-artifact/1',
  name: 'baseline',
  model: { path: 'model.onnx.xz' },
  tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
  evaluation: { window: 'chunk', seqLen: 1024, stride: null, data: 'sotu-val' },
  counted: ['model.onnx.xz'],
};
const parse = (json: unknown) => parseManifest(JSON.stringify(json), 'a/artifact.json');

describe('a manifest that says something else is refused, naming the field', () => {
  test.each([
    ['no JSON', () => parseManifest('{', 'a/artifact.json'), 'BPB_MANIFEST_JSON', /JSON/],
    ['an unknown field', () => parse({ ...good, weights: 1 }), 'BPB_MANIFEST_INVALID', /weights/],
    [
      'an unknown field inside',
      () => parse({ ...good, model: { path: 'm.onnx', softCap: 30 } }),
      'BPB_MANIFEST_INVALID',
      /model\.softCap/,
    ],
    [
      'a later format',
      () => parse({ ...good, format: 'bpb-artifact/2' }),
      'BPB_MANIFEST_INVALID',
      /format/,
    ],
    ['no model', () => parse({ ...good, model: undefined }), 'BPB_MANIFEST_INVALID', /model/],
    ['nothing counted', () => parse({ ...good, counted: [] }), 'BPB_MANIFEST_INVALID', /counted/],
    [
      'a window of no kind',
      () => parse({ ...good, evaluation: { ...good.evaluation, window: 'rolling' } }),
      'BPB_MANIFEST_INVALID',
      /evaluation\.window/,
    ],
    [
      'half a row',
      () => parse({ ...good, evaluation: { ...good.evaluation, seqLen: 0.5 } }),
      'BPB_MANIFEST_INVALID',
      /evaluation\.seqLen/,
    ],
    [
      'a tokenizer without a file',
      () => parse({ ...good, tokenizer: { kind: 'sentencepiece' } }),
      'BPB_MANIFEST_INVALID',
      /tokenizer\.path/,
    ],
    ['an array', () => parse([good]), 'BPB_MANIFEST_INVALID', /whole/],
  ] as const)('%s', async (_, work, code, message) => {
    const error = await refusalOf(work);
    expect(error).toMatchObject({ code, kind: 'input', path: 'a/artifact.json' });
    expect(error.message).toMatch(message);
  });
});

describe('what is wrong is said in a sentence, with what is meant', () => {
  const { model: _, ...withoutModel } = good;
  const tensor = { name: 'h', in: 'h', out: 'h2', shape: [1], reset: 'document' };
  const state = (wrong: object) => ({
    ...good,
    state: { tensors: [{ ...tensor, ...wrong }], chunk: 64 },
  });
  const model = (wrong: object) => ({ ...good, model: { path: 'm.onnx', ...wrong } });

  test.each([
    [
      'a misspelt field',
      { ...withoutModel, modle: {} },
      '`modle` is no field of the manifest; `model` is meant',
    ],
    [
      'another case',
      model({ softCap: 30 }),
      '`model.softCap` is no field of `model`; `softcap` is meant',
    ],
    [
      'a field of nothing near',
      { ...good, weights: 1 },
      '`weights` is no field of the manifest, whose fields are format, name, model, tokenizer, evaluation, state, adapt, counted, code',
    ],
    [
      'in a list',
      state({ rest: 'never', reset: undefined }),
      '`state.tensors.0.rest` is no field of `state.tensors.0`; `reset` is meant',
    ],
    [
      'in an alternative',
      state({ init: { pth: 'x' } }),
      '`state.tensors.0.init.pth` is no field of `state.tensors.0.init`; `path` is meant',
    ],
    [
      'of another kind',
      { ...good, tokenizer: { kind: 'byte260', path: 'x' } },
      '`tokenizer.path` is no field of `tokenizer`, whose fields are kind, documentStart',
    ],
    [
      'a misspelt kind',
      { ...good, tokenizer: { kind: 'sentencpiece', path: 'x' } },
      '`tokenizer.kind` must be "sentencepiece" or "byte260", found "sentencpiece"; `sentencepiece` is meant',
    ],
    [
      'no kind',
      { ...good, tokenizer: { path: 'x' } },
      '`tokenizer.kind` is missing: "sentencepiece" or "byte260"',
    ],
    [
      'a misspelt value',
      { ...good, evaluation: { window: 'chunks', seqLen: 8 } },
      '`evaluation.window` must be "chunk", "sliding" or "document", found "chunks"; `chunk` is meant',
    ],
    [
      'a number in quotes',
      { ...good, evaluation: { window: 'chunk', seqLen: '8' } },
      '`evaluation.seqLen` must be a number, found "8"',
    ],
    [
      'half a token',
      { ...good, evaluation: { window: 'chunk', seqLen: 0.5 } },
      '`evaluation.seqLen` must be an integer, found 0.5',
    ],
    ['text for a list', { ...good, counted: 'm.onnx' }, '`counted` must be a list, found "m.onnx"'],
    [
      'an empty list',
      { ...good, counted: [] },
      '`counted` must be a list of at least 1, found a list of 0',
    ],
    [
      'a name that cannot be',
      state({ in: '__proto__' }),
      '`state.tensors.0.in` must be another name than __proto__, found "__proto__"',
    ],
    ['null', null, 'the whole manifest must be an object, found null'],
  ])('%s', async (_case, json, sentence) => {
    const error = await refusalOf(() => parse(json));
    expect(error.message).toBe(sentence);
    expect(error.actual).toBe('one problem');
  });

  test('all problems at once, a long value cut, many problems counted', async () => {
    const two = await refusalOf(() => parse({ ...withoutModel, modle: {}, name: 'x'.repeat(300) }));
    expect(two.message).toMatch(/^`modle` .*; `model` is meant; `name` must be .*x\.\.\.$/);
    expect(two).toMatchObject({ actual: '2 problems', hint: 'docs/artifact.md lists the fields' });
    const empty = await refusalOf(() => parse({}));
    for (const field of ['format', 'name', 'model', 'counted']) {
      expect(empty.message).toContain(`\`${field}\` is missing: `);
    }
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_each, k) => [`x${k}`, k]));
    const many = await refusalOf(() => parse({ ...good, ...fields }));
    expect(many.message).toMatch(/; and 12 more$/);
  });

  test('never in the words of the validator', async () => {
    const wrong = [
      {},
      [],
      3,
      { ...good, tokenizer: 3 },
      model({ path: 7, softcap: 'x' }),
      state({ shape: [0.5], dtype: 'f32' }),
    ];
    for (const json of wrong) {
      const error = await refusalOf(() => parse(json));
      expect(error.message).not.toMatch(/Invalid|expected|Unrecognized|received|Too (big|small)/);
    }
  });
});

describe('a manifest that is not JSON: the place, and nothing of the file', () => {
  test.each([
    ['', 1, 1, 'a value'],
    ['{', 1, 2, 'a field in double quotes'],
    ['{"a":1,}', 1, 8, 'a field in double quotes'],
    ["{'a':1}", 1, 2, 'a field in double quotes'],
    ['{\n  "a": tru\n}', 2, 8, 'a value'],
    ['[1 2]', 1, 4, 'a comma or ]'],
    ['{"a" 1}', 1, 6, 'a colon'],
    ['{"a":1} x', 1, 9, 'the end of the text'],
    ['{"key":"s3cret" "b":1}', 1, 17, 'a comma or }'],
    ['{"a":01}', 1, 6, 'a value'],
    ['['.repeat(300_000), 1, 300_001, 'a value'],
  ])('%.20j', async (text, line, column, expected) => {
    const error = await refusalOf(() => parseManifest(text, 'a/artifact.json'));
    expect(error).toMatchObject({ code: 'BPB_MANIFEST_JSON', expected });
    expect(error.actual).toBe(`something else at line ${line}, column ${column}`);
    expect(JSON.stringify(error) + String(error.cause)).not.toMatch(/s3cret/);
  });

  test('the place is found exactly where JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', 'x', '\\', '0'),
        (json, at, mark) => {
          const place = at % (json.length + 1);
          const text = json.slice(0, place) + mark + json.slice(place + 1);
          let refused = false;
          try {
            JSON.parse(text);
          } catch {
            refused = true;
          }
          expect(findJsonError(text) !== null).toBe(refused);
        },
      ),
    );
  });

  test('a link out of the folder, or what is no file, is refused unread', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(elsewhere, 'other.json'), '{"key": "s3cret"}');
    symlinkSync(join(elsewhere, 'other.json'), join(folder, 'artifact.json'));
    const error = await refusalOf(() => loadArtifact(folder));
    expect(error).toMatchObject({ code: 'BPB_MANIFEST_PATH', actual: 'a link that leads outside' });
    expect(JSON.stringify(error)).not.toMatch(/s3cret/);
    const other = temporaryFolder();
    mkdirSync(join(other, 'artifact.json'));
    expect((await refusalOf(() => loadArtifact(other))).actual).toBe('not a plain file');
  });
});

test('defaults are those of the exported baseline', () => {
  expect(parse(good).model).toEqual({
    path: 'model.onnx.xz',
    softcap: null,
  });
});

test('__proto__ in a manifest is an unknown field, and poisons nothing', async () => {
  const text = JSON.stringify(good).replace('{', '{"__proto__":{"polluted":true},');
  await refusalOf(() => parseManifest(text, 'a/artifact.json')).catch(() => undefined);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
