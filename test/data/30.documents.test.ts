/** Documents: each bad line refused by its number, each good one exact to the byte. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocuments } from '#bpb/data/documents';
import type { Document } from '#bpb/data/types';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

function fileOf(content: Uint8Array | string): string {
  const path = join(temporaryFolder(), 'docs.jsonl');
  writeFileSync(path, content);
  return path;
}

async function all(content: Uint8Array | string): Promise<Document[]> {
  return collect(readDocuments(fileOf(content)));
}

const good = '{"text":"one"}\n';

describe('refused with the line', () => {
  const cases: [string, Uint8Array | string, string, number][] = [
    ['invalid UTF-8', Buffer.from(`${good}{"text":"\xff"}`, 'latin1'), 'BPB_DOCUMENT_UTF8', 2],
    [
      'UTF-8 of a surrogate',
      Buffer.from('{"text":"\xed\xa0\x80"}', 'latin1'),
      'BPB_DOCUMENT_UTF8',
      1,
    ],
    ['invalid JSON', `${good}{"text":`, 'BPB_DOCUMENT_JSON', 2],
    ['an LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', 'BPB_DOCUMENT_JSON', 1],
    ['no text field', `${good}${good}{"txt":"x"}`, 'BPB_DOCUMENT_TEXT', 3],
    ['text of another type', '{"text":1}', 'BPB_DOCUMENT_TEXT', 1],
    ['text null', '{"text":null}', 'BPB_DOCUMENT_TEXT', 1],
    ['a bare string', '"text"', 'BPB_DOCUMENT_TEXT', 1],
    ['null', 'null', 'BPB_DOCUMENT_TEXT', 1],
    ['an inherited field', '{"__proto__":{"text":"x"}}', 'BPB_DOCUMENT_TEXT', 1],
    ['half a surrogate pair', `${good}{"text":"a\\ud800b"}`, 'BPB_LONE_SURROGATE', 2],
    ['the other half', '{"text":"\\uDC00"}', 'BPB_LONE_SURROGATE', 1],
    ['a blank line', `${good}\n${good}`, 'BPB_DOCUMENT_BLANK', 2],
    ['two blank lines at the end', `${good}\n\n`, 'BPB_DOCUMENT_BLANK', 2],
    ['a blank line at the start', `\n${good}`, 'BPB_DOCUMENT_BLANK', 1],
  ];
  it.each(cases)('%s', async (_, content, code, line) => {
    const refusal = await refusalOf(() => all(content));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(`Line ${line}:`);
    expect(refusal.exitCode).toBe(3);
  });

  it('says where in the line the UTF-8 breaks', async () => {
    const refusal = await refusalOf(() => all(Buffer.from('{"text":"\xc3\xa9\xff"}', 'latin1')));
    expect(refusal.actual).toContain('byte 11 of the line');
  });
});

it('a file that is missing, a directory or empty is refused', async () => {
  expect((await refusalOf(() => readDocuments('/no/such'))).code).toBe('BPB_DATA_MISSING');
  expect((await refusalOf(() => readDocuments(temporaryFolder()))).code).toBe('BPB_DATA_MISSING');
  expect((await refusalOf(() => all(''))).code).toBe('BPB_NO_DOCUMENTS');
  expect((await refusalOf(() => all('\n'))).code).toBe('BPB_NO_DOCUMENTS');
});

describe('read exactly', () => {
  it('the end of the file may be a line feed, a blank line, or neither', async () => {
    for (const end of ['', '\n', '\n\n', '\r\n']) {
      expect(await all(`{"text":"a"}\n{"text":"b"}${end}`)).toHaveLength(2);
    }
  });

  it('carriage returns, empty texts, twins of one character and rare ones stay what they are', async () => {
    const texts = [
      '',
      'x',
      'a\r\nb',
      'é',
      'e\u0301',
      '\ufffd',
      '▁',
      '\ue001',
      '\ufeff',
      '🙂',
      '\0',
    ];
    const read = await all(texts.map((text) => JSON.stringify({ text })).join('\r\n'));
    expect(read.map(({ text }) => text)).toEqual(texts);
    expect(read.map(({ bytes }) => bytes)).toEqual(texts.map((text) => Buffer.byteLength(text)));
    expect(read.map(({ line }) => line)).toEqual(texts.map((_, k) => k + 1));
  });

  it('an escaped whole surrogate pair is one character', async () => {
    expect(await all('{"text":"\\ud83d\\ude42"}')).toEqual([{ text: '🙂', bytes: 4, line: 1 }]);
  });

  it('a byte order mark is left out, and reported', async () => {
    const source = readDocuments(fileOf(`\ufeff${good}`));
    expect(source.facts()).toBeNull();
    expect(await collect(source)).toEqual([{ text: 'one', bytes: 3, line: 1 }]);
    expect(source.facts()?.byteOrderMark).toBe(true);
    const plain = readDocuments(fileOf(good));
    await collect(plain);
    expect(plain.facts()?.byteOrderMark).toBe(false);
  });

  it('any texts come back, with their bytes and the sha256 of the file', async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 50 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(texts, async (some) => {
        const path = fileOf(some.map((text) => `${JSON.stringify({ text })}\n`).join(''));
        const source = readDocuments(path);
        const read = await collect(source);
        expect(read.map(({ text }) => text)).toEqual(some);
        expect(source.facts()).toEqual({
          documents: some.length,
          bytes: some.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
          sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
          byteOrderMark: false,
        });
      }),
      { numRuns: 50 },
    );
  });

  it('one document of 200 MB between two small ones', async () => {
    const path = join(temporaryFolder(), 'docs.jsonl');
    const megabyte = 'héllo wörld 12 '.repeat(61_681).slice(0, 917_504);
    const file = openSync(path, 'w');
    writeSync(file, `${good}{"text":"`);
    for (let k = 0; k < 200; k++) writeSync(file, megabyte);
    writeSync(file, `"}\n${good}`);
    closeSync(file);
    const bytes: number[] = [];
    for await (const document of readDocuments(path)) bytes.push(document.bytes);
    expect(bytes).toEqual([3, 200 * Buffer.byteLength(megabyte), 3]);
    expect(bytes[1]).toBeGreaterThan(200e6);
  });
});
