/** Flags that are wrong by themselves or contradict each other: refused before anything is opened. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claimedOptions } from '#bpb/evaluation/checks/claimed';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probeLedger } from '#bpb/ledger/verify';
import { type ProbeOptions, probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

/** It is not there: an error about it would come of having looked. */
const artifact = '/nowhere/model.onnx';

type Row = [Partial<ScoreOptions>, string, string];

const COMMON: Row[] = [
  [{ workers: 0 }, 'BPB_USAGE_INTEGER', '--workers'],
  [{ workers: 1.5 }, 'BPB_USAGE_INTEGER', '--workers'],
  [{ threads: 0 }, 'BPB_USAGE_INTEGER', '--threads'],
  [{ threads: Number.NaN }, 'BPB_USAGE_INTEGER', '--threads'],
  [{ batchTokens: -1 }, 'BPB_USAGE_INTEGER', '--batch-tokens'],
  [{ limitDocs: 0 }, 'BPB_USAGE_INTEGER', '--limit-docs'],
  [{ device: 'tpu' }, 'BPB_DEVICE', '--device'],
  [{ device: 'cuda:0,cuda:0' }, 'BPB_DEVICE', '--device'],
  [{ device: 'cpu', engine: 'onnx-cuda' }, 'BPB_USAGE_DEVICE', '--device'],
  [{ device: 'cuda:0', engine: 'onnx-cpu' }, 'BPB_USAGE_DEVICE', '--device'],
  [{ device: 'cuda:0', engine: 'onnx-js' }, 'BPB_USAGE_DEVICE', '--device'],
  [{ device: 'cuda:0', engine: 'tfjs' }, 'BPB_USAGE_DEVICE', '--device'],
  [{ precision: 'tf32', device: 'cpu' }, 'BPB_USAGE_DEVICE', '--precision'],
  [{ precision: 'tf32', engine: 'onnx-cpu' }, 'BPB_USAGE_DEVICE', '--precision'],
];

const SCORE_ONLY: Row[] = [
  [{ saveTargets: true }, 'BPB_USAGE_SAVE_TARGETS', '--save-targets'],
  [{ optimizeTolerance: 1e-3 }, 'BPB_USAGE_OPTIMIZE', '--optimize-tolerance'],
  [{ precision: 'fp16' }, 'BPB_USAGE_OPTIMIZE', '--precision'],
  [{ optimize: true, optimizeTolerance: 0 }, 'BPB_OPTIMIZE_TOLERANCE', '--optimize-tolerance'],
  [{ optimize: true, optimizeTolerance: 1 / 0 }, 'BPB_OPTIMIZE_TOLERANCE', '--optimize-tolerance'],
  [{ ledger: 'new.jsonl', compat: 'sliding-2026-03-19' }, 'BPB_USAGE_LEDGER', '--ledger'],
  [{ part: [0, 3] }, 'BPB_USAGE_PART', '--part'],
  [{ part: [4, 3] }, 'BPB_USAGE_PART', '--part'],
  [{ part: [1, 1.5] }, 'BPB_USAGE_PART', '--part'],
];

test.each([...COMMON, ...SCORE_ONLY])('score %j', async (flags, code, path) => {
  const error = await refusalOf(() => score({ artifact, ...flags }));
  expect(error).toMatchObject({ kind: 'usage', exitCode: 2, code, path });
  expect(error.expected).toMatch(/./);
});

test.each(COMMON)('probe %j', async (flags, code, path) => {
  const error = await refusalOf(() => probe({ artifact, ...flags } as ProbeOptions));
  expect(error).toMatchObject({ kind: 'usage', code, path });
});

test('flags that are right get as far as the artifact', async () => {
  const flags = { workers: 2, threads: 1, batchTokens: 64, part: [1, 3], device: 'cpu' } as const;
  const error = await refusalOf(() => score({ artifact, ...flags }));
  expect(error).toMatchObject({ code: 'BPB_ARTIFACT_MISSING', path: artifact });
});

test('a ledger that is there already', async () => {
  const ledger = join(temporaryFolder(), 'run.jsonl');
  writeFileSync(ledger, '');
  const error = await refusalOf(() => score({ artifact, ledger }));
  expect(error).toMatchObject({ code: 'BPB_LEDGER_EXISTS', path: ledger });
});

test.each([
  [{ data: ['shards'] }, '--data'],
  [{ docs: 'docs.jsonl' }, '--data'],
  [{ tokenizer: 'byte260' }, '--tokenizer'],
])('probe --ledger with %j', async (given, path) => {
  const error = await refusalOf(() => probeLedger({ ledger: '/nowhere/run.jsonl', ...given }));
  expect(error).toMatchObject({ kind: 'usage', code: 'BPB_USAGE_LEDGER_DATA', path });
});

describe('a claimed score', () => {
  const files = { ledger: 'run.jsonl', targets: 'targets.f32' };

  test.each([
    [undefined, {}, [], 'BPB_USAGE_ARTIFACT', '<artifact>'],
    [undefined, { ledger: 'run.jsonl' }, ['ledger'], 'BPB_USAGE_ARTIFACT', '<artifact>'],
    [undefined, { targets: 'targets.f32' }, ['targets'], 'BPB_USAGE_TARGETS', '--targets'],
    ['model.onnx', files, ['ledger', 'targets'], 'BPB_USAGE_TARGETS', '--targets'],
    [undefined, files, ['ledger', 'targets', 'seqLen'], 'BPB_USAGE_TARGETS', '--seq-len'],
  ])('artifact %j, flags %j', async (model, flags, given, code, path) => {
    const error = await refusalOf(() => claimedOptions(model, flags, given));
    expect(error).toMatchObject({ kind: 'usage', code, path });
  });

  test('is none where an artifact is given alone', () => {
    expect(claimedOptions('model.onnx', { ledger: 'run.jsonl' }, ['ledger'])).toBeNull();
  });
});
