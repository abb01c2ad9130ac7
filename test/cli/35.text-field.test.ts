/** `--text-field` in every command that takes documents: the same result as the field `text` gives. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { bpb } from '../helpers/command.js';
import { fileFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const folder = fileFolder();
const at = (name: string) => join(folder, name);
const TEXTS = ['Four score and seven years ago.', 'é'];
let model = '';

beforeAll(async () => {
  ({ model } = await scoreFixture({ folder }));
  writeFileSync(at('text.jsonl'), TEXTS.map((text) => JSON.stringify({ text })).join('\n'));
  const others = TEXTS.map((body) => ({ text: 7, meta: { body } }));
  writeFileSync(at('other.json.gz'), gzipSync(JSON.stringify(others, null, 1)));
});

const named = () => ['--docs', at('other.json.gz'), '--text-field', 'meta.body'];
const plain = () => ['--docs', at('text.jsonl')];
const windows = ['--tokenizer', 'byte260', '--window', 'document', '--seq-len', '32'];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await bpb(...args, '--json', '--quiet');
  expect([0, 1], stderr).toContain(code);
  return JSON.parse(stdout);
}

describe('refused', () => {
  test.each([
    ['score', 'models/sotu-8x256', '--text-field', 'content'],
    ['probe', 'models/sotu-8x256', '--text-field', 'content'],
    ['audit', 'byte260', '--docs', 'sotu-val', '--text-field', 'content'],
  ])('without documents of a file: %s', async (...args) => {
    const { code, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toContain('--text-field');
  });

  test('an empty name, and a field that only the other documents have', async () => {
    const empty = await bpb('audit', 'byte260', ...plain(), '--text-field', '');
    expect(empty.code).toBe(2);
    const { code, stderr } = await bpb('audit', 'byte260', ...plain(), '--text-field', 'content');
    expect(code).toBe(3);
    expect(stderr).toContain('--text-field text');
  });
});

test('audit reads the same texts', async () => {
  const [a, b] = await Promise.all([
    json('audit', 'byte260', ...plain()),
    json('audit', 'byte260', ...named()),
  ]);
  expect(b.documents.documents_sha256).toBe(a.documents.documents_sha256);
  expect(b.documents.bytes).toEqual(a.documents.bytes);
});

test('tokenize writes the same shard', async () => {
  const a = await json('tokenize', '--tokenizer', 'byte260', ...plain(), '--out', at('a'));
  const b = await json('tokenize', '--tokenizer', 'byte260', ...named(), '--out', at('b'));
  expect(b.shards[0].sha256).toBe(a.shards[0].sha256);
  expect(b.documents.sha256).toBe(a.documents.sha256);
});

test('score gives the same number, probe runs on the same tokens', async () => {
  const a = await json('score', model, ...windows, ...plain());
  const b = await json('score', model, ...windows, ...named());
  expect(a.score.val_bpb).toBeGreaterThan(0);
  expect(b.score.val_bpb).toBe(a.score.val_bpb);
  expect(b.data.documents.sha256).toBe(a.data.documents.sha256);
  const probed = await json('probe', model, ...windows, ...named());
  const tokens = TEXTS.reduce((sum, text) => sum + 1 + Buffer.byteLength(text), 0);
  expect(probed.data).toEqual({ tokens, documents: 2 });
});
