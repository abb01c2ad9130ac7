/** Parquet: what is refused, and that every way to write strings gives the texts back to the byte. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { readDocuments } from '#bpb/data/documents';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';

/**
 * Made by pyarrow 26.0.1: `write_table(table, row_group_size=2, compression='snappy',
 * write_statistics=False, store_schema=False)` of id 1, 2, 3 and the texts below.
 */
const SNAPPY = Buffer.from(
  'UEFSMRUEFSAVJEwVBBUAEgAAEDwBAAAAAAAAAAIAAAAAAAAAFQAVEhUWLBUEFRAVBhUGHAAAAAkgAgAAAAQB' +
    'AQMCFQQVKBUsTBUEFQASAAAUTAMAAABvbmUJAAAA77u/dHdvIMOpFQAVEhUWLBUEFRAVBhUGHAAAAAkgAgAA' +
    'AAQBAQMCFQQVEBUUTBUCFQASAAAIHAMAAAAAAAAAFQAVEhUWLBUCFRAVBhUGHAAAAAkgAgAAAAIBAQIAFQQV' +
    'CBUMTBUCFQASAAAEDAAAAAAVABUSFRYsFQIVEBUGFQYcAAAACSACAAAAAgEBAgAVBBk8NQAYBnNjaGVtYRUE' +
    'ABUEJQIYAmlkABUMJQIYBHRleHQlAEwcAAAAFgYZLBksJgAcFQQZNQAGEBkYAmlkFQIWBBZ0FnwmSCYIKSwV' +
    'BBUAFQIAFQAVEBUCADwpBhkmAAQAAAAmABwVDBk1AAYQGRgEdGV4dBUCFgQWfBaEASbMASaEASksFQQVABUC' +
    'ABUAFRAVAgA8FhgZBhkmAAQAAAAW8AEWBCYIFoACABksJgAcFQQZNQAGEBkYAmlkFQIWAhZkFmwmuAImiAIp' +
    'LBUEFQAVAgAVABUQFQIAPCkGGSYAAgAAACYAHBUMGTUABhAZGAR0ZXh0FQIWAhZcFmQmnAMm9AIpLBUEFQAV' +
    'AgAVABUQFQIAPBYAGQYZJgACAAAAFsABFgImiAIW0AEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2' +
    'LjAuMRksHAAAHAAAAFgBAABQQVIx',
  'base64',
);
/** One row of 269,000,000 `x` in one page of Zstandard, by pyarrow's `write_table`; as gzip. */
const LARGE_PAGE = Buffer.from(
  'H4sIAFCMCGsC/+3av0rDUBQG8JNDuGTI0OVceuEOWRI6tNUICoKD3VQcSru4hhLQQRvTqBnjK4iDgz6GbyA+h7OT' +
    'CI5i70WfQj4Ov+H8gfMC33Qyy4Xk/uulY3nrgqGwa5UoS0SD543v7uDoKeo9Ep2wm3Cw77o2oM+f3Q9m6rUAAAAA' +
    'AAAAAAAAAAAAAADwf8zfw1ZCM9ymvlotTsvzQpgkTrkfNmXbpHTsEwWajTU2IyuxSRWZ36XEmvWrjyDou9sgiw6t' +
    'kCumPd35qVEmIx8/+DviLPKHNEiqor68KpvRoqpGRV0vb5Lrsl6dLS+SrZ3x5jg31n99cKaTWb4GN9Ukc+0gAAA=',
  'base64',
);
const TEXTS = ['one', '\ufefftwo é', ''];

function fileOf(content: Uint8Array): string {
  const path = join(temporaryFolder(), 'docs.parquet');
  writeFileSync(path, content);
  return path;
}

const refused = (content: Uint8Array, options: { textField?: string } = {}) =>
  refusalOf(() => collect(readDocuments(fileOf(content), options)));

describe('refused', () => {
  it('another column, with the columns there are', async () => {
    const refusal = await refused(SNAPPY, { textField: 'content' });
    expect(refusal.code).toBe('BPB_DOCUMENT_TEXT');
    expect(refusal.actual).toBe('the columns id, text');
    expect(refusal.hint).toContain('--text-field text');
    expect((await refused(SNAPPY, { textField: 'id' })).code).toBe('BPB_DOCUMENT_TEXT');
  });

  it('cut short anywhere, or with a byte changed in its structure', async () => {
    for (let size = 4; size < SNAPPY.length; size += 7) {
      const refusal = await refused(SNAPPY.subarray(0, size));
      expect(refusal.code).toBe('BPB_PARQUET');
      expect(refusal.hint).toContain('pyarrow');
    }
  });

  it('any byte changed: refused in words, or read; never a crash', async () => {
    for (let at = 4; at < SNAPPY.length; at += 3) {
      const changed = Buffer.from(SNAPPY);
      changed[at] = changed[at]! ^ 0x15;
      const path = fileOf(changed);
      const outcome = await collect(readDocuments(path)).catch((error: Error) => error.name);
      if (typeof outcome === 'string') expect(outcome).toBe('BpbError');
      else expect(outcome).toHaveLength(3);
    }
  });
});

