/** The audit of the corpus: scripts whose accounting a referee has established in real Python. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSource } from '#bpb/submission/source/audit';
import type { SourceAudit } from '#bpb/submission/source/types';
import { CORPUS, type CorpusScript, corpusScripts } from './corpus/corpus.js';

/** What has been reached; scripts that the interpreter does not follow are judged by nothing. */
const RECALL_MIN = 0.65;
const long = process.env['BPB_TEST_LONG'] !== undefined;

const scripts = corpusScripts();
const audits = new Map<string, SourceAudit>();
for (const { file } of long ? scripts : []) {
  audits.set(file, await auditSource(join(CORPUS, file), simulate));
}

const gravely = ({ file }: CorpusScript) =>
  audits.get(file)!.findings.filter(({ severity }) => severity === 'fail');
const seen = ({ file, checks = [] }: CorpusScript) =>
  audits
    .get(file)!
    .findings.some(({ check, severity }) => severity !== 'info' && checks.includes(check));

describe.skipIf(!long)('the corpus (BPB_TEST_LONG)', () => {
  const right = scripts.filter(({ kind }) => kind === 'right');
  const defects = scripts.filter(({ kind }) => kind === 'defect');

  test('has at least 60 of each', () => {
    expect(right.length).toBeGreaterThanOrEqual(60);
    expect(defects.length).toBeGreaterThanOrEqual(60);
  });

  test('no right script fails', () => {
    const wrong = right.flatMap((script) =>
      gravely(script).map(({ check, line }) => `${script.file}:${line} ${check}`),
    );
    expect(wrong).toEqual([]);
  });

  test(`at least ${RECALL_MIN} of the defects are found`, () => {
    const missed = defects.filter((script) => !seen(script)).map(({ file }) => file);
    const recall = 1 - missed.length / defects.length;
    expect(recall, `missed: ${missed.join(', ')}`).toBeGreaterThanOrEqual(RECALL_MIN);
  });
});
