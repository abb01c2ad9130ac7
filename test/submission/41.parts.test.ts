/** The verdict on each part of an evaluation. */
import { describe, expect, test } from 'vitest';
import { auditSourceText } from '#bpb/submission/source/audit';
import { PARTS } from '#bpb/submission/source/report';
import type { Program, SimulationResult, SourcePart } from '#bpb/submission/source/types';
import { MISTAKEN, RIGHT } from './scripts.js';

const verdicts = (parts: readonly SourcePart[]) =>
  Object.fromEntries(parts.map(({ part, verdict }) => [part, verdict]));

const UNJUDGED = Object.fromEntries(PARTS.map((part) => [part, 'not_judged']));

function mistake(check: string): string {
  const found = MISTAKEN.find((each) => each[1] === check);
  if (found === undefined) throw new Error(`no script with ${check}`);
  return found[3];
}

describe('read alone', () => {
  test('a script without a known mistake is judged in no part, with the reason', async () => {
    const { parts } = await auditSourceText(RIGHT);
    expect(parts.map(({ part }) => part)).toEqual([...PARTS]);
    expect(verdicts(parts)).toEqual(UNJUDGED);
    for (const { reason } of parts) expect(reason).toMatch(/was not run/);
  });

  test.each([
    ['lut-marker', { table: 'fail' }],
    ['bytes-per-token', { constants: 'fail' }],
    ['mean-of-means', { aggregation: 'fail' }],
    ['scored-twice', { coverage: 'warn' }],
    ['sidecar-length', { sidecar: 'warn' }],
    ['lossy-text', {}],
    ['network', {}],
  ])('%s judges its own part and no other', async (check, judged) => {
    const { parts, findings } = await auditSourceText(mistake(check));
    expect(findings.map((each) => each.check)).toContain(check);
    expect(verdicts(parts)).toEqual({ ...UNJUDGED, ...judged });
    const part = parts.find(({ verdict }) => verdict !== 'not_judged');
    const finding = findings.find((each) => each.check === check)!;
    if (part !== undefined) {
      expect(part).toMatchObject({ line: finding.line, reason: finding.explanation });
    }
  });

  test('what is hidden leaves every part unjudged, with its line', async () => {
    const source = 'import marshal\n\nexec(marshal.loads(DATA))\n';
    const { parts, couldNotJudge } = await auditSourceText(source);
    expect(verdicts(parts)).toEqual(UNJUDGED);
    for (const { line, reason } of parts) {
      expect(line).toBe(3);
      expect(reason).toMatch(/could not be read/);
    }
    expect(couldNotJudge).toEqual([expect.stringMatching(/^OBFUSCATED/)]);
  });
});

describe('beside a simulation', () => {
  const part = (name: SourcePart['part'], verdict: SourcePart['verdict']): SourcePart => ({
    part: name,
    verdict,
    reason: `${name} by running`,
    line: null,
    file: null,
  });
  /** What a simulation could answer: these verdicts, and a finding at the first node for each check. */
  const simulation =
    (
      judged: Partial<Record<SourcePart['part'], SourcePart['verdict']>>,
      ...found: SimulationResult['findings'][number]['words'][]
    ) =>
    async ({ units }: Program): Promise<SimulationResult> => ({
      parts: PARTS.map((name) => part(name, judged[name] ?? 'not_judged')),
      findings: found.map((words) => ({ unit: units[0]!, node: units[0]!.source.root, words })),
    });
  const audit = (source: string, run: ReturnType<typeof simulation>) =>
    auditSourceText(source, 'x.py', run);

  test('a part found right drops what the text seemed to show of it', async () => {
    const run = simulation({ coverage: 'pass' });
    const { parts, findings } = await audit(mistake('scored-twice'), run);
    expect(verdicts(parts)).toEqual({ ...UNJUDGED, coverage: 'pass' });
    expect(findings).toEqual([]);
  });

  test('but not of another part, nor what no run on right data shows', async () => {
    const right = simulation({ table: 'pass', sidecar: 'pass' });
    const twice = await audit(mistake('scored-twice'), right);
    expect(verdicts(twice.parts)).toEqual({
      ...UNJUDGED,
      table: 'pass',
      sidecar: 'pass',
      coverage: 'warn',
    });
    const length = await audit(mistake('sidecar-length'), right);
    expect(verdicts(length.parts)).toMatchObject({ sidecar: 'warn' });
    expect(length.findings.map(({ check }) => check)).toEqual(['sidecar-length']);
  });

  test('a finding of the simulation stands in place of the text’s', async () => {
    const words = {
      check: 'tail-not-scored',
      severity: 'fail',
      explanation: 'The last 100 targets are not scored.',
      remedy: 'Score them.',
    } as const;
    const run = simulation({ coverage: 'fail' }, words);
    const { parts, findings } = await audit(mistake('scored-twice'), run);
    expect(findings.map(({ check }) => check)).toEqual(['tail-not-scored']);
    expect(parts.find((each) => each.part === 'coverage')).toEqual(part('coverage', 'fail'));
  });

  test('wrong bytes take the words and the place of the one mistake that the text shows', async () => {
    const words = {
      check: 'wrong-bytes',
      severity: 'fail',
      explanation: 'The bytes are 1.167 times too many.',
      remedy: 'Count them by the rule.',
    } as const;
    const run = simulation({ table: 'fail' }, words);
    const { findings } = await audit(mistake('lut-marker'), run);
    expect(findings).toMatchObject([{ check: 'lut-marker', excerpt: 'piece.startswith("?")' }]);
    expect(findings[0]!.explanation).toMatch(/1\.167 times too many/);
    const alone = await audit(RIGHT, run);
    expect(alone.findings.map(({ check }) => check)).toEqual(['wrong-bytes']);
  });

  test('what a wrong marker does is one finding, at the marker', async () => {
    const effect = (check: 'kept-marker' | 'space-not-counted') =>
      ({ check, severity: 'warn', explanation: `By running: ${check}.`, remedy: 'x' }) as const;
    const run = simulation({ table: 'warn' }, effect('kept-marker'), effect('space-not-counted'));
    const { findings } = await audit(mistake('lut-marker'), run);
    expect(findings).toMatchObject([{ check: 'lut-marker', severity: 'warn' }]);
    expect(findings[0]!.explanation).toMatch(/By running: kept-marker/);
    const other = await audit(mistake('byte-pieces'), run);
    expect(other.findings.map(({ check }) => check)).toEqual(['kept-marker', 'space-not-counted']);
  });

  test('a part that the simulation could not judge keeps the text’s finding, else its reason', async () => {
    const { parts } = await audit(mistake('scored-twice'), simulation({}));
    expect(parts.map(({ reason }) => reason)).toEqual([
      'table by running',
      'aggregation by running',
      expect.stringMatching(/scored/),
      'sidecar by running',
      'constants by running',
    ]);
  });
});
