/** Data that is not what it seems: a headline needs the caller to say that it is meant. */
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { audit } from '#bpb/audit/audit';
import { writeShard } from '#bpb/data/shards';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { sentencePieceModel } from '../helpers/sentencepiece.js';
import { expectClean, expectWithheld, PIECES, said, scoreOf, type World, world } from './world.js';

const [PAD, BOS, EOS] = [0, 1, 2];
const shard = (bent: World, name: number | string) =>
  join(
    bent.data,
    typeof name === 'number' ? `fineweb_val_${String(name).padStart(6, '0')}.bin` : name,
  );

/** The stream in shards of these numbers, cut between documents. */
async function inShards(bent: World, numbers: readonly number[]): Promise<void> {
  const starts = bent.ids.flatMap((id, k) => (id === BOS ? [k] : []));
  const cut = (k: number) =>
    k === numbers.length
      ? bent.ids.length
      : starts[Math.floor((k * starts.length) / numbers.length)]!;
  renameSync(shard(bent, 0), join(bent.folder, 'whole.bin'));
  for (const [k, number] of numbers.entries()) {
    await writeShard(shard(bent, number), bent.ids.slice(cut(k), cut(k + 1)));
  }
}

const DOCUMENT = { window: 'document', seqLen: 64 } as const;

/** What is done, what the finding is, and the options of the score. */
const WITHHELD: [string, (bent: World) => unknown, RegExp, Partial<ScoreOptions>?][] = [
  [
    'a copy by the name of a download',
    (bent) => copyFileSync(shard(bent, 0), shard(bent, 'fineweb_val_000000 (1).bin')),
    /shard-copy|equal-shards/,
  ],
  [
    'a copy by the name of a backup',
    (bent) => copyFileSync(shard(bent, 0), shard(bent, 'fineweb_val_000000_copy.bin')),
    /shard-copy|equal-shards/,
  ],
  [
    'the same content under the next number',
    (bent) => copyFileSync(shard(bent, 0), shard(bent, 1)),
    /equal-shards/,
  ],
  [
    'the same documents in another order',
    (bent) => {
      const documents = bent.ids.join(' ').split(/(?<= )(?=1 )/);
      const turned = documents.reverse().join(' ').split(/ +/).map(Number);
      return writeShard(shard(bent, 1), turned);
    },
    /equal-shards/,
  ],
  ['shards 1 and 2 without 0', (bent) => inShards(bent, [1, 2]), /first-shard-missing/],
  ['shards 0 and 2 without 1', (bent) => inShards(bent, [0, 2]), /shard-gap/],
  [
    'no document start at all, under document windows',
    (bent) =>
      writeShard(
        shard(bent, 0),
        bent.ids.filter((id) => id !== BOS),
      ),
    /no-document-start/,
    DOCUMENT,
  ],
  [
    'another control piece in place of BOS',
    (bent) =>
      writeShard(
        shard(bent, 0),
        bent.ids.map((id) => (id === BOS ? EOS : id)),
      ),
    /no-document-start|impossible-ids/,
    DOCUMENT,
  ],
  [
    'twenty padding ids at the end',
    (bent) => writeShard(shard(bent, 0), [...bent.ids, ...Array(20).fill(PAD)]),
    /padding-at-end/,
  ],
  [
    'padding by EOS',
    (bent) => writeShard(shard(bent, 0), [...bent.ids, ...Array(20).fill(EOS)]),
    /padding-at-end/,
  ],
  [
    'padding at the end of the first of two shards',
    async (bent) => {
      await inShards(bent, [0, 1]);
      const half = bent.ids.slice(0, 400);
      await writeShard(shard(bent, 0), [...half, ...Array(20).fill(PAD)]);
    },
    /padding-at-end/,
  ],
  [
    'ids that another tokenizer made',
    (bent) => writeFileSync(bent.tokenizer, sentencePieceModel({ pieces: turned(PIECES) })),
    /other-tokenizer|impossible-ids/,
  ],
  [
    'the unknown id in the place of words',
    (bent) =>
      writeShard(
        shard(bent, 0),
        bent.ids.map((id, k) => (k % 9 === 5 && id > 3 ? 3 : id)),
      ),
    /other-tokenizer|impossible-ids/,
  ],
];

/** The pieces of text before those of bytes, in place of behind them. */
function turned<T>(pieces: readonly T[]): T[] {
  const [specials, text] = [4, 4 + 256];
  return [...pieces.slice(0, specials), ...pieces.slice(text), ...pieces.slice(specials, text)];
}

describe('withheld until the caller accepts it', () => {
  test.each(WITHHELD)('%s', async (_, bend, id, over = {}) => {
    const bent = await world();
    await bend(bent);
    const result = await scoreOf(bent, { verifyRows: 0, ...over });
    const failed = result.findings.filter(({ severity }) => severity === 'fail');
    expect(failed.map((each) => each.id).join()).toMatch(id);
    expectWithheld(result, failed[0]!.id);
    // The same in an audit, by the same name.
    const report = await audit({ tokenizer: bent.tokenizer, data: [bent.data] });
    expect(report.findings.some(({ severity }) => severity === 'fail' || severity === 'warn')).toBe(
      true,
    );
    // The way out that the hint gives.
    const accept = [...new Set(failed.map((each) => each.id))];
    for (const { hint, id: own } of failed) expect(hint).toContain(`--accept ${own}`);
    const accepted = await scoreOf(bent, { verifyRows: 0, ...over, accept });
    expect(accepted.status).toBe('scored');
    expect(
      accepted.findings
        .filter((each) => each.accepted)
        .map((each) => each.id)
        .sort(),
    ).toEqual(accept.sort());
  });
});

describe('said beside the headline', () => {
  test.each<[string, (bent: World) => unknown, RegExp, Partial<ScoreOptions>?]>([
    [
      'a beginning inside a document, under document windows',
      (bent) => writeShard(shard(bent, 0), bent.ids.slice(9)),
      /warn begins-inside-document/,
      DOCUMENT,
    ],
    [
      'EOS after each document',
      (bent) =>
        writeShard(
          shard(bent, 0),
          bent.ids.flatMap((id, k) => (id === BOS && k > 0 ? [EOS, id] : [id])),
        ),
      /warn document-end-ids/,
    ],
    [
      'padding after each document',
      (bent) =>
        writeShard(
          shard(bent, 0),
          bent.ids.flatMap((id, k) => (id === BOS && k > 0 ? [PAD, id] : [id])),
        ),
      /(warn|fail) (document-end-ids|impossible-ids)/,
    ],
  ])('%s', async (_, bend, finding, over = {}) => {
    const bent = await world();
    await bend(bent);
    expect(said(await scoreOf(bent, { verifyRows: 0, ...over })).join()).toMatch(finding);
  });
});

describe('the honest twin', () => {
  test.each([
    ['one shard', [0]],
    ['three shards', [0, 1, 2]],
  ])('%s', async (_, numbers) => {
    const honest = await world();
    await inShards(honest, numbers);
    expectClean(await scoreOf(honest));
    expectClean(await scoreOf(honest, { ...DOCUMENT, docs: honest.docs }));
  });
});
