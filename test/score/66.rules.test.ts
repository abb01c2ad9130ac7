/** A score under rules: verdicts are findings, what the rules fix is used, and who decided is said. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { probe } from '#bpb/probes/probe';
import { jsonReporter } from '#bpb/report/json';
import { render } from '#bpb/report/reporter';
import { textReporter } from '#bpb/report/text';
import { judgeRules } from '#bpb/rules/judge';
import { loadRules } from '#bpb/rules/load';
import { score } from '#bpb/score/score';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { fileFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const folder = fileFolder();
const run = { device: 'cpu', engine: 'onnx-js', workers: 1, threads: 1 } as const;
const SLIDING = 'sliding-2026-03-19';
let docs: string;
let length: number;

function rulesFile(name: string, said: object): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ format: 'bpb-rules/1', name, ...said }));
  return path;
}

function manifest(evaluation: object, name = 'artifact.json'): string {
  const fields = {
    format: 'bpb-artifact/1',
    name: 'table',
    model: { path: 'table.onnx' },
    tokenizer: { kind: 'byte260' },
    evaluation,
    counted: ['table.onnx'],
  };
  writeFileSync(join(folder, name), JSON.stringify(fields));
  return folder;
}

beforeAll(async () => {
  const fixture = await scoreFixture({ folder });
  docs = fixture.docs;
  length = fixture.ids.length;
});

test('a broken rule withholds the headline and keeps the loss', async () => {
  const artifact = manifest({ window: 'chunk', seqLen: 16 });
  const rules = rulesFile('strict', {
    windows: { seqLen: [8, 32] },
    data: [{ known: 'sotu-val' }],
    size: { limit: 10, counted: ['model', 'code'] },
    required: ['verification'],
  });
  const result = await score({ artifact, docs, rules, ...run });
  expect(result.status).toBe('withheld');
  expect(result.score.val_bpb).toBeNull();
  expect(result.score.val_loss).toBeGreaterThan(0);
  expect(result.window.seqLen).toBe(16);
  expect(result.artifact).toMatchObject({ bytes_limit: 10, within_limit: null });
  const failed = result.findings.filter(({ severity }) => severity === 'fail');
  expect(failed.map(({ id }) => id)).toEqual(['rules-seq-len', 'rules-data', 'rules-size']);
  expect(result.rules).toMatchObject({ name: 'strict', version: 'bpb-rules/1' });
  expect(result.rules!.sha256).toBe(loadRules(rules).sha256);
  const holds = result.rules!.verdicts.filter(({ verdict }) => verdict === 'pass');
  expect(holds.map(({ rule }) => rule)).toEqual(['verification', 'accepted']);
  // The document alone gives the same verdicts, also after it was written and read.
  const written = JSON.parse(render(jsonReporter, { kind: 'score', document: result }, {}));
  expect(judgeRules(loadRules(rules).rules, written)).toEqual(result.rules!.verdicts);
  const text = render(textReporter, { kind: 'score', document: result }, {});
  expect(text).toMatch(/rules\s+strict \(bpb-rules\/1/);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('rules that hold leave the score as it is, to the last bit', async () => {
  const artifact = manifest({ window: 'chunk', seqLen: 16, stride: null, tail: 'score' });
  const rules = rulesFile('mild', {
    windows: { modes: ['chunk'], seqLen: [16], tail: ['score'] },
    documentStart: ['bos'],
    data: [{ tokens: length }],
    coverage: { least: 1 },
    required: ['verification', 'probes'],
  });
  const [ruled, own] = [
    await score({ artifact, docs, rules, ...run }),
    await score({ artifact, docs, ...run }),
  ];
  expect(ruled.status).toBe('scored');
  expect(ruled.score).toEqual(own.score);
  expect(ruled.totals).toEqual(own.totals);
  expect(ruled.identity).toEqual(own.identity);
  expect(ruled.probes).not.toBeNull();
  expect(ruled.decided_by).toMatchObject({ window: 'rules', seqLen: 'rules', strict: 'rules' });
  expect(own.rules).toBeNull();
});

describe('what the artifact alone decided stands under the headline', () => {
  const idsOf = ({ findings }: Awaited<ReturnType<typeof score>>) => findings.map(({ id }) => id);

  test('a historical evaluator, and --compat none', async () => {
    const artifact = manifest({ window: 'sliding', seqLen: 16, stride: 4, compat: SLIDING });
    const own = await score({ artifact, docs, ...run });
    expect(own.coverage.repeated).toBeGreaterThan(0);
    const finding = own.findings.find(({ id }) => id === 'artifact-decides')!;
    expect(finding).toMatchObject({ severity: 'note' });
    expect(finding.message).toContain(`stride 4, compat ${SLIDING}`);
    expect(finding.hint).toContain('--compat none');
    const flags = { compat: 'none', stride: 4 } as const;
    const asked = await score({ artifact, docs, ...flags, ...run });
    expect(asked.coverage.repeated).toBe(0);
    expect(asked.window.compat).toBeNull();
    expect(idsOf(asked)).not.toContain('artifact-decides');
    const ruled = await score({
      artifact,
      docs,
      rules: rulesFile('none', { windows: { compat: ['none'] } }),
      ...run,
    });
    expect(ruled.window.compat).toBeNull();
    expect(ruled.decided_by['compat']).toBe('rules');
  });

  test('rows of half the stream, whose other half is a tail', async () => {
    const seqLen = Math.floor((length - 1) / 2) + 1;
    const artifact = manifest({ window: 'chunk', seqLen });
    const result = await score({ artifact, docs, ...run });
    expect(result.coverage.partial).toBe(false);
    expect(idsOf(result)).toEqual(expect.arrayContaining(['dropped-tail', 'artifact-decides']));
    const dropped = result.findings.find(({ id }) => id === 'dropped-tail')!;
    expect(dropped).toMatchObject({ severity: 'warn' });
    expect(dropped.message).toContain(`${(length - 1 - seqLen).toLocaleString('en-US')} targets`);
    // Whoever decided it.
    const asked = await score({ artifact, docs, seqLen, ...run });
    expect(idsOf(asked)).toContain('dropped-tail');
    expect(idsOf(asked)).not.toContain('artifact-decides');
    const rules = rulesFile('whole', { coverage: { least: 0.99 } });
    const ruled = await score({ artifact, docs, rules, ...run });
    expect(ruled.status).toBe('withheld');
    expect(idsOf(ruled)).toContain('rules-coverage');
    // The tail of short rows is no matter.
    expect(idsOf(await score({ artifact, docs, seqLen: 16, ...run }))).not.toContain(
      'dropped-tail',
    );
  });
});

test('a probe judges what it knows, and fails', async () => {
  const artifact = manifest({ window: 'chunk', seqLen: 16 });
  const rules = rulesFile('probed', {
    windows: { seqLen: { min: 32, max: 64 } },
    tokenizers: { named: [{ name: 'other', sha256: 'a'.repeat(64) }] },
    coverage: { least: 1 },
  });
  const report = await probe({ artifact, docs, rules, ...run });
  expect(report.verdict).toBe('fail');
  expect(report.rules!.verdicts.map(({ rule, verdict }) => [rule, verdict])).toEqual([
    ['seq-len', 'fail'],
    ['tokenizer', 'fail'],
  ]);
  expect(report.findings.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['rules-seq-len', 'rules-tokenizer']),
  );
  expect(report.decided_by['seqLen']).toBe('artifact');
});

test('rules that name the tokenizer confirm its bytes, where no documents do', async () => {
  const artifact = manifest({ window: 'chunk', seqLen: 16 });
  const { sha256 } = loadTokenizer('byte260');
  const rules = rulesFile('named', { tokenizers: { named: [{ name: 'byte260', sha256 }] } });
  const result = await score({ artifact, data: [folder], rules, ...run });
  expect(result.totals.denominator.confirmed_by).toBe('rules');
  expect(result.rules!.verdicts[0]).toMatchObject({ rule: 'tokenizer', verdict: 'pass' });
  const others = rulesFile('others', { tokenizers: { others: ['documents'] } });
  const unconfirmed = await score({ artifact, data: [folder], rules: others, ...run });
  expect(unconfirmed.findings.map(({ id }) => id)).toContain('rules-tokenizer');
});
