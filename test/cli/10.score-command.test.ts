import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bpb, bpbIn, signalAt } from '../helpers/command.js';
import { scoreFixture, seededTexts } from '../helpers/score-fixture.js';

const flags = (w: { model: string; docs: string }) => [
  'score',
  w.model,
  ...['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'chunk', '--seq-len', '32'],
];

describe('wrong usage exits 2 and names the flag', () => {
  test.each([
    [['score'], /artifact/],
    [['scoer', 'x'], /scoer/],
    [['score', 'x.onnx', '--wibble'], /--wibble/],
    [['score', 'x.onnx', '--window', 'rolling'], /--window/],
    [['score', 'x.onnx', '--seq-len', '0'], /--seq-len/],
    [['score', 'x.onnx', '--seq-len', '1e3'], /--seq-len/],
    [['score', 'x.onnx', '--part', '1:2'], /--part/],
    [['score', 'x.onnx', '--engine', 'abacus'], /--engine/],
    [['score', 'x.onnx', '--save-targets'], /--save-targets/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('with --json the error is one JSON document', async () => {
    const { code, stdout } = await bpb('score', 'x.onnx', '--seq-len', '0', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'bpb-error/1',
      error: { kind: 'usage', exit: 2 },
    });
  });
});

describe('a refused input exits 3', () => {
  test('in three lines for people', async () => {
    const { code, stderr, stdout } = await bpb('score', '/nowhere.onnx');
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/\/nowhere\.onnx/);
    expect(stderr).toMatch(/expected .*; found nothing/);
    expect(stderr).toMatch(/BPB_ARTIFACT_MISSING, exit 3/);
  });

  test('and as JSON for programs, with nothing on stderr', async () => {
    const { code, stdout, stderr } = await bpb('score', '/nowhere.onnx', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'bpb-error/1',
      error: expect.objectContaining({
        code: 'BPB_ARTIFACT_MISSING',
        path: '/nowhere.onnx',
        exit: 3,
      }),
    });
    expect(stderr).toBe('');
  });

  test('a name that would move the cursor is shown, not obeyed', async () => {
    const { stderr } = await bpb('score', '/no\u001b[2Jwhere.onnx');
    expect(stderr).not.toContain('\u001b[2J');
    expect(stderr).toContain('\\u001b[2J');
  });
});

describe('a score', () => {
  test('as text: the number first, no colours without a terminal', async () => {
    const { code, stdout } = await bpb(...flags(await scoreFixture()));
    expect(code).toBe(0);
    expect(stdout.trim()).toMatch(/^\d+\.\d{8} bits per byte/);
    expect(stdout).not.toContain('\u001b');
  });

  test('as JSON: one document and nothing else on stdout', async () => {
    const { code, stdout } = await bpb(...flags(await scoreFixture()), '--json');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { schema: string; run: { command: string } };
    expect(result.schema).toBe('bpb-result/1');
    expect(result.run.command).toMatch(/^bpb score .*--seq-len 32/);
  });

  test('that cannot be given exits 1', async () => {
    const table = new Float32Array(260 * 260).fill(Number.NEGATIVE_INFINITY);
    for (let id = 0; id < 260; id++) table[id * 260 + 5] = 0;
    const { code, stdout } = await bpb(...flags(await scoreFixture({ table })));
    expect(code).toBe(1);
    expect(stdout).toMatch(/no score/);
  });

  test('--help has examples and the exit codes are in the main help', async () => {
    expect((await bpb('score', '--help')).stdout).toMatch(/\$ bpb score/);
    const main = await bpb('--help');
    expect(main.code).toBe(0);
    expect(main.stdout).toMatch(/130 interrupted/);
  });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s stops cleanly: exit %i, a journal and the error, but no result',
  async (signal, exit) => {
    const w = await scoreFixture({ texts: seededTexts(4000) });
    const out = join(w.folder, 'out');
    const journal = join(out, 'journal.jsonl');
    const args = [...flags(w), '--batch-tokens', '32', '--out', out];
    const { code, stderr, stdout } = await bpbIn(signalAt(signal, journal, 3), args);
    expect(code).toBe(exit);
    expect(stderr).toMatch(/interrupted/);
    expect(stdout).toBe('');
    expect(existsSync(join(out, 'result.json'))).toBe(false);
    const { error } = JSON.parse(readFileSync(join(out, 'error.json'), 'utf8'));
    expect(error).toMatchObject({ code: 'BPB_INTERRUPTED', exit });
  },
);
