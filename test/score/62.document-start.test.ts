/** Scores with tokenizers without BOS: documents and the shards that are made of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { audit } from '#bpb/audit/audit';
import { writeShard } from '#bpb/data/shards';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probeLedger } from '#bpb/ledger/verify';
import { probe } from '#bpb/probes/probe';
import { scoreClaimed } from '#bpb/score/claimed';
import { score } from '#bpb/score/score';
import { tokenize } from '#bpb/tokenize/tokenize';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { gpt2Style, userDefinedBos } from '../helpers/no-bos.js';
import { refusalOf } from '../helpers/refusal.js';
import { seededTexts } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

interface Fixture {
  readonly texts: readonly string[];
  readonly tokenizer: string;
  readonly vocabulary: number;
  readonly table: Float32Array;
  readonly folder: string;
  /** What every score of it has. */
  readonly base: ScoreOptions;
  readonly docs: string;
}

function fixture(tokenizer = gpt2Style({ addDummyPrefix: true })): Fixture {
  const folder = temporaryFolder();
  const vocabulary = loadTokenizer(tokenizer).pieces.length;
  const table = normals(vocabulary * vocabulary, 1, 3);
  const artifact = join(folder, 'table.onnx');
  writeFileSync(artifact, tableModel(table, vocabulary));
  const texts = seededTexts(20, 9).map((text) => text.replaceAll('\n', ' the '));
  const docs = join(folder, 'docs.jsonl');
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const window = { window: 'chunk', seqLen: 16, tail: 'score', verifyRows: 0 } as const;
  const base: ScoreOptions = { artifact, tokenizer, workers: 1, engine: 'onnx-cpu', ...window };
  return { texts, tokenizer, vocabulary, table, folder, base, docs };
}

async function shardsOf(
  { folder, docs, tokenizer }: Fixture,
  documentStart: number | 'none',
): Promise<string> {
  const out = join(folder, `shards-${documentStart}`);
  const result = await tokenize({ docs, tokenizer, documentStart, out, workers: 0 });
  expect(result.tokenizer.document_start).toBe(documentStart);
  return out;
}

/** Nats of each document in float64, by the ownership that the start decides. */
async function natsByDocument(
  { texts, tokenizer, vocabulary, table }: Fixture,
  start: number | 'none',
) {
  const encoder = await createEncoder(loadTokenizer(tokenizer));
  const ids: number[] = [];
  const owner: number[] = [];
  for (const [k, text] of texts.entries()) {
    const own = [...encoder.encode(text)];
    if (start !== 'none') own.unshift(start);
    ids.push(...own);
    owner.push(...own.map(() => k));
  }
  const nats = texts.map(() => 0);
  for (let i = 1; i < ids.length; i++) {
    const row = table.subarray(ids[i - 1]! * vocabulary, (ids[i - 1]! + 1) * vocabulary);
    const sum = row.reduce((total, x) => total + Math.exp(x), 0);
    nats[start === 'none' ? owner[i]! : owner[i - 1]!]! += Math.log(sum) - row[ids[i]!]!;
  }
  return { ids, nats };
}

describe('refused with the flag that helps', () => {
  it('documents without a start, by score, probe and tokenize', async () => {
    const { base, docs, tokenizer, folder } = fixture();
    for (const run of [
      () => score({ ...base, docs }),
      () => probe({ artifact: base.artifact, tokenizer, docs, window: 'chunk', seqLen: 16 }),
      () => tokenize({ docs, tokenizer, out: join(folder, 'out') }),
    ]) {
      const refusal = await refusalOf(run);
      expect(refusal.code).toBe('BPB_NO_BOS');
      expect(refusal.hint).toContain('--document-start 0');
      expect(refusal.hint).toContain('--document-start none');
    }
  });

  it('document windows without an id that begins documents', async () => {
    const made = fixture();
    const data = [await shardsOf(made, 'none')];
    for (const options of [{ data }, { docs: made.docs, documentStart: 'none' as const }]) {
      const refusal = await refusalOf(() =>
        score({ ...made.base, ...options, window: 'document', tail: 'drop' }),
      );
      expect(refusal.code).toBe('BPB_USAGE_DOCUMENT_WINDOWS');
      expect(refusal.hint).toContain('--document-start 0');
      expect(refusal.hint).toContain('--window chunk');
    }
  });

  it('the first documents of shards that do not show them', async () => {
    const made = fixture();
    const data = [await shardsOf(made, 'none')];
    const refusal = await refusalOf(() => score({ ...made.base, data, limitDocs: 3 }));
    expect(refusal).toMatchObject({ code: 'BPB_USAGE_DATA', path: '--limit-docs' });
  });

  it('documents beside shards that were made without an id between them', async () => {
    const made = fixture();
    const data = [await shardsOf(made, 'none')];
    const refusal = await refusalOf(() => score({ ...made.base, data, docs: made.docs }));
    expect(refusal.code).toBe('BPB_NO_BOS');
  });
});

