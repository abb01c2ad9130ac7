/** `tokenize`: what it refuses and leaves behind then, and that shards are the stream, to the byte. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocuments } from '#bpb/data/documents';
import { findShards, readShards } from '#bpb/data/shards';
import { findSidecars, readSidecars } from '#bpb/data/sidecars';
import { sotuDocuments } from '#bpb/data/sotu';
import type { TokenizeOptions } from '#bpb/tokenize/options';
import { tokenize } from '#bpb/tokenize/tokenize';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { SurfaceBytes } from '#bpb/tokenizer/surfaces-bytes';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { seededTexts } from '../helpers/score-fixture.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { CHARACTERS, EDGES, operatorPieces } from './texts.js';

const jsonLines = (texts: readonly string[]) =>
  texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

function docsFile(content: readonly string[] | string | Uint8Array): string {
  const path = join(temporaryFolder(), 'docs.jsonl');
  const lines = Array.isArray(content) ? jsonLines(content as string[]) : (content as string);
  writeFileSync(path, lines);
  return path;
}

/** Options for a new directory; encoding in this thread, which is all that most tests need. */
function options(changes: Partial<TokenizeOptions> = {}): TokenizeOptions {
  return {
    docs: changes.docs ?? docsFile(['one', 'two']),
    tokenizer: 'byte260',
    out: join(temporaryFolder(), 'shards'),
    workers: 0,
    ...changes,
  };
}

const caseOperators = () =>
  modelFile({ pieces: [...SMALL, ...operatorPieces], removeExtraWhitespaces: true });

/** Everything in a directory; nothing where there is none. */
const filesIn = (path: string) => (existsSync(path) ? readdirSync(path).sort() : []);

/** The directory holds the error and nothing else. */
function expectErrorAlone(out: string, code: string): void {
  expect(filesIn(out)).toEqual(['error.json']);
  const { error } = JSON.parse(readFileSync(join(out, 'error.json'), 'utf8'));
  expect(error.code).toBe(code);
}

