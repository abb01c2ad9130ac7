/**
 * The audit of the corpus and of the held-out scripts, whose accounting a referee has established in real Python.
 *
 * A defect is found by a finding of one of its checks, as grave as the manifest says.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSource } from '#bpb/submission/source/audit';
import type { SourceAudit } from '#bpb/submission/source/types';
import { temporaryFolder } from '../helpers/folder.js';
import {
  CORPUS,
  type CorpusScript,
  corpusScripts,
  HELD_OUT,
  packedScripts,
} from './corpus/corpus.js';

/** What has been reached; scripts that the interpreter does not follow are judged by nothing. */
const SETS = [
  { name: 'the corpus', root: CORPUS, recall: 0.97, passed: 0.01 },
  { name: 'held out', root: HELD_OUT, recall: 0.84, passed: 0.06 },
];
/** All scripts with the long tests, else every sixth. */
const long = process.env['BPB_TEST_LONG'] !== undefined;
const share = (scripts: readonly CorpusScript[]) => scripts.filter((_, k) => long || k % 6 === 0);

interface Audited extends CorpusScript {
  readonly audit: SourceAudit;
}

async function audited(root: string, scripts: readonly CorpusScript[]): Promise<Audited[]> {
  const list: Audited[] = [];
  for (const script of scripts) {
    list.push({ ...script, audit: await auditSource(join(root, script.file), simulate) });
  }
  return list;
}

const of = (kind: CorpusScript['kind'], scripts: readonly Audited[]) =>
  scripts.filter((script) => script.kind === kind);

const grave = ({ audit: { findings } }: Audited) =>
  findings.filter(({ severity }) => severity === 'fail');

const accusations = (scripts: readonly Audited[]) =>
  of('right', scripts).flatMap((script) =>
    grave(script).map((f) => `${script.file}:${f.line} ${f.check}: ${f.explanation}`),
  );

const missed = (scripts: readonly Audited[]) =>
  of('defect', scripts).flatMap(({ file, line, checks, severity, audit: { findings } }) => {
    const found = findings.some((finding) => {
      return checks!.includes(finding.check) && severity!.some((s) => s === finding.severity);
    });
    const others = findings.map(
      (finding) => `${finding.severity} ${finding.check}:${finding.line}`,
    );
    return found ? [] : [`${file}:${line} ${checks!.join(' or ')}, but [${others.join(', ')}]`];
  });

/** Defects whose part was called right, in scripts without any finding. */
const passed = (scripts: readonly Audited[]) =>
  of('defect', scripts).flatMap(({ file, line, part, audit: { findings, parts } }) => {
    const verdict = parts.find(({ part: name }) => name === part)!;
    const silent = findings.every(({ severity }) => severity === 'info');
    const wrong = silent && verdict.verdict === 'pass';
    return wrong ? [`${file}:${line} ${part}: ${verdict.reason}`] : [];
  });

describe.each(SETS)('scripts as they are: $name', ({ root, recall: least, passed: most }) => {
  let scripts: Audited[];
  beforeAll(async () => {
    scripts = await audited(root, share(corpusScripts(root)));
  }, 900_000);

  test('no right one fails', () => {
    expect(accusations(scripts)).toEqual([]);
  });

  test(`at least ${least} of the defects are found`, () => {
    const lines = missed(scripts);
    const recall = 1 - lines.length / of('defect', scripts).length;
    expect(recall, `missed:\n${lines.join('\n')}`).toBeGreaterThanOrEqual(least);
  });

  test(`at most ${most} of the defects are in parts that were called right`, () => {
    const lines = passed(scripts);
    const share = lines.length / of('defect', scripts).length;
    expect(share, `called right:\n${lines.join('\n')}`).toBeLessThanOrEqual(most);
  });
});

test('some of them in every packing: no right one fails, and every defect is found', async () => {
  const folder = temporaryFolder();
  const scripts = await audited(folder, share(packedScripts(folder)));
  expect(accusations(scripts)).toEqual([]);
  expect(missed(scripts)).toEqual([]);
}, 900_000);
