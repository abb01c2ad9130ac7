/** `bpb audit` as a participant runs it: verdict, exit code, JSON, files, refusals. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { casedModel, dataSet, docsFile, rightModel, TEXTS, tableFile } from '../audit/fixtures.js';
import { bpb, bpbIn, signalAt } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { modelFile } from '../helpers/sentencepiece.js';

describe('wrong usage exits 2', () => {
  it.each([
    [['audit'], /nothing to audit/],
    [['audit', '--docs', 'x'], /--docs needs a tokenizer/],
    [['audit', 'x', '--wibble'], /--wibble/],
    [['audit', 'x', '--bytes-per-token', '-3'], /--bytes-per-token/],
    [['audit', 'x', '--workers', 'two'], /--workers/],
    [['audit', 'x', '--sidecar', 'dir'], /--sidecar needs --data/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('a refused input exits 3', () => {
  it('in three lines, and as JSON', async () => {
    const model = modelFile(Buffer.from('version https://git-lfs.github.com/spec/v1\n'));
    const { code, stderr } = await bpb('audit', model);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Git LFS pointer/);
    const json = await bpb('audit', model, '--json');
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: 'bpb-error/1', error: { exit: 3 } });
  });

  it('documents with half a surrogate pair, by line', async () => {
    const path = docsFile();
    writeFileSync(path, '{"text": "fine"}\n{"text": "\\udc00"}\n');
    const { code, stderr } = await bpb('audit', rightModel(), '--docs', path);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Line 2/);
  });
});

describe('a verdict', () => {
  it('pass: exit 0, first on the screen', async () => {
    const { folder } = await dataSet(rightModel());
    const args = ['--docs', docsFile(), '--data', folder];
    const { code, stdout, stderr } = await bpb('audit', rightModel(), ...args);
    expect(code).toBe(0);
    expect(stdout.trimStart()).toMatch(/^PASS {2}.*: the accounting is right\n/);
    expect(stdout).toMatch(/retokenized: 7 equal, 0 not/);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('');
  });

  it('warn: exit 0', async () => {
    const { code, stdout } = await bpb('audit', rightModel(), '--docs', docsFile(['▁']));
    expect(code).toBe(0);
    expect(stdout.trimStart()).toMatch(/^WARN/);
  });

  it('fail: exit 1, with effect, explanation and remedy, on one screen', async () => {
    const model = rightModel();
    const lut = tableFile(model, (table) => {
      for (const [id, leading] of table.leading.entries()) {
        if (leading === 1) table.base[id]!++;
        else if (table.base[id] === 1) table.base[id] = 3;
      }
    });
    const texts = [...TEXTS, '\ufeffA\r\n', '\0', '▁', '\ue001', '\ufffd'];
    const { folder } = await dataSet(model, texts, ({ ids }) => ids.push(2));
    const args = ['--docs', docsFile(texts.toReversed()), '--data', folder, '--lut', lut];
    const { code, stdout } = await bpb('audit', model, ...args, '--bytes-per-token', '3.5');
    expect(code).toBe(1);
    expect(stdout.trimStart()).toMatch(/^FAIL .*: \d wrong, \d to know of\n/);
    expect(stdout).toMatch(/fail {2}table-space-twice {2}bytes × 1\.\d{4}, bpb \d+\.\d % too low/);
    expect(stdout).toMatch(/→ Strip one leading ▁/);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(50);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('as JSON: one document on stdout, with what it was made of', async () => {
    const { code, stdout } = await bpb('audit', casedModel(), '--docs', docsFile(), '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { run: { command: string } };
    expect(report).toMatchObject({
      schema: 'bpb-audit/1',
      verdict: 'pass',
      tokenizer: { case_operators: true, byte_pieces: { present: 256, missing: [] } },
      documents: { documents: TEXTS.length, lossy: { documents: 0, by_kind: {} } },
      totals: { headline: 'sidecar' },
    });
    expect(report.run.command).toMatch(/^bpb audit /);
  });
});

it('--source alone reads a script without running it; with a tokenizer both are judged', async () => {
  const script = join(temporaryFolder(), 'train_gpt.py');
  writeFileSync(script, 'import math\nval_bpb = val_loss / (math.log(2) * 3.5)\n');
  const alone = await bpb('audit', '--source', script);
  expect(alone.code).toBe(1);
  expect(alone.stdout.trimStart()).toMatch(
    /^FAIL .*train_gpt\.py: 1 wrong,.* \d of\s+5\s+parts judged\n/,
  );
  expect(alone.stdout).toMatch(/train_gpt\.py:2:\d+: /);
  const both = await bpb('audit', 'byte260', '--source', script, '--json');
  expect(both.code).toBe(1);
  expect(JSON.parse(both.stdout)).toMatchObject({
    tokenizer: { kind: 'byte260' },
    source: { path: script, layers: 0 },
    findings: [{ check: 'source/bytes-per-token', severity: 'fail' }],
  });
});

it('--out writes the report and the table of documents', async () => {
  const out = join(temporaryFolder(), 'new', 'folder');
  const { code } = await bpb('audit', 'byte260', '--docs', docsFile(), '--out', out);
  expect(code).toBe(0);
  const report = JSON.parse(readFileSync(join(out, 'audit.json'), 'utf8')) as { verdict: string };
  expect(report.verdict).toBe('pass');
  expect(JSON.parse(readFileSync(join(out, 'documents.json'), 'utf8'))).toHaveLength(TEXTS.length);
  expect(readFileSync(join(out, 'documents.csv'), 'utf8')).toMatch(/^document,line,tokens,/);
});

it('an interrupt stops cleanly: exit 130 and no report', async () => {
  const out = temporaryFolder();
  const texts = Array.from({ length: 40_000 }, (_, k) => `${TEXTS[k % TEXTS.length]} ${k}`);
  const docs = docsFile(texts);
  const begun = signalAt('SIGINT', join(out, 'documents.csv.partial'));
  const args = ['audit', rightModel(), '--docs', docs, '--out', out, '--workers', '0'];
  const { code, stderr, stdout } = await bpbIn(begun, args);
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted/);
  expect(stdout).toBe('');
  expect(existsSync(join(out, 'audit.json'))).toBe(false);
});

it('--help has examples', async () => {
  expect((await bpb('audit', '--help')).stdout).toMatch(/\$ bpb audit tokenizer\.model/);
});
