/** SentencePiece in Python as the reference of whole audits: every edge case, and megabytes of documents. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildLut } from '#bpb/bytes/lut';
import { sotuDocuments } from '#bpb/data/sotu';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { CASEOPS, CASEOPS_VECTORS, SP8192 } from '../helpers/shared-data.js';
import { docsFile, documentsOf, found, rightModel, run } from './fixtures.js';

const python = pythonWith('sentencepiece');
/** All documents that are here with the long tests, else those of the validation set and some others. */
const long = process.env['BPB_TEST_LONG'] !== undefined;
const least = long ? 10 : 2;

interface Verdict {
  tokens: number;
  ids: string;
  original: number;
  lut: number;
  lossless: boolean;
  decoded?: number;
  first?: number | null;
  normalized?: number;
}
interface Row {
  tokens: number;
  bytes_original: number;
  bytes_normalized: number;
  bytes_decoded: number;
  bytes_lut: number;
  lossless: boolean;
  first_difference: number | null;
}
interface Table {
  base: number[];
  leading: number[];
  boundary: number[];
}

/** Texts on which accountings of bytes differ: spaces, markers, normalization, case, boundaries. */
const EDGES = [
  '',
  ' ',
  'x',
  '  two  spaces\nnew\tline ',
  'trailing  ',
  '½',
  'café ½ ﬁ … “q” 🙂',
  'a\u00a0b',
  '▁literal▁',
  'x▁y',
  '▁',
  '▁▁ ▁',
  'e\u0301 and \u00e9',
  '\ufeffbyte order mark',
  'carriage\r\nreturn\r\n',
  'nul\0byte',
  '\0',
  'a \ufffd replacement',
  '\ue001 \ue002 \ue003 \ue004 sentinels',
  '\ue004\ue004',
  'The NASA Launch of iPhone by OpenAI',
  'iPhone McDONALD aB ABc A I',
  'ÉCOLE Straße ǅ İstanbul',
  '\ufe30 presentation form',
  'ＦＵＬＬ width １２３',
  '\u200bzero\u200dwidth\u00ad',
  '한글 中文 עברית العربية',
  '👩‍👩‍👧 🏳️‍🌈 \u{10ffff} \u{e000}',
  '<s></s><unk><0x41>',
  '\u2028line\u2029paragraph\u0085',
  'x'.repeat(70_000),
  'the cat '.repeat(4000),
  'é'.repeat(3000),
  '0123456789'.repeat(100),
];

async function corpus(): Promise<string[]> {
  const vectors =
    CASEOPS_VECTORS === null
      ? []
      : readFileSync(CASEOPS_VECTORS, 'utf8')
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { text: string }).text);
  const [val, train] = await Promise.all([
    collect(sotuDocuments('val')),
    collect(sotuDocuments('train')),
  ]);
  const texts = [...val, ...train.filter((_, k) => long || k % 5 === 0)].map(({ text }) => text);
  return [...EDGES, ...vectors, ...texts];
}

function ask(model: string, docs: string): { table: Table; verdicts: Verdict[] } {
  const script = fileURLToPath(new URL('./oracle.py', import.meta.url));
  const asked = spawnSync(python!, [script, model, docs], { maxBuffer: 1 << 30, encoding: 'utf8' });
  if (asked.status !== 0) throw new Error(asked.stderr);
  const [table, ...verdicts] = asked.stdout.trimEnd().split('\n');
  return { table: JSON.parse(table!) as Table, verdicts: verdicts.map((v) => JSON.parse(v)) };
}

describe.skipIf(python === undefined)('Python SentencePiece agrees with the audit', () => {
  const MODELS: [string, () => string, boolean][] = [
    ['sp8192', () => SP8192!, SP8192 === null],
    ['case operators', () => CASEOPS!, CASEOPS === null],
    ['small', () => rightModel({ addDummyPrefix: true, removeExtraWhitespaces: true }), false],
  ];
  for (const [name, path, skip] of MODELS)
    it.skipIf(skip)(`${name}, on over ${least} MB and every edge`, async () => {
      const model = path();
      const texts = await corpus();
      const docs = docsFile(texts);
      const out = temporaryFolder();
      const report = await run(model, { docs, out, workers: 2 });
      const rows = JSON.parse(readFileSync(join(out, 'documents.json'), 'utf8')) as Row[];
      const { table, verdicts } = ask(model, docs);
      expect(report.totals!.bytes.original).toBeGreaterThan(least * 1e6);
      expect(rows).toHaveLength(texts.length);
      expect(verdicts).toHaveLength(texts.length);

      const tokenizer = loadTokenizer(model);
      const lut = buildLut(tokenizer);
      expect([...lut.base]).toEqual(table.base);
      expect([...lut.leading]).toEqual(table.leading);
      expect([...lut.boundary]).toEqual(table.boundary);

      const { stream } = await tokenizeDocuments(documentsOf(texts), tokenizer, { workers: 2 });
      for (const [k, verdict] of verdicts.entries()) {
        const row = rows[k]!;
        const from = stream.documentStarts[k]! + 1;
        const ids = Uint32Array.from(stream.ids.subarray(from, stream.documentStarts[k + 1]));
        const audited: Verdict = {
          tokens: row.tokens,
          ids: createHash('sha256').update(ids).digest('hex'),
          original: row.bytes_original,
          lut: row.bytes_lut,
          lossless: row.lossless,
        };
        // Where the operators cannot be undone there is no decoded text to compare.
        if (verdict.decoded !== undefined) {
          audited.decoded = row.bytes_decoded;
          audited.first = row.first_difference;
        }
        if (verdict.normalized !== undefined) audited.normalized = row.bytes_normalized;
        expect(audited, JSON.stringify(texts[k]!.slice(0, 60))).toEqual(verdict);
      }
      expect(found(report, 'fail')).toEqual([]);
    });
});