it('a page of Zstandard larger than a string may be long', async () => {
  const [document, ...others] = await collect(readDocuments(fileOf(gunzipSync(LARGE_PAGE))));
  expect(document!.bytes).toBe(269_000_000);
  expect(/^x+$/.test(document!.text)).toBe(true);
  expect(others).toEqual([]);
});

it('the texts, rows and hash of a file of two row groups', async () => {
  const path = fileOf(SNAPPY);
  const source = readDocuments(path);
  const read = await collect(source);
  expect(read.map(({ text }) => text)).toEqual(TEXTS);
  expect(read.map(({ line }) => line)).toEqual([1, 2, 3]);
  expect(read.map(({ bytes }) => bytes)).toEqual(TEXTS.map((text) => Buffer.byteLength(text)));
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  expect(source.facts()).toMatchObject({ documents: 3, sha256 });
});

const python = pythonWith('pyarrow.parquet');

describe.skipIf(python === undefined)('written by pyarrow', () => {
  const SCRIPT = `
import json, sys, pyarrow as pa, pyarrow.parquet as q
folder = sys.argv[1]
texts = ["%d " % k + "wörd " * (k % 97) for k in range(3000)] + ["", "\\ufeff", "\\x00", "U0001f642"]
table = pa.table({"text": texts, "n": list(range(len(texts)))})
json.dump(texts, open(folder + "/texts.json", "w"))
ways = {
    "snappy": dict(compression="snappy"), "zstd": dict(compression="zstd"),
    "gzip": dict(compression="gzip"), "brotli": dict(compression="brotli"),
    "none": dict(compression="none"), "plain": dict(use_dictionary=False),
    "pages2": dict(data_page_version="2.0", compression="zstd"),
    "small-pages": dict(data_page_size=1000, write_page_index=True),
    "delta": dict(use_dictionary=False, column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY"}),
    "delta-bytes": dict(use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"}),
    "fallback": dict(dictionary_pagesize_limit=2000),
}
for name, options in ways.items():
    q.write_table(table, f"{folder}/{name}.parquet", row_group_size=1000, **options)
q.write_table(table, f"{folder}/one-group.parquet")
q.write_table(table.cast(pa.schema([("text", pa.large_string()), ("n", pa.int64())])), f"{folder}/large.parquet")
strict = pa.schema([pa.field("text", pa.string(), nullable=False), ("n", pa.int64())])
q.write_table(table.cast(strict), f"{folder}/required.parquet")
q.write_table(pa.table({"text": ["a", None]}), f"{folder}/null.parquet")
q.write_table(pa.table({"text": pa.array([b"a", b"\\xff"])}), f"{folder}/invalid.parquet")
q.write_table(pa.table({"text": [["a"], ["b"]]}), f"{folder}/list.parquet")
q.write_table(table, f"{folder}/lz4.parquet", compression="lz4")
`;

  test('in every way: the texts come back; nulls, bytes that are no UTF-8, lists and LZ4 do not', async () => {
    const folder = temporaryFolder();
    const made = spawnSync(python!, ['-c', SCRIPT, folder], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    const texts = JSON.parse(readFileSync(join(folder, 'texts.json'), 'utf8'));
    const read = (name: string) => collect(readDocuments(join(folder, `${name}.parquet`)));
    const ways = ['snappy', 'zstd', 'gzip', 'brotli', 'none', 'plain', 'pages2', 'small-pages'];
    ways.push('delta', 'delta-bytes', 'fallback', 'one-group', 'large', 'required');
    for (const name of ways) {
      expect(
        (await read(name)).map(({ text }) => text),
        name,
      ).toEqual(texts);
    }
    const codeOf = async (name: string) => (await refusalOf(() => read(name))).code;
    expect((await refusalOf(() => read('null'))).message).toContain('Row 2');
    expect(await codeOf('null')).toBe('BPB_DOCUMENT_TEXT');
    expect(await codeOf('invalid')).toBe('BPB_DOCUMENT_UTF8');
    expect(await codeOf('list')).toBe('BPB_DOCUMENT_TEXT');
    const refusal = await refusalOf(() => read('lz4'));
    expect(refusal.code).toBe('BPB_PARQUET');
    // The command of the hint makes a file that is read.
    const command = refusal.hint!.slice(refusal.hint!.indexOf('python3'));
    const run = spawnSync('bash', ['-c', command.replace('python3', python!)], { cwd: folder });
    expect(run.status).toBe(0);
    expect((await read('docs')).map(({ text }) => text)).toEqual(texts);
  });
});
