/** What the ids of shards say of their documents withholds a headline or stands beside it, and never moves it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { audit } from '#bpb/audit/audit';
import { writeShard } from '#bpb/data/shards';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

const BOS = 1;
const EOS = 2;
const text = (length: number) => [...Buffer.from('the quick brown fox '.repeat(length))];
const idsOf = (bytes: readonly number[]) => bytes.map((byte) => byte + 4);

/** Documents `from` to `to`, each of another text. */
function stream(from: number, to: number): number[] {
  const words = (k: number) =>
    `${'the quick brown fox '.slice(k)}${k} and ${'jumps '.repeat(1 + (k % 3))}`;
  return Array.from({ length: to - from }, (_, k) => [
    BOS,
    ...idsOf([...Buffer.from(words(from + k))]),
  ]).flat();
}

async function shardOf(ids: readonly number[]): Promise<string> {
  const path = join(temporaryFolder(), 'fineweb_val_000000.bin');
  await writeShard(path, ids);
  return path;
}

async function findingsOf(ids: readonly number[], options: Partial<ScoreOptions> = {}) {
  const { model } = await scoreFixture();
  const data = [await shardOf(ids)];
  const base = { artifact: model, tokenizer: 'byte260', window: 'document', seqLen: 16 } as const;
  const result = await score({ ...base, data, verifyRows: 0, workers: 1, ...options });
  const withheld = result.findings.some(({ severity }) => severity === 'fail');
  expect(result.score.val_bpb === null).toBe(withheld);
  expect(result.score.val_loss).not.toBeNull();
  const about = ['no-document-start', 'begins-inside-document', 'other-tokenizer'];
  return result.findings.filter(({ id }) => about.includes(id));
}

const five = (each: (own: number[]) => number[]) =>
  Array.from({ length: 5 }, (_, k) => each(idsOf(text(3 + k)))).flat();

describe('document windows over shards that do not show where documents begin', () => {
  it('without BOS', async () => {
    const [finding, ...rest] = await findingsOf(five((own) => own));
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({ id: 'no-document-start', severity: 'fail' });
    expect(finding!.hint).toContain('--accept no-document-start');
    expect(finding!.message).toContain('id 1 ("<s>"), which begins a document, does not occur');
  });

  it('with EOS after each: the flag that helps', async () => {
    const [finding] = await findingsOf(five((own) => [...own, EOS]));
    expect(finding).toMatchObject({ id: 'no-document-start', severity: 'fail' });
    expect(finding!.message).toContain('id 2 ("</s>") occurs 5 times');
    expect(finding!.hint).toContain('--document-start 2');
    const named = await findingsOf(
      five((own) => [...own, EOS]),
      { documentStart: EOS },
    );
    expect(named).toMatchObject([{ id: 'begins-inside-document', severity: 'warn' }]);
  });

  it('that begin inside a document', async () => {
    const [finding] = await findingsOf(five((own) => [BOS, ...own]).slice(20));
    expect(finding).toMatchObject({ id: 'begins-inside-document', severity: 'warn' });
    expect(finding!.message).toContain('its other 4 documents');
  });

  it('chunks run across documents: only a note', async () => {
    const found = await findingsOf(
      five((own) => own),
      { window: 'chunk', tail: 'score' },
    );
    expect(found).toMatchObject([{ id: 'no-document-start', severity: 'note' }]);
  });

  it('right ones have no finding', async () => {
    expect(await findingsOf(five((own) => [BOS, ...own]))).toEqual([]);
    expect(
      await findingsOf(
        five((own) => [EOS, ...own]),
        { documentStart: EOS },
      ),
    ).toEqual([]);
  });
});

it('another tokenizer’s shards: score and audit say it, and the headline does not stay', async () => {
  const ids = [BOS, ...Array.from({ length: 3000 }, (_, k) => 4 + ((k * 97 + (k >> 3)) % 256))];
  const [finding, ...rest] = await findingsOf(ids);
  expect(rest).toEqual([]);
  expect(finding).toMatchObject({ id: 'other-tokenizer', severity: 'fail' });
  expect(finding!.hint).toContain('--tokenizer');
  expect(finding!.hint).toContain('--accept other-tokenizer');
  const report = await audit({ tokenizer: 'byte260', data: [await shardOf(ids)], workers: 0 });
  const same = report.findings.find(({ check }) => check === 'other-tokenizer');
  expect(same).toMatchObject({ severity: 'fail', detail: finding!.message });
});

it('ids beyond the vocabulary name the vocabulary that made them', async () => {
  const refusal = await refusalOf(() => findingsOf([BOS, 101, 102, 50_256, 300]));
  expect(refusal.code).toBe('BPB_TOKEN_ID');
  expect(refusal.message).toContain('larger vocabulary: their largest id is 50256');
  expect(refusal.message).toContain("GPT-2's 50257");
  const other = await refusalOf(() => findingsOf([BOS, 101, 20_000]));
  expect(other.message).toContain('20001 ids or more.');
});

