/** The ledger that a result names: of this run, or of another one. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { scoreClaimed } from '#bpb/score/claimed';
import type { ScoreResult } from '#bpb/score/result';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import { chained, type Fields } from '../helpers/ledger.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { bend, copyOf, writeResult } from './results.js';

const folder = fileFolder();
const at = (name: string) => join(folder, name);
let docs: string;
let one: ScoreResult;

beforeAll(async () => {
  const w = await scoreFixture({ folder });
  docs = w.docs;
  const windows = { window: 'document', seqLen: 32, workers: 1, threads: 1 } as const;
  const run = { artifact: w.model, tokenizer: 'byte260', docs, saveTargets: true, ...windows };
  one = await score({ ...run, out: at('one'), ledger: at('one.jsonl') });
  // The same events, of another run.
  await score({ ...run, out: at('two'), ledger: at('two.jsonl') });
});

const checkOf = async (result: string) =>
  (await verify({ result })).checks.find(({ name }) => name === 'ledger');

/** A copy of the run, and of its ledger with other lines. */
function withLedger(change: (lines: Fields[]) => Fields[]): string {
  const lines = readFileSync(at('one.jsonl'), 'utf8').trimEnd().split('\n');
  const bodies = lines.map((line) => {
    const { hash: _, ...fields } = JSON.parse(line) as Fields;
    return fields;
  });
  const file = join(temporaryFolder(), 'ledger.jsonl');
  writeFileSync(file, `${chained(change(bodies)).join('\n')}\n`);
  return bend(copyOf(at('one')), (result) => {
    (result.ledger as { file: string }).file = file;
  });
}

test('its own ledger is that of the run', async () => {
  expect(await checkOf(at('one'))).toMatchObject({ verdict: 'pass' });
});

test('the ledger of another run of the same, by its name and by the result that it names', async () => {
  const kept = readFileSync(at('one.jsonl'));
  copyFileSync(at('two.jsonl'), at('one.jsonl'));
  const check = await checkOf(at('one'));
  writeFileSync(at('one.jsonl'), kept);
  expect(check!.verdict).toBe('fail');
  expect(check!.found).toContain(one.ledger!.hash);
  expect(check!.found).toContain(one.ledger!.run!);
});

test.each<[string, (lines: Fields[]) => Fields[], RegExp]>([
  ['names no result', (lines) => lines.slice(0, -1), /run\.sha256 none: the run gave no result/],
  ['names another result', (lines) => lines, /run\.sha256 [0-9a-f]{64}/],
  ['breaks a rule', (lines) => lines.toSpliced(2, 1), /every rule kept/],
])('a ledger that %s', async (_, change, expected) => {
  // The result was bent, and so has another hash than the line says.
  const check = await checkOf(withLedger(change));
  expect(check).toMatchObject({ verdict: 'fail', expected: expect.stringMatching(expected) });
});

test('a file that is no ledger, one that is gone, a folder; and none at all', async () => {
  const elsewhere = (file: string) =>
    bend(copyOf(at('one')), (result) => {
      (result.ledger as { file: string }).file = file;
    });
  expect(await checkOf(elsewhere(docs))).toMatchObject({ verdict: 'fail', expected: 'a ledger' });
  for (const file of [at('gone.jsonl'), folder]) {
    expect(await checkOf(elsewhere(file))).toMatchObject({ verdict: 'not_checked' });
  }
  const without = bend(copyOf(at('one')), (result) => {
    result.ledger = null;
  });
  expect(await checkOf(without)).toBeUndefined();
});

test('a claim, and one that hides what its run came to', async () => {
  const targets = at('one/targets.f32');
  const ledger = at('claimed.jsonl');
  const lines = readFileSync(at('one.jsonl'), 'utf8').trimEnd().split('\n');
  writeFileSync(ledger, `${lines.slice(0, -1).join('\n')}\n`);
  const claimed = await scoreClaimed({ ledger, targets, docs, tokenizer: 'byte260' });
  expect(claimed.claim.result).toBe('none');
  const out = temporaryFolder();
  writeResult(out, claimed);
  expect(await checkOf(out)).toMatchObject({ verdict: 'pass' });
  const hidden = structuredClone(claimed);
  hidden.claim.result = 'scored';
  hidden.findings = hidden.findings.filter(({ id }) => id !== 'ledger-result');
  writeResult(out, hidden);
  const check = await checkOf(out);
  expect(check).toMatchObject({ verdict: 'fail', expected: 'claim.result none' });
  rmSync(ledger);
  expect(await checkOf(out)).toMatchObject({ verdict: 'not_checked' });
});