describe('refused before anything is tokenized', () => {
  it.each<[string, () => Partial<TokenizeOptions>, string, number]>([
    ['another split', () => ({ split: 'test' as 'val' }), 'BPB_USAGE_SPLIT', 2],
    ['no documents asked for', () => ({ limitDocs: 0 }), 'BPB_USAGE_INTEGER', 2],
    ['half a document', () => ({ limitDocs: 1.5 }), 'BPB_USAGE_INTEGER', 2],
    ['fewer workers than none', () => ({ workers: -1 }), 'BPB_USAGE_INTEGER', 2],
    ['shards without tokens', () => ({ shardTokens: 0 }), 'BPB_USAGE_INTEGER', 2],
    ['shards beyond the reference', () => ({ shardTokens: 100_000_001 }), 'BPB_USAGE_INTEGER', 2],
    ['no documents file', () => ({ docs: '/nowhere.jsonl' }), 'BPB_DATA_MISSING', 3],
    ['no tokenizer', () => ({ tokenizer: '/nowhere.model' }), 'BPB_TOKENIZER_FILE', 3],
    [
      'ids that need more than 16 bits',
      () => ({
        tokenizer: modelFile({
          pieces: [...SMALL, ...Array.from({ length: 65_536 }, (_, k) => [`x${k}`] as const)],
        }),
      }),
      'BPB_VOCABULARY_TOO_LARGE',
      3,
    ],
  ])('%s', async (_, changes, code, exit) => {
    const asked = options(changes());
    const refusal = await refusalOf(() => tokenize(asked));
    expect([refusal.code, refusal.exitCode]).toEqual([code, exit]);
    // Wrong usage is known before there is a run, and makes no directory.
    if (exit === 2) expect(existsSync(asked.out)).toBe(false);
    else expectErrorAlone(asked.out, code);
  });

  it.each([
    ['a shard', 'fineweb_val_000000.bin'],
    ['a later shard', 'fineweb_val_000007.bin'],
    ['a sidecar', 'fineweb_val_bytes_000000.bin'],
    ["another run's part", 'fineweb_val_000000.bin.partial'],
    ["another run's result", 'tokenize-val.json'],
  ])('a directory that holds %s', async (_, name) => {
    const asked = options();
    mkdirSync(asked.out);
    writeFileSync(join(asked.out, name), 'kept');
    const refusal = await refusalOf(() => tokenize(asked));
    expect([refusal.code, refusal.exitCode]).toEqual(['BPB_OUT_IN_USE', 2]);
    expect(filesIn(asked.out)).toEqual([name]);
    expect(readFileSync(join(asked.out, name), 'utf8')).toBe('kept');
  });

  it('a second run in the same directory at the same time: one of them is whole', async () => {
    const asked = options({ docs: docsFile(seededTexts(300)) });
    const runs = await Promise.allSettled([tokenize(asked), tokenize(asked)]);
    const refused = runs.filter((run) => run.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toMatchObject({ code: 'BPB_OUT_IN_USE' });
    expect(filesIn(asked.out)).toEqual(['fineweb_val_000000.bin', 'tokenize-val.json']);
  });

  it('an out that is a file, or lies in one (exit 4)', async () => {
    const file = docsFile(['x']);
    for (const out of [file, join(file, 'shards')]) {
      const refusal = await refusalOf(() => tokenize(options({ out })));
      expect([refusal.code, refusal.exitCode]).toEqual(['BPB_WRITE_FAILED', 4]);
    }
  });
});

describe('refused on the way, and the error alone is left of it', () => {
  // More documents than one batch holds, so that shards have been begun and completed.
  const many = jsonLines(Array.from({ length: 700 }, (_, k) => `document ${k}`));
  const spaces = ' '.repeat(70_000);
  it.each<[string, string | Uint8Array, string, number]>([
    ['invalid UTF-8', Buffer.from(`${many}{"text":"\xff"}`, 'latin1'), 'BPB_DOCUMENT_UTF8', 3],
    ['half a surrogate pair', `${many}{"text":"\\ud800"}`, 'BPB_LONE_SURROGATE', 3],
    ['a document without text', `${many}{}`, 'BPB_DOCUMENT_TEXT', 3],
    ['an empty file', '', 'BPB_NO_DOCUMENTS', 3],
    ['more bytes than an entry holds', `${many}{"text":"a${spaces}b"}`, 'BPB_SIDECAR_SATURATED', 3],
  ])('%s', async (_, content, code, exit) => {
    for (const workers of [0, 1]) {
      const asked = options({
        docs: docsFile(content),
        tokenizer: caseOperators(),
        shardTokens: 100,
        workers,
      });
      const refusal = await refusalOf(() => tokenize(asked));
      expect([refusal.code, refusal.exitCode]).toEqual([code, exit]);
      if (code === 'BPB_SIDECAR_SATURATED') {
        expect(refusal.message).toMatch(/Line 701: token 1 /);
        expect(refusal.actual).toBe('70000 bytes');
      }
      expectErrorAlone(asked.out, code);
    }
  });

  it('an interrupt, whenever it comes (130)', async () => {
    const docs = docsFile(Array.from({ length: 1500 }, (_, k) => `document ${k}`));
    for (const after of [0, 1, 2, 3]) {
      const controller = new AbortController();
      let batches = 0;
      if (after === 0) controller.abort();
      const asked = options({
        docs,
        shardTokens: 100,
        signal: controller.signal,
        onProgress: () => {
          if (++batches === after) controller.abort();
        },
      });
      const refusal = await refusalOf(() => tokenize(asked));
      expect([refusal.code, refusal.exitCode]).toEqual(['BPB_INTERRUPTED', 130]);
      expectErrorAlone(asked.out, 'BPB_INTERRUPTED');
    }
  });
});

describe('the layout', () => {
  it('is the reference: header, BOS before each document, uint16, little endian', async () => {
    const asked = options({ docs: docsFile(['ab', '', 'é']) });
    const result = await tokenize(asked);
    const file = readFileSync(join(asked.out, 'fineweb_val_000000.bin'));
    const header = Array.from({ length: 256 }, (_, k) => file.readInt32LE(4 * k));
    expect(header).toEqual([20240520, 1, 7, ...Array(253).fill(0)]);
    const body = Array.from({ length: 7 }, (_, k) => file.readUInt16LE(1024 + 2 * k));
    expect(body).toEqual([1, 101, 102, 1, 1, 199, 173]);
    expect(file.length).toBe(1024 + 14);
    expect(result.shards).toEqual([
      {
        file: 'fineweb_val_000000.bin',
        tokens: 7,
        sha256: createHash('sha256').update(file).digest('hex'),
      },
    ]);
    expect(filesIn(asked.out)).toEqual(['fineweb_val_000000.bin', 'tokenize-val.json']);
  });

  it('goes on in the next file in the middle of a document, and ends with no empty one', async () => {
    const asked = options({ docs: docsFile(['abcd', 'efgh']), shardTokens: 5 });
    const { shards } = await tokenize(asked);
    expect(shards.map(({ file, tokens }) => [file, tokens])).toEqual([
      ['fineweb_val_000000.bin', 5],
      ['fineweb_val_000001.bin', 5],
    ]);
  });

  it('has a sidecar cut where the tokens are, 0 at BOS and operators', async () => {
    const texts = ['The ABC', '', '  x  y '];
    const path = caseOperators();
    const asked = options({ docs: docsFile(texts), tokenizer: path, shardTokens: 4 });
    const result = await tokenize(asked);
    expect(result.sidecars.map(({ tokens }) => tokens)).toEqual(
      result.shards.map(({ tokens }) => tokens),
    );
    const tokenizer = loadTokenizer(path);
    const files = findShards(asked.out);
    const { stream } = await readShards(files, { vocabulary: tokenizer.pieces.length, startId: 1 });
    const { bytes } = await readSidecars(findSidecars(files), stream);
    // th e ▁ … a b c, then the second document's BOS alone, then x and y with both of its spaces.
    expect([...bytes]).toEqual([0, 0, 2, 1, 1, 0, 1, 1, 1, 0, 0, 1, 2, 1]);
    expect(result.bytes).toEqual({ original: 14, decoded: 10, sidecar: 11 });
    expect(result.documents_short).toBe(1);
    expect(result.documents.lossy).toBe(1);
  });

  it('keeps both splits side by side', async () => {
    const asked = options();
    await tokenize(asked);
    const { shards } = await tokenize({ ...asked, split: 'train' });
    expect(shards[0]!.file).toBe('fineweb_train_000000.bin');
    expect(filesIn(asked.out)).toEqual([
      'fineweb_train_000000.bin',
      'fineweb_val_000000.bin',
      'tokenize-train.json',
      'tokenize-val.json',
    ]);
  });
});

describe('the result', () => {
  it('is also the file beside the shards, and tells the documents by their hashes', async () => {
    const texts = ['one', 'tw\u00e9', ''];
    const asked = options({ docs: docsFile(texts), command: 'bpb tokenize …' });
    const result = await tokenize(asked);
    const manifest = readFileSync(join(asked.out, 'tokenize-val.json'), 'utf8');
    expect(JSON.parse(manifest)).toEqual(JSON.parse(JSON.stringify(result)));
    expect(result).toMatchObject({
      schema: 'bpb-tokenize/1',
      split: 'val',
      tokens: 10,
      documents: {
        source: asked.docs,
        count: 3,
        file_sha256: createHash('sha256').update(readFileSync(asked.docs)).digest('hex'),
        lossy: 0,
        byte_order_mark: false,
        partial: false,
      },
      bytes: { original: 7, decoded: 7, sidecar: null },
      documents_short: null,
      tokenizer: { kind: 'byte260', vocab: 260, case_operators: false },
      sidecars: [],
      run: { command: 'bpb tokenize …' },
    });
    const plain = await tokenizeDocuments(readDocuments(asked.docs), loadTokenizer('byte260'));
    expect(result.documents.sha256).toBe(plain.documentsSha256);
  });

  it('says what a limit left out and what a byte order mark was', async () => {
    const docs = docsFile(`\ufeff${jsonLines(['one', 'two', 'three'])}`);
    const limited = await tokenize(options({ docs, limitDocs: 2 }));
    expect(limited.documents).toMatchObject({ count: 2, partial: true, file_sha256: null });
    const whole = await tokenize(options({ docs }));
    expect(whole.documents).toMatchObject({ count: 3, partial: false, byte_order_mark: true });
    expect(whole.bytes.original).toBe(11);
  });

  it('takes the built-in sets by name', async () => {
    const { documents } = await tokenize(options({ docs: 'sotu-val', limitDocs: 1 }));
    expect(documents.source).toBe('sotu-val');
  });
});

/** Reads the shards back and compares them, and the sidecar, with the stream made in memory. */
async function expectRoundTrip(asked: TokenizeOptions): Promise<void> {
  await tokenize(asked);
  const tokenizer = loadTokenizer(asked.tokenizer);
  const source = () => (asked.docs === 'sotu-val' ? sotuDocuments() : readDocuments(asked.docs));
  const { stream } = await tokenizeDocuments(source(), tokenizer);
  const files = findShards(asked.out);
  const { bosId: startId } = tokenizer;
  const read = await readShards(files, { vocabulary: tokenizer.pieces.length, startId });
  expect(Buffer.from(read.stream.ids).equals(Buffer.from(stream.ids))).toBe(true);
  expect(read.stream.documentStarts).toEqual(stream.documentStarts);
  expect(findSidecars(files).length > 0).toBe(tokenizer.hasCaseOperators);
  if (!tokenizer.hasCaseOperators) return;
  const sidecar = await readSidecars(findSidecars(files), stream);
  const encoder = await createEncoder(tokenizer);
  const counter = new SurfaceBytes(tokenizer);
  const expected: number[] = [];
  for await (const { text } of source()) {
    expected.push(0);
    for (const bytes of counter.count(text, encoder.encode(text))) expected.push(bytes);
  }
  expect(Buffer.from(sidecar.bytes).equals(Buffer.from(Uint16Array.from(expected)))).toBe(true);
}

describe('shards read back are the stream of the documents', () => {
  const tokenizers: [name: string, path: () => string, skip: boolean][] = [
    ['byte260', () => 'byte260', false],
    ['small', () => modelFile(), false],
    ['small with case operators', caseOperators, false],
    ['the real sp8192', () => SP8192!, SP8192 === null],
    ['the real case-operator tokenizer', () => CASEOPS!, CASEOPS === null],
  ];
  for (const [name, path, skip] of tokenizers) {
    it.skipIf(skip)(`${name}: edge strings, in small files`, async () => {
      const docs = docsFile(EDGES);
      await expectRoundTrip(options({ docs, tokenizer: path(), shardTokens: 97 }));
    });
    it.skipIf(skip)(`${name}: the addresses, in workers`, async () => {
      await expectRoundTrip(options({ docs: 'sotu-val', tokenizer: path(), workers: 2 }));
    });
  }

  it('any documents, cut anywhere', async () => {
    const text = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 12 });
    const path = caseOperators();
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (texts, shardTokens) => {
          const docs = docsFile(texts.map((characters) => characters.join('')));
          await expectRoundTrip(options({ docs, tokenizer: path, shardTokens }));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('the same files for any number of workers', async () => {
    const docs = docsFile(seededTexts(1500));
    const runs = [];
    for (const workers of [0, 1, 2]) {
      runs.push(await tokenize(options({ docs, tokenizer: caseOperators(), workers })));
    }
    for (const { shards, sidecars, documents } of runs) {
      expect(shards).toEqual(runs[0]!.shards);
      expect(sidecars).toEqual(runs[0]!.sidecars);
      expect(documents.sha256).toBe(runs[0]!.documents.sha256);
    }
  });
});