/** Shards by name: what they are not, which finding says so, and how an audit of them names it. */
const NOT_WHAT_THEY_SEEM: [string, Record<string, number[]>, string, string][] = [
  [
    'a copy that a browser named',
    { 'fineweb_val_000000.bin': stream(0, 4), 'fineweb_val_000000 (1).bin': stream(0, 4) },
    'shard-copy',
    'shard-copy',
  ],
  [
    'a shard once more under the next number',
    { 'fineweb_val_000000.bin': stream(0, 4), 'fineweb_val_000001.bin': stream(0, 4) },
    'equal-shards',
    'equal-shards',
  ],
  [
    'no shard 0',
    { 'fineweb_val_000001.bin': stream(0, 4), 'fineweb_val_000002.bin': stream(4, 8) },
    'first-shard-missing',
    'first-shard-missing',
  ],
  [
    'no shard 1',
    { 'fineweb_val_000000.bin': stream(0, 4), 'fineweb_val_000002.bin': stream(4, 8) },
    'shard-gap',
    'shard-gap',
  ],
  [
    '20 padding ids at the end',
    { 'fineweb_val_000000.bin': [...stream(0, 6), ...new Array<number>(20).fill(0)] },
    'padding-at-end',
    'padding-at-end',
  ],
  [
    'padding inside documents',
    { 'fineweb_val_000000.bin': [...stream(0, 3), 0, 0, 0, ...stream(3, 6)] },
    'impossible-ids',
    'impossible-ids',
  ],
  [
    'no BOS',
    { 'fineweb_val_000000.bin': stream(0, 6).filter((id) => id !== BOS) },
    'no-document-start',
    'no-bos',
  ],
];

describe('data that is not what it seems', () => {
  it.each(NOT_WHAT_THEY_SEEM)('%s', async (_, shards, id, check) => {
    const { model } = await scoreFixture();
    const folder = temporaryFolder();
    for (const [name, ids] of Object.entries(shards)) await writeShard(join(folder, name), ids);
    const options = {
      artifact: model,
      tokenizer: 'byte260',
      window: 'document',
      seqLen: 64,
    } as const;
    const run = { ...options, data: [folder], verifyRows: 0, workers: 1 };
    const withheld = await score(run);
    const failed = withheld.findings.filter(({ severity }) => severity === 'fail');
    expect(failed.map((each) => each.id)).toContain(id);
    expect(withheld).toMatchObject({ status: 'withheld', score: { val_bpb: null } });
    const report = await audit({ tokenizer: 'byte260', data: [folder], workers: 0 });
    expect(report.verdict).toBe('fail');
    expect(report.findings).toContainEqual(expect.objectContaining({ check, severity: 'fail' }));
    // With a word that it is meant so, the number is there, and the finding with it.
    const accepted = await score({ ...run, accept: failed.map((each) => each.id) });
    expect(accepted.status).toBe('scored');
    expect(accepted.score.val_bpb).toBeGreaterThan(0);
    expect(accepted.findings.find((each) => each.id === id)).toMatchObject({
      severity: 'fail',
      accepted: true,
    });
  });

  it('one finding accepted leaves the others', async () => {
    const { model } = await scoreFixture();
    const folder = temporaryFolder();
    await writeShard(join(folder, 'fineweb_val_000001.bin'), [...stream(0, 6), 0, 0, 0, 0]);
    const options = {
      artifact: model,
      tokenizer: 'byte260',
      window: 'document',
      seqLen: 64,
    } as const;
    const accept = ['first-shard-missing'];
    const result = await score({ ...options, data: [folder], accept, verifyRows: 0, workers: 1 });
    expect(result).toMatchObject({ status: 'withheld', score: { val_bpb: null } });
    const failed = result.findings.filter(({ severity }) => severity === 'fail');
    expect(failed).toMatchObject([
      { id: 'padding-at-end', accepted: false },
      { id: 'first-shard-missing', accepted: true },
    ]);
  });
});

const duplicate = sharedCase('duplicate-shard');

it.skipIf(duplicate === null)('the duplicate shard, as an audit says', async () => {
  const artifact = join(duplicate!, 'model.onnx');
  const data = [duplicate!];
  const window = { window: 'document', seqLen: 16 } as const;
  const result = await score({ artifact, tokenizer: 'byte260', data, ...window });
  expect(result.score.val_bpb).toBeNull();
  const report = await audit({ tokenizer: 'byte260', data, workers: 0 });
  for (const id of ['shard-copy', 'equal-shards']) {
    expect(result.findings).toContainEqual(expect.objectContaining({ id, severity: 'fail' }));
    expect(report.findings.map(({ check }) => check)).toContain(id);
  }
});

const cases = sharedCase('no-bos-shard');

it.skipIf(cases === null).each([
  ['nobos.bin', 'no-document-start', 'fail'],
  ['eos_sep_nobos.bin', 'no-document-start', 'fail'],
  ['mid_start.bin', 'begins-inside-document', 'warn'],
])('%s: %s, as an audit says', async (name, id, severity) => {
  const data = [join(cases!, name)];
  const artifact = join(cases!, 'm.onnx');
  const tokenizer = 'byte260';
  const result = await score({ artifact, tokenizer, data, window: 'document', seqLen: 16 });
  expect(result.score.val_bpb === null).toBe(severity === 'fail');
  expect(result.findings).toContainEqual(expect.objectContaining({ id, severity }));
  const report = await audit({ tokenizer, data, workers: 0 });
  expect(report.findings.map(({ check }) => check)).toContain('no-bos');
});
