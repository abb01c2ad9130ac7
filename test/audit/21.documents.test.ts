/** Documents one by one: every accounting against a plain sum, findings instead of refusals, refusals. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { modelFile, pieceField } from '../helpers/sentencepiece.js';
import { SP8192 } from '../helpers/shared-data.js';
import { dataSet, docsFile, found, RIGHT, rightModel, run, TEXTS, tableFile } from './fixtures.js';

interface Row {
  document: number;
  line: number | null;
  tokens: number;
  bytes_original: number | null;
  bytes_normalized: number;
  bytes_decoded: number;
  bytes_lut: number;
  lossless: boolean | null;
  first_difference: number | null;
  loss: string | null;
  shard_tokens: string | null;
  original?: string;
  decoded?: string;
}

async function rowsOf(model: string, options: Parameters<typeof run>[1]) {
  const out = temporaryFolder();
  const report = await run(model, { ...options, out });
  const rows = JSON.parse(readFileSync(join(out, 'documents.json'), 'utf8')) as Row[];
  const csv = readFileSync(join(out, 'documents.csv'), 'utf8').trimEnd().split('\n');
  return { report, rows, csv, out };
}

describe('refused, exit 3', () => {
  const raw = (content: string | Uint8Array) => {
    const path = join(temporaryFolder(), 'docs.jsonl');
    writeFileSync(path, content);
    return path;
  };
  it.each([
    ['invalid UTF-8', Buffer.from('{"text": "\xff"}\n', 'latin1'), 'BPB_DOCUMENT_UTF8'],
    ['half a surrogate pair', '{"text": "\\ud800"}\n', 'BPB_LONE_SURROGATE'],
    ['a blank line between documents', '{"text": "a"}\n\n{"text": "b"}\n', 'BPB_DOCUMENT_BLANK'],
    ['no text', '{"body": "a"}\n', 'BPB_DOCUMENT_TEXT'],
    ['nothing', '', 'BPB_NO_DOCUMENTS'],
  ])('documents with %s', async (_, content, code) => {
    const refusal = await refusalOf(() => run(rightModel(), { docs: raw(content) }));
    expect([refusal.code, refusal.exitCode]).toEqual([code, 3]);
  });

  it.each([
    ['a corrupt model', new Uint8Array([0x0a, 0xff]), 'BPB_TOKENIZER_FORMAT'],
    ['a piece of 100 KB', pieceField(['x'.repeat(100_000)]), 'BPB_TOKENIZER_FORMAT'],
    ['a piece of no known type', pieceField(['x', 9]), 'BPB_TOKENIZER_FORMAT'],
  ])('%s', async (_, content, code) => {
    const refusal = await refusalOf(() => run(modelFile(content)));
    expect([refusal.code, refusal.exitCode]).toEqual([code, 3]);
  });

  it('a model that SentencePiece does not load for no reason that its pieces show', async () => {
    // Byte pieces without byte fallback: nothing is missing, yet SentencePiece refuses.
    const refusal = await refusalOf(() => run(modelFile({ pieces: RIGHT, byteFallback: false })));
    expect([refusal.code, refusal.exitCode]).toEqual(['BPB_TOKENIZER_LOAD', 3]);
  });

  it.each([
    ['no JSON', 'x', /cannot be read/],
    ['a number', '3', /no table/],
    ['entries that are no bytes', '[1, -1]', /id 1/],
    ['a missing array', '{"base": [1]}', /leading/],
    ['arrays of different lengths', '{"base": [1], "leading": [], "boundary": [0]}', /length/],
  ])('a table of %s', async (_, content, message) => {
    const lut = raw(content);
    const refusal = await refusalOf(() => run(rightModel(), { lut }));
    expect([refusal.code, refusal.exitCode]).toEqual(['BPB_LUT_FORMAT', 3]);
    expect(refusal.message).toMatch(message);
  });

  it('swapped shards, named one by one', async () => {
    const { folder } = await dataSet(rightModel());
    const file = join(folder, 'fineweb_val_000000.bin');
    const refusal = await refusalOf(() => run(rightModel(), { data: [file, file] }));
    expect(refusal.code).toBe('BPB_SHARD_ORDER');
  });
});

describe('wrong usage, exit 2', () => {
  it.each([
    [{ sidecar: 'x' }, '--sidecar'],
    [{ trainData: ['x'] }, '--train-data'],
    [{ bytesPerToken: 3 }, '--bytes-per-token'],
    [{ bytesPerToken: -3, docs: 'x' }, '--bytes-per-token'],
  ])('%j', async (options, flag) => {
    const refusal = await refusalOf(() => run(rightModel(), options));
    expect([refusal.exitCode, refusal.path]).toEqual([2, flag]);
  });
});

describe('found, not refused', () => {
  it('BOM, CRLF, NUL, a literal ▁, operators, empty and one-byte documents', async () => {
    const texts = ['\ufeffthe', 'the\r\ncat', 'a\0b', '▁the▁', '\ue001a', '', 'x', 'a\ufffdb'];
    const path = docsFile(texts);
    writeFileSync(path, `\ufeff${readFileSync(path, 'utf8')}`);
    const report = await run(rightModel(), { docs: path });
    expect(found(report, 'fail')).toEqual([]);
    expect(found(report, 'warn').sort()).toEqual([
      'file-byte-order-mark',
      'literal-marker',
      'lossy-text',
      'operators-in-text',
    ]);
    expect(found(report, 'info')).toEqual([
      // The literal ▁ at the start became a space.
      'first-space',
      'byte-order-mark',
      'crlf',
      'nul',
      'replacement-character',
      'empty-documents',
    ]);
    expect(report.documents!.traits).toEqual({
      empty: 1,
      one_byte: 1,
      byte_order_mark: 1,
      crlf: 1,
      nul: 1,
      literal_marker: 1,
      operator: 1,
      replacement_character: 1,
    });
    expect(report.documents!.lossy.by_kind).toEqual({ 'literal ▁': 1 });
  });

  it('a document that begins with a space, which the rule counts nowhere', async () => {
    const { report, rows } = await rowsOf(rightModel(), { docs: docsFile([' the cat', 'the']) });
    expect(found(report, 'info')).toEqual(['first-space']);
    expect(rows[0]).toMatchObject({ bytes_original: 8, bytes_decoded: 8, bytes_lut: 7 });
  });
});

describe('the table of documents', () => {
  it.each([0, 1, 2])('is the same with %d workers, as CSV and JSON', async (workers) => {
    const model = rightModel({ removeExtraWhitespaces: true });
    const texts = [...TEXTS, 'two  spaces', ' and a tail '];
    const { rows, csv, report } = await rowsOf(model, {
      docs: docsFile(texts),
      lut: tableFile(model, () => {}),
      workers,
    });
    expect(rows.map((row) => row.bytes_original)).toEqual(texts.map((t) => Buffer.byteLength(t)));
    const single = await rowsOf(model, { docs: docsFile(texts), lut: tableFile(model, () => {}) });
    expect(rows).toEqual(single.rows);
    expect(report.totals).toEqual(single.report.totals);
    expect(report.mistakes).toEqual(single.report.mistakes);
    const header = csv[0]!.split(',');
    expect(csv).toHaveLength(texts.length + 1);
    for (const [k, line] of csv.slice(1).entries()) {
      const cells = Object.fromEntries(line.split(',').map((cell, c) => [header[c], cell]));
      expect(cells['document']).toBe(String(k));
      expect(cells['line']).toBe(String(k + 1));
      expect(cells['bytes_lut']).toBe(String(rows[k]!.bytes_lut));
      expect(cells['lossless']).toBe(String(rows[k]!.lossless));
    }
    const spaces = rows[TEXTS.length]!;
    expect(spaces).toMatchObject({
      lossless: false,
      loss: 'collapsed spaces',
      first_difference: 4,
      original: 'two  spaces',
      decoded: 'two spaces',
      bytes_normalized: 10,
      bytes_lut: 10,
    });
    expect(report.totals!.bytes.claimed).toBe(report.totals!.bytes.lut);
  });

  it.skipIf(SP8192 === null)('has the bytes that were published for sp8192', async () => {
    // By the published sp8192 model and the rule of train_gpt.py L180-L204, computed elsewhere.
    const published: [string, number, number][] = [
      ['½', 2, 5],
      ['  two  spaces\nnew\tline ', 23, 19],
      ['a\u00a0b', 4, 3],
      ['▁literal▁', 13, 7],
      ['café ½ ﬁ … “q” 🙂', 29, 31],
    ];
    const { rows, report } = await rowsOf(SP8192!, { docs: docsFile(published.map(([t]) => t)) });
    expect(rows.map((r) => [r.bytes_original, r.bytes_lut])).toEqual(
      published.map((p) => p.slice(1)),
    );
    // Nothing is dropped at decoding: with this normalizer the table counts the normalized text.
    for (const row of rows) expect(row.bytes_normalized).toBe(row.bytes_lut);
    expect(found(report, 'fail')).toEqual([]);
  });

  it('with shards alone has no originals, and finds that the tokens are their text’s own', async () => {
    const model = rightModel();
    const { folder } = await dataSet(model);
    const { rows, report } = await rowsOf(model, { data: [folder] });
    expect(rows.every((row) => row.bytes_original === null && row.lossless === null)).toBe(true);
    expect(report.shards!.retokenized).toEqual({ equal: TEXTS.length, different: 0 });
    expect(report.totals!.bytes.original).toBeNull();
    expect(found(report, 'fail')).toEqual([]);
    const other = modelFile({
      pieces: RIGHT.toSpliced(260, 2, ...RIGHT.slice(260, 262).toReversed()),
    });
    expect(found(await run(other, { data: [folder] }), 'fail')).toEqual(['other-tokens']);
  });

  it('that cannot be written is an error of the environment', async () => {
    const file = docsFile();
    const refusal = await refusalOf(() => run(rightModel(), { docs: file, out: join(file, 'x') }));
    expect([refusal.code, refusal.exitCode]).toEqual(['BPB_WRITE_FAILED', 4]);
  });
});

it('stops when its signal aborts', async () => {
  const controller = new AbortController();
  controller.abort();
  const refusal = await refusalOf(() =>
    run(rightModel(), { docs: docsFile(), signal: controller.signal }),
  );
  expect(refusal.exitCode).toBe(130);
});
