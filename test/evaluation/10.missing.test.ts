/** Missing options: all of them in one error. */
import { describe, expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probe } from '#bpb/probes/probe';
import { scoreClaimed } from '#bpb/score/claimed';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

/** What a bare model needs: flag, the option, and words of what is expected of it. */
const NEEDED = [
  ['--tokenizer', 'tokenizer', 'a SentencePiece .model, or byte260', 'BPB_USAGE_TOKENIZER'],
  ['--window', 'window', 'chunk, sliding or document', 'BPB_USAGE_WINDOW'],
  ['--seq-len', 'seqLen', 'the length of a row in tokens', 'BPB_USAGE_WINDOW'],
  ['--data', 'docs', '--data DIR with shards, --docs FILE', 'BPB_USAGE_DATA'],
] as const;

type Needed = (typeof NEEDED)[number];

const subsets = Array.from({ length: 2 ** NEEDED.length }, (_, bits) =>
  NEEDED.filter((_, k) => (bits >> k) & 1),
);

const w = await scoreFixture({ folder: fileFolder() });
const complete: ScoreOptions = {
  artifact: w.model,
  docs: w.docs,
  tokenizer: 'byte260',
  window: 'chunk',
  seqLen: 32,
};

function without(missing: readonly Needed[]): ScoreOptions {
  return { ...complete, ...Object.fromEntries(missing.map(([, option]) => [option, undefined])) };
}

const named = (missing: readonly Needed[]) => missing.map(([flag]) => flag).join(' ') || 'nothing';

function expectAll(error: Awaited<ReturnType<typeof refusalOf>>, missing: readonly Needed[]): void {
  const codes = new Set(missing.map(([, , , code]) => code));
  expect(error).toMatchObject({
    kind: 'usage',
    code: codes.size === 1 ? [...codes][0] : 'BPB_USAGE_MISSING',
    path: missing.map(([flag]) => flag).join(', '),
  });
  for (const [flag, , expected] of missing) {
    expect(error.expected).toContain(expected);
    if (missing.length > 1) expect(error.hint).toContain(flag);
  }
  for (const [, , expected] of NEEDED.filter((each) => !missing.includes(each))) {
    expect(error.expected).not.toContain(expected);
  }
}

describe('a score', () => {
  test.each(subsets.map((missing) => [named(missing), missing] as const))(
    'without %s',
    async (_, missing) => {
      if (missing.length === 0) {
        const { workload } = await openEvaluation(complete, 'plan');
        expect(workload.plan.tokens).toBe(w.ids.length);
      } else expectAll(await refusalOf(() => score(without(missing))), missing);
    },
  );

  test('a stride is among what is missing, with sliding windows only', async () => {
    const options = { artifact: w.model, tokenizer: 'byte260', window: 'sliding' } as const;
    const error = await refusalOf(() => score(options));
    expect(error).toMatchObject({
      code: 'BPB_USAGE_MISSING',
      path: '--seq-len, --stride, --data',
    });
    expect(error.expected).toContain('--stride: an integer from 1 to --seq-len');
  });

  test('one option more is one error less', async () => {
    const options: ScoreOptions = { artifact: w.model };
    const paths: (string | undefined)[] = [];
    for (const [, option] of NEEDED) {
      paths.push((await refusalOf(() => score(options))).path);
      Object.assign(options, { [option]: complete[option] });
    }
    expect(paths).toEqual([
      '--tokenizer, --window, --seq-len, --data',
      '--window, --seq-len, --data',
      '--seq-len, --data',
      '--data',
    ]);
  });
});

test('a probe needs the same but for data', async () => {
  const error = await refusalOf(() => probe({ artifact: w.model }));
  expectAll(error, NEEDED.slice(0, 3));
});

test.each([
  [{}, '--tokenizer, --data', 'BPB_USAGE_MISSING'],
  [{ docs: w.docs }, '--tokenizer', 'BPB_USAGE_TOKENIZER'],
  [{ tokenizer: 'byte260' }, '--data', 'BPB_USAGE_DATA'],
])('a claimed score with %j', async (given, path, code) => {
  const files = { ledger: 'run.jsonl', targets: 'targets.f32' };
  const error = await refusalOf(() => scoreClaimed({ ...files, ...given }));
  expect(error).toMatchObject({ kind: 'usage', path, code });
});

test('the command says it in one error, as JSON and as text', async () => {
  const { code, stdout } = await bpb('score', w.model, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'BPB_USAGE_MISSING',
    path: '--tokenizer, --window, --seq-len, --data',
    message: '4 options are missing',
    actual: 'none of them',
  });
  const text = (await bpb('score', w.model)).stderr;
  for (const [, , expected] of NEEDED) expect(text).toContain(expected);
});
