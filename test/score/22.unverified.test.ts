import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scoreText } from '#bpb/report/score-text';
import { unverifiedFindings } from '#bpb/score/findings';
import { hashJson } from '#bpb/score/identity';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { bpb } from '../helpers/command.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const byte260 = { tokenizer: 'byte260', window: 'chunk', seqLen: 32 } as const;

describe('a score that nothing verified', () => {
  const verdictText = /bits per byte.*unverified \(--verify-rows 0\)/;

  test('says so in its own line and as a finding, and exits 0', async () => {
    const w = await scoreFixture();
    const flags = '--tokenizer byte260 --window chunk --seq-len 32 --quiet --verify-rows 0';
    const what = ['score', w.model, '--docs', w.docs, ...flags.split(' ')];
    const text = await bpb(...what);
    expect(text.code).toBe(0);
    // A terminal breaks the line; a blank one ends the paragraph.
    const [headline] = text.stdout.trim().split('\n\n');
    expect(headline!.replace(/\s+/g, ' ')).toMatch(verdictText);
    const markdown = await bpb(...what, '--report', 'markdown');
    expect(markdown.stdout.split('\n')[0]).toMatch(verdictText);
    const json = JSON.parse((await bpb(...what, '--json')).stdout);
    expect(json.verification.verdict).toBe('skipped');
    expect(json.findings).toContainEqual(
      expect.objectContaining({ id: 'unverified', severity: 'warn', accepted: false }),
    );
    const verified = await bpb(...what.slice(0, -2));
    expect(verified.stdout).not.toMatch(/unverified/);
  });

  test('nor can verify says why, in its own line and as a finding', async () => {
    const w = await scoreFixture();
    const result = await score({ ...byte260, artifact: w.model, docs: w.docs, verifyRows: 1 });
    const note = 'no kernel of MatMul for bf16';
    const verification = { ...result.verification, verdict: 'not_possible' as const, note };
    const page = scoreText({ ...result, verification }, { columns: 200, plain: true });
    expect(page.trim().split('\n')[0]).toMatch(/bits per byte.*unverified \(nothing else runs/);
    const found = unverifiedFindings({ ...result, verification });
    expect(found).toContainEqual(expect.objectContaining({ id: 'unverified', severity: 'warn' }));
    expect(found[0]!.message).toContain(note);
  });

  test('keeps saying so when it is verified later, and is caught where the finding was taken out', async () => {
    const w = await scoreFixture();
    const out = join(w.folder, 'out');
    await score({ ...byte260, artifact: w.model, docs: w.docs, verifyRows: 0, out });
    const { stdout, code } = await bpb('verify', out);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')[0]).toMatch(/bits per byte, unverified by its run/);
    const report = await verify({ result: out });
    expect(report.result.verification).toBe('skipped');
    const verdictOf = async () =>
      (await verify({ result: out })).checks.find(({ name }) => name === 'findings')!.verdict;
    expect(await verdictOf()).toBe('pass');
    const file = join(out, 'result.json');
    const result = JSON.parse(readFileSync(file, 'utf8'));
    result.findings = result.findings.filter(({ id }: { id: string }) => id !== 'unverified');
    const { sha256: _, ...rest } = result.run;
    result.run.sha256 = hashJson({ ...result, run: rest });
    writeFileSync(file, JSON.stringify(result));
    expect(await verdictOf()).toBe('fail');
  });
});
