import { describe, expect, test } from 'vitest';
import { parseManifest } from '#bpb/artifact/manifest';
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
