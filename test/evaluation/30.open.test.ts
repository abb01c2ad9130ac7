/** That all commands open the same thing, and what an evaluation is made of. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { writeCounts } from '../helpers/adaptive.js';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const w = await scoreFixture({ folder: fileFolder() });
const model = {
  artifact: w.model,
  tokenizer: 'byte260',
  window: 'sliding',
  seqLen: 32,
  stride: 8,
  device: 'cpu',
} as const;

const artifactOf = (fixture: Parameters<typeof writeCounts>[1] = {}) => {
  const artifact = temporaryFolder();
  writeCounts(artifact, fixture);
  return { artifact, docs: w.docs, device: 'cpu' };
};

describe.each([
  ['documents', { docs: w.docs }],
  ['shards', { data: [w.shards] }],
  ['both', { data: [w.shards], docs: w.docs }],
  ['the first documents', { docs: w.docs, limitDocs: 7 }],
])('of %s', (name, named) => {
  test('a score, a probe, a claim and a ledger have the same tokens', async () => {
    const score = await openEvaluation({ ...model, ...named }, 'plan');
    const probe = await openEvaluation({ ...model, ...named }, 'model');
    const claim = await openEvaluation({ tokenizer: 'byte260', ...named }, 'tokens');
    const { ids, documentStarts } = score.data.stream;
    if (name !== 'the first documents') expect([...ids]).toEqual(w.ids);
    for (const other of [probe.data!, claim.data]) {
      expect(other.stream.ids).toEqual(ids);
      expect(other.stream.documentStarts).toEqual(documentStarts);
      expect(other.facts).toEqual(score.data.facts);
      expect(other.shards).toEqual(score.data.shards);
      expect(other.documents).toEqual(score.data.documents);
      expect(other.partial).toBe(score.data.partial);
    }
    expect(claim.tokenizer.sha256).toBe(score.tokenizer.sha256);
    const { artifact, window, placement, tokenizer } = score;
    expect(probe).toMatchObject({ window, placement });
    expect(probe.artifact.sha256).toBe(artifact.sha256);
    expect(probe.tokenizer.sha256).toBe(tokenizer.sha256);
  });
});

test('an audit reads the shards of a score', async () => {
  const { data } = await openEvaluation({ ...model, data: [w.shards] }, 'plan');
  const { shards } = await openEvaluation({ tokenizer: 'byte260', data: [w.shards] }, 'audit');
  expect(shards!.stream.ids).toEqual(data.stream.ids);
  expect(shards!.stream.documentStarts).toEqual(data.stream.documentStarts);
});

test('built-in documents have one name for every command', async () => {
  const given = { tokenizer: 'byte260', limitDocs: 2 };
  const byData = await openEvaluation({ ...given, data: ['sotu-val'] }, 'tokens');
  const byDocs = await openEvaluation({ ...given, docs: 'sotu-val' }, 'tokens');
  expect(byDocs.data.stream.ids).toEqual(byData.data.stream.ids);
  const audited = await openEvaluation({ tokenizer: 'byte260', docs: 'sotu-val' }, 'audit');
  expect(byDocs.data.documents!.source).toBe(audited.documents!.path);
});

describe('windows', () => {
  test('of the flags, over those of the artifact', async () => {
    const given = artifactOf({ chunk: 4 });
    const own = await openEvaluation(given, 'model');
    const { window: mode, seqLen, stride, tail, compat } = own.artifact.evaluation!;
    expect(own.window).toEqual({ mode, seqLen, stride, tail, compat });
    const asked = await openEvaluation({ ...given, seqLen: 64 }, 'model');
    expect(asked.window).toEqual({ ...own.window, seqLen: 64 });
  });

  test.each([
    [{ stride: 33 }, 'BPB_USAGE_STRIDE', '--stride'],
    [{ window: 'chunk' }, 'BPB_USAGE_STRIDE', '--stride'],
    [{ seqLen: 0 }, 'BPB_USAGE_INTEGER', '--seq-len'],
    [{ compat: 'sliding-2026-03-19', tail: 'score' }, 'BPB_USAGE_COMPAT', '--compat'],
  ])('%j is refused before any data is read', async (flags, code, path) => {
    const options = { ...model, data: ['/nowhere'], ...flags } as ScoreOptions;
    expect(await refusalOf(() => openEvaluation(options, 'plan'))).toMatchObject({ code, path });
  });
});

describe('an artifact that carries state', () => {
  test.each([
    [{ window: 'sliding', stride: 4 }, 'BPB_USAGE_ADAPTIVE', '--window'],
    [{ stride: 4 }, 'BPB_USAGE_ADAPTIVE', '--stride'],
    [{ window: 'chunk' }, 'BPB_USAGE_ADAPTIVE', '--window'],
    [{ seqLen: 1 }, 'BPB_USAGE_ADAPTIVE', '--seq-len'],
  ])('with %j, for a score and for a probe', async (flags, code, path) => {
    const options = { ...artifactOf(), ...flags } as ScoreOptions;
    for (const needs of ['plan', 'model'] as const) {
      const error = await refusalOf(() => openEvaluation(options, needs as 'plan'));
      expect(error).toMatchObject({ code, path });
    }
  });

  test.each([
    [{ workers: 2 }, '--workers'],
    [{ part: [1, 2] as const }, '--part'],
  ])('through the whole stream, with %j', async (flags, path) => {
    const options = { ...artifactOf({ reset: 'never' }), ...flags };
    const error = await refusalOf(() => openEvaluation(options, 'plan'));
    expect(error).toMatchObject({ code: 'BPB_USAGE_ONE_PASS', path });
  });
});

describe('sessions', () => {
  const cores = availableParallelism();
  const placement = async (flags: Partial<ScoreOptions>) => {
    const opened = await openEvaluation({ ...model, docs: w.docs, ...flags }, 'plan');
    return [opened.placement.workers, opened.placement.threads];
  };

  test('share the cores, unless the flags say how', async () => {
    expect(await placement({ workers: 3, threads: 2 })).toEqual([3, 2]);
    expect(await placement({ workers: 1 })).toEqual([1, cores]);
    expect(await placement({ threads: cores })).toEqual([1, cores]);
    expect(await placement({ threads: 4 * cores })).toEqual([1, 4 * cores]);
  });

  test('of one pass are one', async () => {
    const options = artifactOf({ reset: 'never' });
    const { placement: found } = await openEvaluation(options, 'plan');
    expect([found.workers, found.threads]).toEqual([1, cores]);
  });
});

test.each([1, 2, 3, 7])('%i parts are all of the plan, each batch once', async (parts) => {
  const whole = await openEvaluation({ ...model, docs: w.docs }, 'plan');
  const ranges: (readonly [number, number])[] = [];
  for (let i = 1; i <= parts; i++) {
    const part = [i, parts] as const;
    const { workload } = await openEvaluation({ ...model, docs: w.docs, part }, 'plan');
    ranges.push(workload.range);
  }
  expect(ranges[0]![0]).toBe(0);
  expect(ranges.at(-1)![1]).toBe(whole.workload.batches.count);
  for (let i = 1; i < parts; i++) expect(ranges[i]![0]).toBe(ranges[i - 1]![1]);
  const sizes = ranges.map(([from, to]) => to - from);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

test('an artifact without data: an error for a score, none for a probe', async () => {
  const { docs: _, ...artifact } = artifactOf();
  expect((await openEvaluation(artifact, 'model')).data).toBeNull();
  const error = await refusalOf(() => openEvaluation(artifact, 'plan'));
  expect(error).toMatchObject({ code: 'BPB_USAGE_DATA', path: '--data' });
  const file = join(artifact.artifact, 'artifact.json');
  expect((await openEvaluation({ artifact: file, docs: w.docs }, 'plan')).data).not.toBeNull();
});

test('a signal that is aborted while data is read ends the reading', async () => {
  const controller = new AbortController();
  const phases: string[] = [];
  const options = {
    ...model,
    data: ['sotu-val'],
    signal: controller.signal,
    onProgress: ({ phase }: { phase: string }) => {
      phases.push(phase);
      controller.abort();
    },
  };
  const error = await refusalOf(() => openEvaluation(options, 'plan'));
  expect(error).toMatchObject({ code: 'BPB_INTERRUPTED', exitCode: 130 });
  expect(phases).toEqual(['tokenize']);
});
