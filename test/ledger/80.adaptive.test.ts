/** The harness's own adaptive ledgers, held against the rules that others' are held against. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeLedger } from '#bpb/ledger/verify';
import { scoreClaimed } from '#bpb/score/claimed';
import { score } from '#bpb/score/score';
import { writeCounts } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

test.each([
  ['document', 'document'],
  ['never', 'document'],
  ['never', 'chunk'],
] as const)(
  'reset %s under %s windows: the ledger holds, and gives the same score again',
  async (reset, window) => {
    const w = await scoreFixture();
    const artifact = temporaryFolder();
    writeCounts(artifact, { chunk: 8, reset, window });
    const ledger = join(w.folder, 'ledger.jsonl');
    const out = join(w.folder, 'out');
    const run = { artifact, data: [w.shards], ledger, out, saveTargets: true };
    const result = await score({ ...run, batchTokens: 32, verifyRows: 0 });
    const source = { ledger, data: [w.shards], tokenizer: 'byte260' };
    const report = await probeLedger(source);
    expect(report.violations).toEqual([]);
    expect(report.verdicts.map(({ verdict }) => verdict)).not.toContain('not_applicable');
    expect(report.ledger.reset).toBe(reset);
    expect(report.ledger.updates).toBeGreaterThan(0);
    const claimed = await scoreClaimed({ ...source, targets: join(out, 'targets.f32') });
    // The claim names the tokenizer, the score takes the artifact's own.
    const { denominator } = claimed.totals;
    expect(denominator.confirmed_by).toBe('caller');
    expect(claimed.totals).toEqual({ ...result.totals, denominator });
    expect(claimed.score).toEqual({ ...result.score, evidence: 'claimed' });
  },
);
