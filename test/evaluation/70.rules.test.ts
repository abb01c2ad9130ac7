/** Rules over flags over the artifact: contradictions before anything is read, then who decided what. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { type ProbeOptions, probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const folder = fileFolder();
const SLIDING = 'sliding-2026-03-19';

let files = 0;
function rulesFile(said: object): string {
  const path = join(folder, `rules-${files++}.json`);
  writeFileSync(path, JSON.stringify({ format: 'bpb-rules/1', name: 'mine', ...said }));
  return path;
}

describe('a flag that contradicts the rules, before anything is read', () => {
  const artifact = '/nowhere/model.onnx';

  test.each<[object, Partial<ScoreOptions>, string, string]>([
    [{ windows: { modes: ['chunk'] } }, { window: 'document' }, '--window', 'chunk'],
    [{ windows: { seqLen: [8] } }, { seqLen: 9 }, '--seq-len', '8'],
    [{ windows: { seqLen: { max: 8 } } }, { seqLen: 9 }, '--seq-len', 'at most 8'],
    [{ windows: { stride: { min: 2, max: 4 } } }, { stride: 1 }, '--stride', '2 to 4'],
    [{ windows: { tail: ['score'] } }, { tail: 'drop' }, '--tail', 'score'],
    [{ windows: { compat: ['none'] } }, { compat: SLIDING }, '--compat', 'none'],
    [
      { windows: { modes: ['sliding'], compat: [SLIDING] } },
      { compat: 'none' },
      '--compat',
      SLIDING,
    ],
    [{ documentStart: ['bos'] }, { documentStart: 'none' }, '--document-start', 'bos'],
    [{ documentStart: ['none', 3] }, { documentStart: 1 }, '--document-start', 'none or 3'],
    [
      { tokenizers: { named: [{ name: 'sp', sha256: 'a'.repeat(64) }] } },
      { tokenizer: 'byte260' },
      '--tokenizer',
      'sp',
    ],
    [{ required: ['verification'] }, { verifyRows: 0 }, '--verify-rows', 'verification'],
    [{ required: ['probes'] }, { strict: false }, '--strict', 'probes'],
    [{ required: ['every-row'] }, { everyRow: false }, '--every-row', 'every-row'],
    [{ coverage: { least: 1 } }, { accept: ['no-document-start'] }, '--accept', 'no finding'],
    [
      { accept: ['equal-shards'] },
      { accept: ['equal-shards', 'no-document-start'] },
      '--accept',
      'equal-shards',
    ],
  ])('%j: %j', async (said, flags, path, allowed) => {
    const rules = rulesFile(said);
    const error = await refusalOf(() => score({ artifact, rules, ...flags }));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES_FLAG', exitCode: 2, path });
    expect(error.message).toContain('contradicts the rules mine');
    expect(error.expected).toContain(allowed);
    expect(error.expected).toContain(rules);
    expect(error.hint).toContain(path);
  });

  test('and flags that they allow get as far as the artifact', async () => {
    const rules = rulesFile({
      windows: { modes: ['sliding'], seqLen: [8], stride: [4], tail: ['drop'], compat: ['none'] },
      documentStart: ['bos'],
      required: ['verification', 'probes'],
    });
    const flags = {
      window: 'sliding',
      seqLen: 8,
      stride: 4,
      tail: 'drop',
      compat: 'none',
    } as const;
    const others = { documentStart: 1, verifyRows: 1, strict: true } as const;
    const error = await refusalOf(() => score({ artifact, rules, ...flags, ...others }));
    expect(error.code).toBe('BPB_ARTIFACT_MISSING');
  });

  test('in a probe too', async () => {
    const rules = rulesFile({ windows: { seqLen: [8] } });
    const error = await refusalOf(() => probe({ artifact, rules, seqLen: 9 } as ProbeOptions));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES_FLAG', path: '--seq-len' });
  });

  test('rules that let a finding be accepted that cannot be', async () => {
    const rules = rulesFile({ accept: ['rules-data'] });
    const error = await refusalOf(() => score({ artifact, rules }));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES', exitCode: 2, path: rules });
    expect(error.message).toContain('`accept.0`');
    expect(error.actual).toContain('rules-data');
  });

  test('rules that are none come before the folder of --out', async () => {
    const out = join(folder, 'out');
    const error = await refusalOf(() => score({ artifact, rules: folder, out }));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES', path: folder });
    const again = await refusalOf(() => score({ artifact, out, force: true }));
    expect(again.code).toBe('BPB_ARTIFACT_MISSING');
  });
});

describe('who decides', () => {
  let docs: string;
  const artifact = join(folder, 'artifact');

  beforeAll(async () => {
    ({ docs } = await scoreFixture({ folder }));
    mkdirSync(artifact);
    await scoreFixture({ folder: artifact });
    const evaluation = { window: 'sliding', seqLen: 16, stride: 4, tail: 'drop', compat: SLIDING };
    const manifest = {
      format: 'bpb-artifact/1',
      name: 'x',
      model: { path: 'table.onnx' },
      tokenizer: { kind: 'byte260', documentStart: 0 },
      evaluation,
      counted: ['table.onnx'],
    };
    writeFileSync(join(artifact, 'artifact.json'), JSON.stringify(manifest));
  });

  const opened = (options: Partial<ScoreOptions>) =>
    openEvaluation({ artifact, docs, device: 'cpu', ...options }, 'plan');

  test('the artifact, where nobody else does', async () => {
    const { window, tokenizer, decided } = await opened({});
    expect(window).toEqual({
      mode: 'sliding',
      seqLen: 16,
      stride: 4,
      tail: 'drop',
      compat: SLIDING,
    });
    expect(tokenizer.documentStart).toBe(0);
    expect(decided).toEqual({
      data: 'caller',
      tokenizer: 'artifact',
      document_start: 'artifact',
      window: 'artifact',
      seqLen: 'artifact',
      stride: 'artifact',
      tail: 'default',
      compat: 'artifact',
      limit_docs: 'default',
      part: 'default',
      sidecar: 'default',
      tokens_input: 'default',
      logits_output: 'default',
      logits_are: 'default',
      softcap: 'default',
      optimize: 'default',
      precision: 'default',
      verify_rows: 'default',
      seed: 'default',
      strict: 'default',
      every_row: 'default',
    });
  });

  test('the caller over the artifact, also to leave out what it asks for', async () => {
    const flags = {
      seqLen: 8,
      stride: 2,
      tail: 'score',
      compat: 'none',
      documentStart: 1,
    } as const;
    const others = { tokenizer: 'byte260', seed: 3, verifyRows: 1, limitDocs: 5, strict: true };
    const { window, tokenizer, decided } = await opened({ ...flags, ...others });
    expect(window).toMatchObject({ seqLen: 8, stride: 2, tail: 'score', compat: null });
    expect(tokenizer.documentStart).toBe(1);
    for (const name of ['seqLen', 'stride', 'tail', 'compat', 'document_start', 'tokenizer']) {
      expect([name, decided[name]]).toEqual([name, 'caller']);
    }
    for (const name of ['seed', 'verify_rows', 'limit_docs', 'strict']) {
      expect([name, decided[name]]).toEqual([name, 'caller']);
    }
  });

  test('--stride none: whole rows, where the manifest has a stride', async () => {
    const { window, decided } = await opened({
      window: 'document',
      stride: 'none',
      compat: 'none',
    });
    expect(window).toMatchObject({ mode: 'document', stride: null });
    expect(decided['stride']).toBe('caller');
  });

  test('the rules over both', async () => {
    const rules = rulesFile({
      windows: {
        modes: ['sliding'],
        seqLen: { min: 8, max: 8 },
        stride: [2],
        tail: ['score'],
        compat: ['none'],
      },
      documentStart: ['bos'],
      required: ['probes'],
    });
    const { window, tokenizer, decided } = await opened({ rules, seqLen: 8, documentStart: 1 });
    expect(window).toEqual({ mode: 'sliding', seqLen: 8, stride: 2, tail: 'score', compat: null });
    expect(tokenizer.documentStart).toBe(1);
    for (const name of [
      'window',
      'seqLen',
      'stride',
      'tail',
      'compat',
      'document_start',
      'strict',
    ]) {
      expect([name, decided[name]]).toEqual([name, 'rules']);
    }
  });

  test('a stride that is fixed is not one of chunks, nor a tail one of documents', async () => {
    const rules = rulesFile({ windows: { stride: [2], tail: ['score'], compat: ['none'] } });
    const chunks = await opened({ rules, window: 'chunk' });
    expect(chunks.window).toMatchObject({ mode: 'chunk', stride: null, tail: 'score' });
    const documents = await opened({ rules, window: 'document' });
    expect(documents.window).toMatchObject({ mode: 'document', stride: 2, tail: 'drop' });
  });

  test('where several are allowed the artifact keeps its own', async () => {
    const rules = rulesFile({ windows: { seqLen: [8, 32], stride: { min: 8 } } });
    const { window, decided } = await opened({ rules });
    expect(window).toMatchObject({ seqLen: 16, stride: 4 });
    expect(decided).toMatchObject({ seqLen: 'artifact', stride: 'artifact' });
  });

  test('an id that is not the BOS which the rules ask for', async () => {
    const rules = rulesFile({ documentStart: ['bos'] });
    const error = await refusalOf(() => opened({ rules, documentStart: 0 }));
    expect(error).toMatchObject({ code: 'BPB_USAGE_RULES_FLAG', path: '--document-start' });
    expect(error.expected).toContain('bos (id 1)');
  });
});
