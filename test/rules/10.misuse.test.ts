/** Rules that are no rules, or contradict themselves: one sentence with the file and the field. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BpbError } from '#bpb/errors';
import { loadRules } from '#bpb/rules/load';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

const folder = fileFolder();
const path = join(folder, 'rules.json');
const HASH = 'a'.repeat(64);
const SLIDING = 'sliding-2026-03-19';

async function refused(content: unknown): Promise<BpbError> {
  const text =
    typeof content === 'string' || content instanceof Uint8Array
      ? content
      : JSON.stringify({ format: 'bpb-rules/1', name: 'mine', ...(content as object) });
  writeFileSync(path, text);
  const error = await refusalOf(async () => loadRules(path));
  expect(error).toMatchObject({ code: 'BPB_USAGE_RULES', exitCode: 2, path });
  expect(error.expected).toMatch(/./);
  expect(error.actual).toMatch(/./);
  expect(error.hint).toContain('docs/rules.md');
  return error;
}

describe('a file that holds no rules', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'not JSON'],
    ['half an object', '{"format": "bpb-rules/1",', 'not JSON'],
    ['a list', '[]', 'the whole rules must be an object'],
    ['null', 'null', 'the whole rules must be an object'],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0x7b), 'not text'],
    ['nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'the whole rules must be an obj'],
    ['a manifest', '{"format": "bpb-artifact/1", "name": "x"}', '`format` must be "bpb-rules/1"'],
    ['another version', '{"format": "bpb-rules/2", "name": "x"}', 'does not read rules of that'],
    ['no version', '{"format": "rules", "name": "x"}', 'found "rules"'],
    ['no version', '{"name": "x"}', '`format` is missing'],
    ['no name', '{"format": "bpb-rules/1"}', '`name` is missing'],
    [
      '__proto__',
      '{"format": "bpb-rules/1", "name": "x", "__proto__": 1}',
      '`__proto__` is no fie',
    ],
  ])('%s', async (_, text, message) => {
    expect((await refused(text)).message).toContain(message);
  });

  test.each<[string, string, (at: string) => unknown]>([
    ['no such file', 'no such file', () => undefined],
    ['a directory', 'a directory', (at) => mkdirSync(at)],
    ['two megabytes', '2097152 bytes', (at) => writeFileSync(at, ' '.repeat(2 << 20))],
    ['a long name'.repeat(500), 'ENAMETOOLONG', () => undefined],
  ])('%.20s', async (name, actual, make) => {
    const at = join(folder, name.replaceAll(' ', '-'));
    make(at);
    const error = await refusalOf(async () => loadRules(at));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES', exitCode: 2, path: at });
    expect(error.actual).toContain(actual);
    expect(error.expected).toContain('parameter-golf');
  });
});

describe('a field that is none, or of another kind', () => {
  test.each<[object, string]>([
    [{ window: { modes: ['chunk'] } }, '`window` is no field of the rules; `windows` is meant'],
    [{ windows: { seqlen: [8] } }, '`windows.seqlen` is no field of `windows`; `seqLen` is meant'],
    [{ highest: 1 }, '`highest` is no field of the rules, whose fields are'],
    [{ windows: { modes: [] } }, '`windows.modes` must be a list of at least 1'],
    [{ windows: { modes: ['chunks'] } }, '`chunk` is meant'],
    [{ windows: { modes: ['chunk', 'chunk'] } }, 'a list without repeats'],
    [{ windows: { seqLen: [] } }, '`windows.seqLen` must be a list of at least 1'],
    [{ windows: { seqLen: 1024 } }, '`windows.seqLen` must be a list, or an object'],
    [{ windows: { seqLen: [0] } }, '`windows.seqLen.0` must be above 0'],
    [{ windows: { stride: { min: 1.5 } } }, '`windows.stride.min` must be an integer'],
    [{ windows: { compat: [null] } }, '`windows.compat.0` must be "none"'],
    [{ windows: { tail: 'score' } }, '`windows.tail` must be a list'],
    [{ documentStart: [-1] }, '`documentStart.0` must be'],
    [{ data: [{ shards: ['abc'] }] }, '`data.0.shards.0` must be a sha256: 64 digits'],
    [{ data: [{ sha256: HASH }] }, '`data.0.sha256` is no field of `data.0`'],
    [{ tokenizers: { named: [{ name: 'x' }] } }, '`tokenizers.named.0.sha256` is missing'],
    [{ tokenizers: { others: 'allowed' } }, '`tokenizers.others` must be'],
    [{ normalizers: ['A'.repeat(64)] }, '`normalizers.0` must be a sha256'],
    [{ size: { limit: 16e6 } }, '`size.counted` is missing'],
    [{ size: { limit: 0, counted: ['model'] } }, '`size.limit` must be above 0'],
    [{ size: { limit: 1, counted: ['weights'] } }, '`size.counted.0` must be "model"'],
    [{ coverage: { least: 0 } }, '`coverage.least` must be a share above 0, at most 1'],
    [{ coverage: { least: 99 } }, '`coverage.least` must be a share'],
    [{ required: ['probe'] }, '`probes` is meant'],
    [{ accept: [] }, '`accept` must be a list of at least 1'],
  ])('%j', async (rules, message) => {
    expect((await refused(rules)).message).toContain(message);
  });
});

describe('contradictions', () => {
  test.each<[string, object, string]>([
    ['nothing is said', {}, 'the whole file'],
    ['a stride of chunks', { windows: { modes: ['chunk'], stride: [64] } }, 'windows.stride'],
    ['bounds crossed', { windows: { seqLen: { min: 9, max: 8 } } }, 'windows.seqLen'],
    ['strides crossed', { windows: { stride: { min: 2, max: 1 } } }, 'windows.stride'],
    ['no bound', { windows: { seqLen: {} } }, 'windows.seqLen'],
    ['a stride too long', { windows: { seqLen: [8, 16], stride: [32] } }, 'windows.stride'],
    ['strides too long', { windows: { seqLen: { max: 8 }, stride: { min: 9 } } }, 'windows.stride'],
    ['compat of chunks', { windows: { modes: ['chunk'], compat: [SLIDING] } }, 'windows.compat'],
    [
      'compat of others',
      { windows: { modes: ['chunk', 'sliding'], compat: [SLIDING] } },
      'windows.compat',
    ],
    ['compat of any', { windows: { compat: [SLIDING] } }, 'windows.compat'],
    [
      'compat with a tail',
      { windows: { modes: ['sliding'], tail: ['score'], compat: [SLIDING] } },
      'windows.compat',
    ],
    [
      'no start of documents',
      { windows: { modes: ['document'] }, documentStart: ['none'] },
      'documentStart',
    ],
    ['data of nothing', { data: [{ tokens: 5 }, {}] }, 'data.1'],
    ['an unknown set', { data: [{ known: 'fineweb-val' }] }, 'data.0.known'],
    [
      'a set of other documents',
      { data: [{ known: 'fineweb-val-50k', documents: 10_000 }] },
      'data.0.documents',
    ],
    [
      'a set of other tokens',
      { data: [{ known: 'fineweb-val-50k/sp8192', tokens: 1 }] },
      'data.0.tokens',
    ],
    ['no tokenizer', { tokenizers: {} }, 'tokenizers'],
    [
      'a name twice',
      {
        tokenizers: {
          named: [
            { name: 'a', sha256: HASH },
            { name: 'a', sha256: 'b'.repeat(64) },
          ],
        },
      },
      'tokenizers.named.1',
    ],
    [
      'a hash twice',
      {
        tokenizers: {
          named: [
            { name: 'a', sha256: HASH },
            { name: 'b', sha256: HASH },
          ],
        },
      },
      'tokenizers.named.1',
    ],
  ])('%s', async (_, rules, field) => {
    expect((await refused(rules)).message).toContain(`\`${field}\`: `);
  });
});