describe('chunk and sliding windows over shards need no start', () => {
  it.each([
    { window: 'chunk', stride: undefined },
    { window: 'sliding', stride: 5 },
  ] as const)('$window', async ({ window, stride }) => {
    const made = fixture();
    const data = [await shardsOf(made, 0)];
    const result = await score({ ...made.base, data, window, stride });
    const { nats, ids } = await natsByDocument(made, 0);
    const total = nats.reduce((a, b) => a + b, 0);
    expect(Math.abs(result.totals.nats / total - 1)).toBeLessThan(1e-7);
    expect(result.tokenizer).toMatchObject({ bos: null, document_start: null });
    expect(result.coverage).toMatchObject({ documents: 1, scored: ids.length - 1 });
    // The control piece is a boundary for the rule, whether it begins documents or not.
    const begun = await score({ ...made.base, data, window, stride, documentStart: 0 });
    expect(begun.totals.bytes.lut).toBe(result.totals.bytes.lut);
    expect(begun.totals.nats_q30).toBe(result.totals.nats_q30);
    expect(begun.coverage.documents).toBe(made.texts.length);
    expect(begun.score.stderr_bpb).not.toBeNull();
    expect(result.score.stderr_bpb).toBeNull();
    expect(begun.identity.score).not.toBe(result.identity.score);
  });
});

describe('shards score as the documents that they were made of', () => {
  it.each([0, 'none'] as const)('document start %s', async (documentStart) => {
    const made = fixture();
    const { base, docs } = made;
    const out = join(made.folder, 'result');
    const data = [await shardsOf(made, documentStart)];
    const alone = await score({ ...base, docs, documentStart, out });
    const both = await score({ ...base, docs, data, documentStart });
    expect(both.totals).toEqual(alone.totals);
    expect(both.score).toEqual(alone.score);
    const shards = await score({ ...base, data, documentStart });
    expect(shards.totals.nats_q30).toBe(alone.totals.nats_q30);
    expect(shards.totals.bytes.lut).toBe(alone.totals.bytes.lut);
    expect(shards.score.val_bpb).toBe(alone.score.val_bpb);
    const first = await score({ ...base, docs, data, documentStart, limitDocs: 7 });
    const firstDocs = await score({ ...base, docs, documentStart, limitDocs: 7 });
    expect(first.totals).toEqual(firstDocs.totals);
    expect(first.coverage).toEqual(firstDocs.coverage);
    expect(first.coverage.partial).toBe(true);
    // By document, in float64.
    const { nats } = await natsByDocument(made, documentStart);
    const rows = readRows(join(out, 'documents.csv'));
    for (const row of rows) {
      const own = Number(row['nats_q30']) / 2 ** 30;
      expect(Math.abs(own - nats[Number(row['document'])]!)).toBeLessThan(1e-5 * (1 + own));
    }
    const scoredBytes = rows.reduce((sum, row) => sum + Number(row['bytes_decoded']), 0);
    expect(scoredBytes).toBe(alone.totals.bytes.decoded);
  });

  it('document windows, from a symbol that begins documents', async () => {
    const made = fixture(userDefinedBos());
    const options = { ...made.base, window: 'document', tail: 'drop', documentStart: 1 } as const;
    const data = [await shardsOf(made, 1)];
    const alone = await score({ ...options, docs: made.docs });
    const shards = await score({ ...options, data });
    expect(shards.totals.nats_q30).toBe(alone.totals.nats_q30);
    expect(shards.totals.bytes).toEqual({ ...alone.totals.bytes, original: null });
    const bytes = made.texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(alone.totals.bytes.original).toBe(bytes);
  });
});

it('a manifest can say it, and the flag goes before', async () => {
  const made = fixture();
  const { folder, docs, tokenizer } = made;
  writeFileSync(join(folder, 'tokenizer.model'), Buffer.from(loadTokenizer(tokenizer).model!));
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'no BOS',
    model: { path: 'table.onnx' },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model', documentStart: 'none' },
    evaluation: { window: 'chunk', seqLen: 16, tail: 'score' },
    counted: ['table.onnx'],
  };
  writeFileSync(join(folder, 'artifact.json'), JSON.stringify(manifest));
  const options = { artifact: folder, docs, workers: 1, engine: 'onnx-cpu' } as const;
  const said = await score(options);
  expect(said.tokenizer.document_start).toBe('none');
  const flagged = await score({ ...options, documentStart: 0 });
  expect(flagged.tokenizer.document_start).toBe(0);
  expect(flagged.coverage.tokens).toBe(said.coverage.tokens + made.texts.length);
  const spoilt = { ...manifest, tokenizer: { ...manifest.tokenizer, documentStart: 9_999 } };
  writeFileSync(join(folder, 'artifact.json'), JSON.stringify(spoilt));
  const refusal = await refusalOf(() => score(options));
  expect(refusal).toMatchObject({
    code: 'BPB_USAGE_DOCUMENT_START',
    path: 'tokenizer.documentStart',
  });
});

