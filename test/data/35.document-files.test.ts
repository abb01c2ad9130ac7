/** Files of documents: other fields, compressed, arrays, Python's NaN, and formats that are named. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocuments } from '#bpb/data/documents';
import { arrayElements } from '#bpb/data/documents/json-array';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';
import { zstdFrame, zstdRepeated } from '../helpers/zstd.js';

type ReadDocumentsOptions = NonNullable<Parameters<typeof readDocuments>[1]>;

function fileOf(content: Uint8Array | string, name = 'docs.jsonl'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

function read(content: Uint8Array | string, options: ReadDocumentsOptions = {}, name?: string) {
  return collect(readDocuments(fileOf(content, name), options));
}

async function texts(...args: Parameters<typeof read>): Promise<string[]> {
  return (await read(...args)).map(({ text }) => text);
}

const refused = (...args: Parameters<typeof read>) => refusalOf(() => read(...args));

const LINES = '{"text":"one"}\n{"text":"two é"}\n';

describe('the field of the text', () => {
  it.each([
    ['content', '{"id":"7","content":"x"}', '--text-field content'],
    ['the most usual of several', '{"body":"x","content":"y"}', '--text-field content'],
    ['the only string', '{"id":7,"mine":"x"}', '--text-field mine'],
    ['a name with a space', '{"my text":"x"}', "--text-field 'my text'"],
    ['inside an object', '{"id":7,"data":{"content":"x"}}', '--text-field data.content'],
    ['text that is a number', '{"text":1,"content":"x"}', '--text-field content'],
    ['nothing usual', '{"a":"x","b":"y"}', '--text-field NAME'],
  ])('is named in the refusal: %s', async (_, line, flag) => {
    const refusal = await refused(line);
    expect(refusal.code).toBe('BPB_DOCUMENT_TEXT');
    expect(refusal.hint).toContain(flag);
  });

  it('another field, a key with a dot, a field of a field', async () => {
    expect(await texts('{"content":"x","text":"y"}', { textField: 'content' })).toEqual(['x']);
    expect(await texts('{"a.b":"x","a":{"b":"y"}}', { textField: 'a.b' })).toEqual(['x']);
    expect(await texts('{"a":{"b":{"c":"x"}}}', { textField: 'a.b.c' })).toEqual(['x']);
  });

  it('a field that is not there is refused by its name, and never replaced by `text`', async () => {
    const refusal = await refused('{"text":"x"}', { textField: 'content' });
    expect(refusal.message).toBe('Line 1: it has no string field "content".');
    expect(refusal.hint).toContain('--text-field text');
    for (const textField of ['a.b', 'a.b.c', 'toString', '__proto__', 'a.length']) {
      const found = await refused('{"a":{"c":1}}', { textField });
      expect(found.code).toBe('BPB_DOCUMENT_TEXT');
    }
  });

  it.each([
    ['plain', '{"text":"a","text":"b"}'],
    ['with spaces', '{"text" : "a", "id":[{"text":1}] , "text"\t:"b"}'],
    ['spelled with an escape', '{"te\\u0078t":"a","text":"b"}'],
    ['after a text that looks like it', '{"text":"\\"text\\":","x":{},"text":"b"}'],
    ['with NaN beside it', '{"text":"a","x":NaN,"text":"b"}'],
  ])('twice in one document is refused: %s', async (_, line) => {
    const refusal = await refused(`${LINES}${line}`);
    expect(refusal.code).toBe('BPB_DOCUMENT_TEXT');
    expect(refusal.message).toBe('Line 3: it has the field "text" twice.');
  });

  it('twice on the way to a nested text is refused', async () => {
    const options = { textField: 'a.b' };
    for (const line of ['{"a":{"b":"x"},"a":{"b":"y"}}', '{"a":{"b":"x","b":"y"}}']) {
      expect((await refused(line, options)).message).toContain('twice');
    }
    expect(await texts('{"b":"1","a":{"c":{"b":2},"b":"x"},"c":{"b":3}}', options)).toEqual(['x']);
  });

  it('the word in other places is no second field', async () => {
    const line = '{"a":{"text":"b"},"text":"\\"text\\": \\\\","c":["text","text"],"d":"\\u0074"}';
    expect(await texts(line)).toEqual(['"text": \\']);
  });
});

describe('NaN and Infinity, as Python writes them', () => {
  it('are taken in other fields', async () => {
    const line = '{"score":NaN,"list":[Infinity,-Infinity,1],"text":"NaN is \\"Infinity\\""}';
    expect(await texts(line)).toEqual(['NaN is "Infinity"']);
  });

  it.each(['{"text":NaN}', '{"text":-Infinity}'])('are refused as the text: %s', async (line) => {
    const refusal = await refused(line);
    expect(refusal.code).toBe('BPB_DOCUMENT_TEXT');
    expect(refusal.actual).toBe('NaN or Infinity');
  });

  it.each(['{"text":"x","a":NaNs}', '{"text":"x","a":+Infinity}', '{"text":"x","a":undefined}'])(
    'no other spelling is: %s',
    async (line) => expect((await refused(line)).code).toBe('BPB_DOCUMENT_JSON'),
  );
});

describe('an array of documents', () => {
  it.each([
    ['cut short', '[{"text":"a"},'],
    ['cut inside', '[{"text":"a"'],
    ['a comma at the end', '[{"text":"a"},]'],
    ['a comma first', '[,{"text":"a"}]'],
    ['two commas', '[{"text":"a"},,{"text":"b"}]'],
    ['no comma', '[{"text":"a"} {"text":"b"}]'],
    ['more after it', '[{"text":"a"}]\n{"text":"b"}'],
    ['a second array', '[{"text":"a"}]\n[{"text":"b"}]'],
    ['closed by the wrong bracket', '[{"text":"a"}}'],
    ['an element that is no JSON', '[{"text":"a"},{"text":]}]'],
  ])('is refused: %s', async (_, content) => {
    expect((await refused(content)).code).toBe('BPB_DOCUMENT_JSON');
  });

  it('refuses a document by its number and line', async () => {
    const refusal = await refused('[\n  {"text": "a"},\n  {"content": "b"}\n]\n');
    expect(refusal.message).toBe('Document 2 (line 3): it has no string field "text".');
    expect(refusal.hint).toContain('--text-field content');
    expect((await refused('[{"text":"a"},["b"]]')).message).toContain('Document 2 (line 1)');
  });

  it('holds nothing, or texts with a field beside them: refused', async () => {
    expect((await refused('[]')).code).toBe('BPB_NO_DOCUMENTS');
    expect((await refused(' [ \n ] \n')).code).toBe('BPB_NO_DOCUMENTS');
    const refusal = await refused('["a"]', { textField: 'content' });
    expect(refusal.hint).toContain('Leave --text-field out');
  });

  it('of objects or texts, on one line or many, gives them in order', async () => {
    expect(await texts('[{"text":"a"},{"text":"b"}]')).toEqual(['a', 'b']);
    expect(await texts('\ufeff\r\n[ "a" , "b]" ]\r\n')).toEqual(['a', 'b]']);
    const pretty = await read(JSON.stringify([{ text: 'a', x: [1] }, { text: 'b' }], null, 2));
    expect(pretty.map(({ text, line }) => [text, line])).toEqual([
      ['a', 2],
      ['b', 8],
    ]);
  });

  it('any texts come back, whatever their brackets and quotes, in any spacing', async () => {
    const content = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(content, fc.constantFrom(0, 1, '\t'), async (some, space) => {
        const documents = some.map((text, k) => ({ k: [{ '"]': k }], text, z: '\\' }));
        expect(await texts(JSON.stringify(documents, null, space))).toEqual(some);
      }),
      { numRuns: 15 },
    );
  });

  it('is cut into the same documents wherever the chunks of the file end', async () => {
    const documents = [{ 'te"xt': 'a\\"]}', x: ['\\'] }, 'b\\\\"', 7, [{ y: ',' }]];
    const bytes = Buffer.from(`\n ${JSON.stringify(documents, null, 1)} `);
    async function* chunks(size: number) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    for (let size = 1; size <= bytes.length; size++) {
      const elements = await collect(arrayElements(chunks(size), 'docs.json'));
      const read = elements.map((element) => JSON.parse(Buffer.from(element.bytes).toString()));
      expect(read).toEqual(documents);
    }
  });

  it('over several chunks of the file', async () => {
    const some = Array.from({ length: 40 }, (_, k) => `${k} "]}\\é`.repeat(10_000));
    expect(await texts(JSON.stringify(some.map((text) => ({ text }))))).toEqual(some);
  });
});

describe('nesting without end', () => {
  const deep = (open: string, close: string, n = 200_000) => open.repeat(n) + close.repeat(n);

  it('beside the text is read over; as the text, and as a document, it is refused', async () => {
    expect(await texts(`{"text":"x","a":${deep('[', ']')}}`)).toEqual(['x']);
    expect(await texts(`[{"a":${deep('{"text":', '}').replace('}', '1}')},"text":"x"}]`)).toEqual([
      'x',
    ]);
    expect((await refused(`{"text":${deep('[', ']')}}`)).code).toBe('BPB_DOCUMENT_TEXT');
    expect((await refused(deep('[', ']'))).code).toBe('BPB_DOCUMENT_TEXT');
    expect((await refused('['.repeat(200_000))).code).toBe('BPB_DOCUMENT_JSON');
  });
});

describe('compressed files', () => {
  const xz = () => {
    const script =
      'import lzma,sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read()))';
    return (content: string) =>
      spawnSync(pythonWith('lzma')!, ['-c', script], { input: content }).stdout;
  };
  const formats: [string, (content: string) => Buffer][] = [
    ['gzip', (content) => gzipSync(content)],
    ['Zstandard', (content) => zstdFrame(Buffer.from(content))],
    ['Brotli', (content) => brotliCompressSync(content)],
    ...(pythonWith('lzma') === undefined ? [] : [['xz', xz()] as [string, () => Buffer]]),
  ];
  // Brotli has no signature: its name says what it is.
  const nameOf = (format: string) => (format === 'Brotli' ? 'docs.jsonl.br' : 'docs.jsonl');

  it.each(formats)(
    '%s is read by its content; the hash is that of the file',
    async (name, pack) => {
      for (const content of [LINES, `[${LINES.trim().replace('\n', ',')}]`]) {
        const path = fileOf(pack(content), nameOf(name));
        const source = readDocuments(path);
        expect((await collect(source)).map(({ text }) => text)).toEqual(['one', 'two é']);
        const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
        expect(source.facts()).toMatchObject({ documents: 2, bytes: 9, sha256 });
        expect(await collect(source)).toHaveLength(2);
      }
    },
  );

  it.each(formats)(
    '%s that is cut short or followed by something else is refused',
    async (name, pack) => {
      const whole = pack(LINES.repeat(100));
      for (const content of [
        whole.subarray(0, -1),
        whole.subarray(0, whole.length >> 1),
        Buffer.concat([whole, Buffer.from(LINES)]),
      ]) {
        const refusal = await refused(content, {}, nameOf(name));
        expect(refusal.code).toBe('BPB_DECOMPRESS');
        expect(refusal.message).toContain(name);
        expect(refusal.hint).toContain('docs.jsonl');
      }
    },
  );

  it.each(formats.filter(([name]) => name !== 'Brotli'))(
    'members of %s, one after the other, are one file',
    async (_, pack) => {
      const joined = Buffer.concat([pack(LINES), pack(LINES)]);
      expect(await texts(joined)).toEqual(['one', 'two é', 'one', 'two é']);
    },
  );

  it('a second Brotli stream, which the decoder leaves out, is refused', async () => {
    const twice = Buffer.concat([brotliCompressSync(LINES), brotliCompressSync(LINES)]);
    expect((await refused(twice, {}, 'docs.jsonl.br')).code).toBe('BPB_DECOMPRESS');
  });

  it('compressed twice, and a Parquet file inside, are named', async () => {
    expect((await refused(gzipSync(gzipSync(LINES)))).message).toContain('a gzip file');
    expect((await refused(gzipSync('PAR1xxxx'))).message).toContain('a Parquet file');
  });

  it('the first documents of a large file are read without the rest', async () => {
    const path = fileOf(gzipSync(LINES.repeat(1_000_000)), 'docs.jsonl.gz');
    for await (const { text } of readDocuments(path)) {
      expect(text).toBe('one');
      break;
    }
  });

  it('a small file of one endless line is refused before it fills the memory', async () => {
    // 64 KB that unpack to 2 GB.
    const refusal = await refused(zstdRepeated(0x61, 16_384), {}, 'docs.jsonl.zst');
    expect(refusal.code).toBe('BPB_DOCUMENT_TOO_LONG');
  });
});

describe('what holds no documents is named, with a command that converts it', () => {
  const utf16 = (content: string, mark: boolean) =>
    Buffer.from(`${mark ? '\ufeff' : ''}${content}`, 'utf16le');
  const cases: [string, Uint8Array | string, string, RegExp, RegExp][] = [
    [
      'UTF-16, little endian',
      utf16(LINES, true),
      'a.jsonl',
      /UTF-16/,
      /^iconv -f UTF-16 -t UTF-8 /,
    ],
    ['UTF-16, big endian', utf16(LINES, true).swap16(), 'a.jsonl', /UTF-16/, /-f UTF-16 /],
    ['without a mark', utf16(LINES, false), 'a.jsonl', /UTF-16LE/, /-f UTF-16LE /],
    ['big endian without', utf16(LINES, false).swap16(), 'a.jsonl', /UTF-16BE/, /-f UTF-16BE /],
    ['UTF-32', Buffer.from('\xff\xfe\0\0{\0\0\0', 'latin1'), 'a.jsonl', /UTF-32/, /-f UTF-32 /],
    ['zip', 'PK\x03\x04rest', 'a.zip', /a zip file/, /unzip -p .*a\.zip \| gzip > .*a\.jsonl\.gz/],
    ['gzip in gzip', gzipSync(gzipSync(LINES)), 'a.gz', /a gzip file/, /one of its compressions/],
    ['bzip2', 'BZh91AY', 'a.jsonl.bz2', /bzip2/, /bzip2 -dc/],
    ['tar', `a.jsonl${'\0'.repeat(250)}ustar`, 'a.tar', /a tar archive/, /tar -xf/],
    ['Arrow', 'ARROW1\0\0', 'a.arrow', /Arrow/, /datasets/],
    ['Arrow stream', Buffer.from([255, 255, 255, 255, 8, 3, 0, 0]), 'a', /Arrow/, /datasets/],
    ['a shard', Buffer.from([0x88, 0xd8, 0x34, 1, 1, 0]), 'a.bin', /token shard/, /--data/],
    ['a pickle', Buffer.from([0x80, 4, 0x95, 1]), 'a.pkl', /pickle/, /JSON Lines/],
    ['CSV', 'id,text\n1,hello\n', 'a.csv', /not valid JSON/, /pandas.read_csv/],
    ['TSV', 'id\ttext\n', 'a.tsv', /not valid JSON/, /sep="\\t"/],
    ['plain text', 'It was a night.\n', 'a.txt', /not valid JSON/, /jq -Rsc/],
    ['an object over lines', '{\n "text": "x"\n}\n', 'a.json', /not valid JSON/, /jq -c \. /],
  ];
  it.each(cases)('%s', async (_, content, name, message, hint) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    const refusal = await refused(bytes, {}, name);
    expect(refusal.exitCode).toBe(3);
    expect(refusal.message).toMatch(message);
    expect(refusal.hint).toMatch(hint);
  });

  it('a file name with a space is quoted in the command', async () => {
    const refusal = await refused(utf16(LINES, true), {}, "my 'docs'.jsonl");
    expect(refusal.hint).toMatch(/UTF-8 '.*my '\\''docs'\\''\.jsonl' > '/);
  });

  it('the commands for CSV, plain text and UTF-16 give what is then read', async () => {
    const python = pythonWith('pandas');
    const csv = fileOf('id,text\nNA,"a, ""b""\nc"\n2,NA\n', 'a b.csv');
    const run = (hint: string) =>
      spawnSync('bash', ['-c', hint.slice(hint.indexOf(': ') + 2).replace('python3', python!)], {
        cwd: join(csv, '..'),
      });
    if (python !== undefined) {
      expect(run((await refusalOf(() => collect(readDocuments(csv)))).hint!).status).toBe(0);
      const made = await collect(readDocuments(join(csv, '..', 'docs.jsonl')));
      expect(made.map(({ text }) => text)).toEqual(['a, "b"\nc', 'NA']);
    }
    const wide = fileOf(utf16(LINES, true), 'w i d e.jsonl');
    const { hint } = await refusalOf(() => collect(readDocuments(wide)));
    expect(spawnSync('bash', ['-c', hint!]).status).toBe(0);
    expect(await collect(readDocuments(`${wide}.utf8.jsonl`))).toHaveLength(2);
  });
});
