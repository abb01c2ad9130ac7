/** Options that a program gets wrong: a usage error that names them, never a silent default. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as bpb from '#bpb/index';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture } from '../helpers/score-fixture.js';

type Call = (options: never) => unknown;
const FUNCTIONS: [string, Call][] = [
  ['score', bpb.score],
  ['scoreClaimed', bpb.scoreClaimed],
  ['verify', bpb.verify],
  ['probe', bpb.probe],
  ['probeLedger', bpb.probeLedger],
  ['audit', bpb.audit],
  ['claim', bpb.claim],
  ['tokenize', bpb.tokenize],
  ['doctor', bpb.doctor],
  ['init', bpb.init],
  ['openData', bpb.openData],
];

const folder = fileFolder();
let fixture: ScoreFixture;
beforeAll(async () => {
  fixture = await scoreFixture({ folder });
});

/** Calls with options that its type does not allow. */
const refused = (call: Call, options: unknown) =>
  refusalOf(async () => call(options as never) as Promise<unknown>);

describe.each(FUNCTIONS)('%s', (name, call) => {
  test.each([null, 7, 'text', [[]]])('%j in place of options', async (options) => {
    const error = await refused(call, options);
    expect(error).toMatchObject({ code: 'BPB_USAGE_OPTION', exitCode: 2, path: name });
  });

  test('an option that it does not have', async () => {
    const error = await refused(call, { nonsense: 1 });
    expect(error).toMatchObject({ code: 'BPB_USAGE_OPTION', exitCode: 2, path: 'nonsense' });
    expect(error.message).toContain(name);
  });
});

/** What gave the score of other options before it was refused. */
const SCORES: [Record<string, unknown>, string, string][] = [
  [{ seqlen: 16 }, 'BPB_USAGE_OPTION', 'seqlen'],
  [{ window: 'chunks' }, 'BPB_USAGE_OPTION', 'window'],
  [{ tail: 'keep' }, 'BPB_USAGE_OPTION', 'tail'],
  [{ precision: 'bf16' }, 'BPB_USAGE_OPTION', 'precision'],
  [{ optimize: 'false' }, 'BPB_USAGE_OPTION', 'optimize'],
  [{ signal: {} }, 'BPB_USAGE_OPTION', 'signal'],
  [{ part: '1/2' }, 'BPB_USAGE_OPTION', 'part'],
  [{ data: 'shards' }, 'BPB_USAGE_OPTION', 'data'],
  [{ targets: 'nats.f32' }, 'BPB_USAGE_OPTION', 'targets'],
  [{ verifyRows: Number.NaN }, 'BPB_USAGE_INTEGER', '--verify-rows'],
  [{ verifyRows: -1 }, 'BPB_USAGE_INTEGER', '--verify-rows'],
  [{ seed: 'one' }, 'BPB_USAGE_INTEGER', '--seed'],
  [{ workers: '2' }, 'BPB_USAGE_INTEGER', '--workers'],
  [{ workers: 1e6 }, 'BPB_USAGE_INTEGER', '--workers'],
  [{ threads: 1e6 }, 'BPB_USAGE_INTEGER', '--threads'],
];

test.each(SCORES)('score %j', async (wrong, code, path) => {
  const { model: artifact, docs } = fixture;
  const options = { artifact, tokenizer: 'byte260', docs, window: 'chunk', seqLen: 16, ...wrong };
  const error = await refused(bpb.score, options);
  expect(error).toMatchObject({ kind: 'usage', code, path });
  expect(error.expected).toMatch(/./);
});

test('a name that differs in case alone: the hint has the right one', async () => {
  const error = await refused(bpb.score, { artifact: fixture.model, seqlen: 16 });
  expect(error.hint).toContain('`seqLen`');
});

test('all that is missing is named at once', async () => {
  const error = await refused(bpb.tokenize, {});
  expect(error).toMatchObject({ code: 'BPB_USAGE_MISSING', path: 'docs, tokenizer, out' });
});

test('an audit with NaN workers is refused (it never ended)', async () => {
  const error = await refused(bpb.audit, {
    tokenizer: 'byte260',
    docs: fixture.docs,
    workers: Number.NaN,
  });
  expect(error).toMatchObject({ code: 'BPB_USAGE_INTEGER', path: '--workers' });
});

test('an option that is undefined is one that is not given', async () => {
  const out = join(fixture.folder, 'shards');
  const result = await bpb.tokenize({
    docs: fixture.docs,
    tokenizer: 'byte260',
    out,
    ...({ nonsense: undefined } as object),
  });
  expect(result.tokens).toBe(fixture.ids.length);
});

test('a plan of windows that are cut in no known way', async () => {
  const stream = {
    ids: Uint16Array.from([1, 5, 6]),
    documentStarts: Uint32Array.from([0]),
    startId: 1,
  };
  const options = { mode: 'chunks', seqLen: 2, stride: null, tail: 'drop', compat: null };
  const error = await refusalOf(async () => bpb.planWindows(stream as never, options as never));
  expect(error).toMatchObject({ code: 'BPB_USAGE_WINDOW', path: '--window' });
});