it('ledger, claim and probes see the same documents', async () => {
  const made = fixture();
  const { base, docs, folder, tokenizer } = made;
  for (const documentStart of [0, 'none'] as const) {
    const ledger = join(folder, `${documentStart}.jsonl`);
    const out = join(folder, `out-${documentStart}`);
    const scored = await score({ ...base, docs, documentStart, ledger, out, saveTargets: true });
    const held = await probeLedger({ ledger, docs, tokenizer, documentStart });
    expect(held.verdict).toBe('pass');
    const claim = { ledger, targets: join(out, 'targets.f32'), docs, tokenizer };
    const claimed = await scoreClaimed({ ...claim, documentStart });
    expect(claimed.score.val_bpb).toBe(scored.score.val_bpb);
    expect(claimed.score.stderr_bpb).toBe(scored.score.stderr_bpb);
    if (documentStart === 0) continue;
    const window = { window: 'chunk', seqLen: 16 } as const;
    const probed = await probe({
      artifact: base.artifact,
      tokenizer,
      docs,
      documentStart,
      ...window,
      workers: 1,
    });
    expect(probed.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  }
  const other = join(folder, '0.jsonl');
  const refused = await probeLedger({ ledger: other, docs, tokenizer, documentStart: 'none' });
  expect(refused.verdict).toBe('fail');
});

describe('an audit judges it in any case', () => {
  it.each([undefined, 0, 'none'] as const)('document start %s', async (documentStart) => {
    const made = fixture();
    const { docs, tokenizer, texts } = made;
    const table = await audit({ tokenizer, documentStart });
    expect(table.verdict).not.toBe('fail');
    expect(table.measured?.mismatches).toEqual([]);
    expect(table.tokenizer?.specials.bos).toBeNull();
    const data = [await shardsOf(made, documentStart ?? 'none')];
    const report = await audit({ tokenizer, docs, data, documentStart, workers: 0 });
    expect(report.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
    expect(report.shards?.documents).toBe(texts.length);
    expect(report.shards?.retokenized.different).toBe(0);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(report.totals?.bytes.original).toBe(bytes);
  });
});

it('a shard without a sign of its documents is audited in stretches, as the text that it is', async () => {
  const made = fixture();
  const tokenizer = loadTokenizer(made.tokenizer);
  const { ids } = await natsByDocument(made, 'none');
  const many = Array.from({ length: Math.ceil(150_000 / ids.length) }, () => ids).flat();
  const data = [join(temporaryFolder(), 'fineweb_val_000000.bin')];
  await writeShard(data[0]!, many);
  const report = await audit({ tokenizer: made.tokenizer, data, workers: 0 });
  expect(report.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
  expect(report.findings.map(({ check }) => check)).toContain('no-document-start');
  expect(report.documents?.documents).toBeGreaterThan(1);
  const encoder = await createEncoder(tokenizer);
  expect(report.totals?.bytes.decoded).toBe(Buffer.byteLength(encoder.decode(many)));
  const rule = (id: number) => (tokenizer.pieces[id]!.text.startsWith('▁') ? 1 : 0);
  const spaces = many.slice(1).reduce((sum, id) => sum + rule(id), 0);
  expect(report.totals?.bytes.lut).toBe(
    many.slice(1).reduce((sum, id) => {
      const { text, type } = tokenizer.pieces[id]!;
      return sum + (type === 'byte' ? 1 : Buffer.byteLength(text.replace(/^▁/, '')));
    }, spaces),
  );
});

const cases = sharedCase('no-bos-tokenizer');

describe.skipIf(cases === null)('real tokenizers without BOS', () => {
  it.each([
    ['gpt2style.model', 0],
    ['bos-user-defined.model', 1],
  ] as const)('%s: score, audit and tokenize', async (name, id) => {
    const made = fixture(join(cases!, name));
    expect((await audit({ tokenizer: made.tokenizer })).measured?.mismatches).toEqual([]);
    const bare = await score({ ...made.base, data: [await shardsOf(made, id)] });
    expect(bare.score.val_bpb).not.toBeNull();
    for (const documentStart of [id, 'none'] as const) {
      const { docs } = made;
      const ofDocs = await score({ ...made.base, docs, documentStart });
      const data = [join(made.folder, `shards-${documentStart}`)];
      if (documentStart === 'none') await shardsOf(made, 'none');
      const ofShards = await score({ ...made.base, data, documentStart });
      expect(ofShards.score.val_bpb).toBe(ofDocs.score.val_bpb);
    }
  });
});

function readRows(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const names = head!.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, k) => [names[k]!, cell])),
  );
}
