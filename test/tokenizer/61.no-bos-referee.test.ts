/** Models that SentencePiece trains without BOS: the same ids, table and bytes as in Python. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Accounting } from '#bpb/bytes/accounting';
import { buildLut } from '#bpb/bytes/lut';
import { foreignSigns, surveyStream } from '#bpb/bytes/survey';
import { sotuDocuments } from '#bpb/data/sotu';
import { withDocumentStart } from '#bpb/tokenizer/document-start';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';

const python = pythonWith('sentencepiece');

interface Trained {
  readonly bos: number;
  readonly table: Record<'base' | 'leading' | 'boundary', number[]>;
  readonly touching: { readonly ids: number[]; readonly bytes: number };
  readonly begun: { readonly ids: number[]; readonly bytes: number };
}

const EOT = { bos_id: -1, eos_id: 0, unk_id: 1, eos_piece: '<|endoftext|>' };
const MODELS: [string, Record<string, unknown>, number][] = [
  ['bpe, <|endoftext|> first', { model_type: 'bpe', byte_fallback: true, ...EOT }, 0],
  [
    'unigram, T5 habit',
    { model_type: 'unigram', bos_id: -1, pad_id: 0, eos_id: 1, unk_id: 2, byte_fallback: false },
    1,
  ],
  [
    'bpe, spaces kept, no dummy prefix',
    {
      model_type: 'bpe',
      byte_fallback: true,
      add_dummy_prefix: false,
      remove_extra_whitespaces: false,
      normalization_rule_name: 'identity',
      ...EOT,
    },
    0,
  ],
];

async function* documentsOf(texts: readonly string[]) {
  for (const [k, text] of texts.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

describe.skipIf(python === undefined)('Python SentencePiece trains and agrees', () => {
  it.each(MODELS)('%s', async (_, options, start) => {
    const prefix = join(temporaryFolder(), 'trained');
    const texts = (await collect(sotuDocuments('val'))).flatMap(({ text }) =>
      Array.from({ length: 8 }, (_, k) => text.slice(k * 900, (k + 1) * 900)),
    );
    const request = { prefix, texts, start, options: { vocab_size: 450, ...options } };
    const run = spawnSync(python!, [fileURLToPath(new URL('./train.py', import.meta.url))], {
      input: JSON.stringify(request),
      env: { ...process.env, PYTHONPATH: fileURLToPath(new URL('../helpers', import.meta.url)) },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(run.status, run.stderr).toBe(0);
    const trained = JSON.parse(run.stdout) as Trained;
    const tokenizer = loadTokenizer(`${prefix}.model`);
    expect([tokenizer.bosId, trained.bos]).toEqual([null, -1]);
    const lut = buildLut(tokenizer);
    expect([...lut.base]).toEqual(trained.table.base);
    expect([...lut.leading]).toEqual(trained.table.leading);
    expect([...lut.boundary]).toEqual(trained.table.boundary);
    for (const [documentStart, reference] of [
      ['none', trained.touching],
      [start, trained.begun],
    ] as const) {
      const own = withDocumentStart(tokenizer, documentStart);
      const { stream } = await tokenizeDocuments(documentsOf(texts), own);
      expect([...stream.ids]).toEqual(reference.ids);
      const totals = new Accounting({ tokenizer: own, stream }).totals([
        [1, stream.ids.length - 1],
      ]);
      expect(totals.lut).toBe(reference.bytes);
      expect(foreignSigns(await surveyStream(stream, own))).toEqual([]);
    }
  });
});
