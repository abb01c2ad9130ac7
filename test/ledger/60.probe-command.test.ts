import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerReport } from '#bpb/ledger/verify';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { adapted, ledgerFile, ledgerOf, scored } from '../helpers/ledger.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const verdicts = (report: LedgerReport) =>
  Object.fromEntries(report.verdicts.map(({ name, verdict }) => [name, verdict]));

const RULES = [
  'format',
  'chain',
  'once',
  'sums',
  'order',
  'updates',
  'documents',
  'stream',
  'result',
];

async function recorded() {
  const w = await scoreFixture();
  const ledger = join(w.folder, 'ledger.jsonl');
  const run = { artifact: w.model, tokenizer: 'byte260', docs: w.docs, ledger } as const;
  await score({ ...run, window: 'document', seqLen: 32, verifyRows: 0 });
  return { ...w, ledger };
}

describe('bpb probe --ledger', () => {
  test('passes what bpb score wrote, held against the documents and against the shards', async () => {
    const { ledger, docs, shards } = await recorded();
    const flags = ['probe', '--ledger', ledger, '--tokenizer', 'byte260', '--json'];
    for (const data of [
      ['--docs', docs],
      ['--data', shards],
    ]) {
      const { code, stdout } = await bpb(...flags, ...data);
      const report = JSON.parse(stdout) as LedgerReport & { schema: string };
      expect(report).toMatchObject({ schema: 'bpb-probe/1', verdict: 'pass', violations: [] });
      expect(verdicts(report)).toEqual(
        Object.fromEntries(RULES.map((name) => [`ledger-${name}`, 'pass'])),
      );
      expect(code).toBe(0);
    }
    const { code, stdout } = await bpb('probe', '--ledger', ledger);
    expect(code).toBe(0);
    expect(stdout).toMatch(/PASS.*ledger of bpb-harness/);
    expect(stdout).toMatch(/n\/a {3}ledger-stream .*no --data/);
  });

  test('fails the ledger of another stream, exit 1', async () => {
    const { ledger, folder } = await recorded();
    const docs = join(folder, 'others.jsonl');
    writeFileSync(docs, `${JSON.stringify({ text: 'another text' })}\n`);
    const flags = ['--ledger', ledger, '--tokenizer', 'byte260', '--docs', docs, '--json'];
    const { code, stdout } = await bpb('probe', ...flags);
    const report = JSON.parse(stdout) as LedgerReport;
    expect(code).toBe(1);
    expect(verdicts(report)).toMatchObject({ 'ledger-stream': 'fail', 'ledger-chain': 'pass' });
  });

  test('says line, targets and document of an update before the score', async () => {
    const path = ledgerFile(
      ledgerOf([scored(1, 4, 0, 4), adapted([[1, 5]], 0), scored(5, 1, 0, 1)]),
    );
    const { code, stdout } = await bpb('probe', '--ledger', path);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL/);
    expect(stdout).toMatch(/fail {2}ledger-updates +one violation:/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /BPB_LEDGER_EARLY line 3: the update uses target 5, which no earlier line scores \(document 0\)/,
    );
  });

  test('exits 3 where the file is no ledger, 2 where the data has no tokenizer', async () => {
    const { docs } = await scoreFixture();
    const refused = await bpb('probe', '--ledger', docs, '--json');
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'BPB_LEDGER_NOT_ONE' } });
    const misused = await bpb('probe', '--ledger', docs, '--docs', docs);
    expect(misused.code).toBe(2);
    expect(misused.stderr).toMatch(/--tokenizer/);
  });
});
