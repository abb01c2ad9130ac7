/** Shards: counts, tails, known sets by arithmetic, hashes, and documents shared with training. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditFacts, runChecks } from '#bpb/audit/checks/check';
import { CHECKS } from '#bpb/audit/checks/index';
import { newTally } from '#bpb/audit/collect';
import { findOverlap, MIN_TOKENS } from '#bpb/audit/overlap';
import type { ShardFacts } from '#bpb/audit/shard-facts';
import type { SidecarFacts } from '#bpb/audit/sidecar-facts';
import { readVocabulary } from '#bpb/audit/vocabulary';
import { buildLut, lutBytes } from '#bpb/bytes/lut';
import { identify } from '#bpb/data/known-sets';
import { writeShard } from '#bpb/data/shards';
import { byte260 } from '#bpb/tokenizer/byte260';
import { temporaryFolder } from '../helpers/folder.js';
import { uniform } from '../helpers/models.js';
import { streamOf } from '../helpers/stream.js';
import { dataSet, docsFile, found, rightModel, run, streamFor, TEXTS } from './fixtures.js';

describe('the published sets, by the arithmetic of their counts', () => {
  const facts = (
    shards: Partial<ShardFacts>,
    sidecar: Partial<SidecarFacts> | null,
  ): AuditFacts => {
    const tokenizer = byte260();
    const counts = { documents: 50_000, tokens: 40_540_803, lutBytes: 151_080_891, ...shards };
    const full: ShardFacts = {
      shards: [],
      bos: counts.documents,
      begins_with_bos: true,
      control_tokens: 0,
      known_as: identify({ ...counts, bytes: counts.lutBytes }),
      tails: [],
      lowIds: 0,
      ...counts,
    };
    return {
      tokenizer,
      vocabulary: { ...readVocabulary(tokenizer), case_operators: sidecar !== null },
      problems: [],
      unloadable: null,
      measured: null,
      rules: null,
      unreachable: null,
      ceiling: null,
      table: null,
      text: null,
      histogram: null,
      documents: null,
      shards: full,
      sidecar: sidecar as SidecarFacts | null,
      data: null,
      overlap: null,
      mistakes: [],
      headlineEffect: null,
      claim: null,
    };
  };
  const findings = (shards: Partial<ShardFacts>, sidecar: Partial<SidecarFacts> | null = null) =>
    runChecks(CHECKS, facts(shards, sidecar)).findings.filter(
      ({ severity }) => severity !== 'info',
    );

  it('sp8192 is 40,540,803 tokens and 151,080,891 bytes', () => {
    expect(findings({})).toEqual([]);
  });

  it('one byte more is another set, or the wrong table', () => {
    const [finding] = findings({ lutBytes: 151_080_892 });
    expect(finding).toMatchObject({ check: 'other-validation-set', severity: 'fail' });
  });

  it.each([151_074_309, 151_074_499, 164_594_398])(
    'case operators with %d sidecar bytes',
    (sum) => {
      const none = newTally();
      const tallies = { atBos: none, saturated: none, exceeds: none, short: none, wrapped: none };
      const bytes = { ...none, bytes: 0 };
      const sidecar = { ...tallies, atOperators: bytes, shortLossy: bytes, compared: 50_000, sum };
      const shards = { tokens: 47_853_343, lutBytes: 164_594_398 };
      const right = sum < 151_080_891;
      const names = findings(shards, { ...sidecar, entries: 1, tokens: 1 }).map((f) => f.check);
      expect(names).toEqual(right ? [] : ['other-sidecar']);
    },
  );

  it('another build of the tokenizer normalizes a little else', () => {
    const [finding] = findings({ tokens: 40_541_000, lutBytes: 151_079_000 });
    expect(finding).toMatchObject({ check: 'other-validation-set', severity: 'warn' });
  });

  it('the space counted twice is 1.167 times as much', () => {
    const [finding] = findings({ lutBytes: 176_332_748 });
    expect(finding).toMatchObject({ check: 'other-validation-set', severity: 'fail' });
    expect(finding!.effect!.bytes).toBeCloseTo(1.167, 3);
  });

  it('the naive baseline is on a set of its own', () => {
    const known_as = identify({ documents: 50_000, tokens: 63_780_000, targets: 63_779_840 });
    const [finding] = findings({ tokens: 63_780_000, known_as, lutBytes: 155_769_746 });
    expect(finding!.detail).toContain('first baseline row');
  });

  it('the truncated set is known by its tokens', () => {
    const shards = { documents: 10_000, tokens: 9_662_502, lutBytes: 23_500_000 };
    expect(findings(shards).map(({ check }) => check)).toEqual(['truncated-set']);
  });
});

describe('a scaled-down set', () => {
  it('has its counts, tails and hashes', async () => {
    const model = rightModel();
    const texts = Array.from({ length: 300 }, (_, k) => TEXTS[k % TEXTS.length]!);
    const { folder, ids } = await dataSet(model, texts);
    const report = await run(model, { data: [folder], docs: docsFile(texts) });
    const { shards, totals } = report;
    expect(shards).toMatchObject({ tokens: ids.length, documents: 300, bos: 300, known_as: null });
    const file = join(folder, 'fineweb_val_000000.bin');
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(shards!.shards).toEqual([{ file, tokens: ids.length, sha256 }]);
    const { tokenizer } = await streamFor(model, ['x']);
    const lut = buildLut(tokenizer);
    const bytes = ids.map((id, i) => (i === 0 ? 0 : lutBytes(lut, ids[i - 1]!, id)));
    expect(totals!.bytes.lut).toBe(bytes.reduce((a, b) => a + b, 0));
    expect(shards!.tails.map(({ seqLen }) => seqLen)).toEqual([1024, 2048, 4096]);
    for (const { seqLen, targets, dropped_targets, dropped_bytes } of shards!.tails) {
      expect(targets % seqLen).toBe(0);
      expect(targets + dropped_targets).toBe(ids.length - 1);
      expect(dropped_targets).toBeLessThan(seqLen);
      expect(dropped_bytes).toBe(bytes.slice(targets + 1).reduce((a, b) => a + b, 0));
    }
  });

  it('shorter than a row is all tail', async () => {
    const { folder, ids } = await dataSet(rightModel(), ['the cat']);
    const { shards } = await run(rightModel(), { data: [folder] });
    for (const tail of shards!.tails) expect(tail.dropped_targets).toBe(ids.length - 1);
  });

  it('is the same with two workers', async () => {
    const model = rightModel();
    const { folder } = await dataSet(model);
    const options = { data: [folder], docs: docsFile() };
    const one = await run(model, { ...options, workers: 0 });
    const two = await run(model, { ...options, workers: 2 });
    expect(two.findings).toEqual(one.findings);
    expect(two.totals).toEqual(one.totals);
    expect(two.shards).toEqual(one.shards);
  });
});

describe('documents shared with training', () => {
  const trainFile = async (ids: readonly number[], name = 'fineweb_train_000000.bin') => {
    const folder = temporaryFolder();
    await writeShard(join(folder, name), ids);
    return folder;
  };

  it('are those whose ids are equal, wherever they stand', async () => {
    const next = uniform(3);
    const random = (length: number) => Array.from({ length }, () => 4 + Math.floor(next() * 250));
    const length = fc.integer({ min: 0, max: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(length), fc.array(length), fc.nat(), async (own, other, pick) => {
        const val = own.map(random);
        const train = [...other.map(random), ...val.filter((_, k) => (pick >> (k % 20)) & 1)];
        const stream = val.flatMap((ids) => [1, ...ids]);
        const starts = val.map((_, k) => val.slice(0, k).reduce((n, ids) => n + ids.length + 1, 0));
        if (stream.length === 0) return;
        const folder = await trainFile(train.flatMap((ids) => [1, ...ids]).concat(1));
        const facts = await findOverlap(streamOf(stream, starts), 1, [folder], () => {});
        const known = new Set(train.map((ids) => ids.join()));
        const long = val.filter((ids) => ids.length >= MIN_TOKENS);
        const shared = long.filter((ids) => known.has(ids.join()));
        expect(facts.compared).toBe(long.length);
        expect(facts.shared.count).toBe(shared.length);
        expect(facts.shared.tokens).toBe(shared.reduce((n, ids) => n + ids.length, 0));
        expect(facts.documents).toBe(train.length + 1);
      }),
      { numRuns: 50 },
    );
  });

  it('none: no finding; a few of very many: to be known of', async () => {
    const model = rightModel();
    const { folder } = await dataSet(model);
    const { ids } = await dataSet(model, ['nothing of the kind and then some more of it']);
    const report = await run(model, { data: [folder], trainData: [await trainFile(ids)] });
    expect(found(report, 'fail')).toEqual([]);
    expect(report.training).toMatchObject({ documents: 1, shared: 0, shared_tokens: 0 });
  });
});
