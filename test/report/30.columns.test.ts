/** Every line of every report fits 80 columns, and no number is broken, whatever a run is called. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BpbError, inputError } from '#bpb/errors';
import { type Medium, type Report, render } from '#bpb/report/reporter';
import { textReporter } from '#bpb/report/text';
import { COMMAND, fitTerminal, HANG, wrapLine } from '#bpb/report/wrap';
import { REPORTS } from './documents.js';
import { HOSTILE } from './score-document.js';

const PATH = `/data/${'submissions-of-2026/'.repeat(12)}fineweb_val_000017.bin`;
const NAME = 'a-model_with.a-long,name=of:one;word'.repeat(4);
const WIDE = '言語モデルの評価'.repeat(12);

/** The document with every hostile name and every number replaced. */
function changed<T>(value: T, name: string, number: (value: number) => number): T {
  const walk = (each: unknown): unknown => {
    if (typeof each === 'string') return each.replaceAll(HOSTILE, name);
    if (typeof each === 'number') return number(each);
    if (Array.isArray(each)) return each.map(walk);
    if (each instanceof BpbError)
      return inputError(each.code, { message: each.message, path: name, hint: name });
    if (each === null || typeof each !== 'object') return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value) as T;
}

const big = (value: number) => (Number.isInteger(value) ? value * 987_654_321 : value * 1e6);
const small = (value: number) => (Number.isInteger(value) ? value : value * 1.23456789e-9);

const CASES = REPORTS.flatMap((report): [string, Report][] =>
  [
    ['a long path, big numbers', PATH, big],
    ['a long name, small numbers', NAME, small],
    ['a wide script', WIDE, (value: number) => value],
  ].map(([what, name, number]) => [
    `${report.kind}: ${what as string}`,
    changed(report, name as string, number as (value: number) => number),
  ]),
);

/** Columns on a terminal: none for what combines, two for East Asian scripts. */
function columnsUsed(text: string): number {
  const shown = stripVTControlCharacters(text).replace(/\p{M}/gu, '');
  return [...shown].length + (shown.match(/[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/gu) ?? []).length;
}

const plain = (text: string) => fitTerminal(text, { isTTY: true, columns: 100_000 });

describe.each(CASES)('%s', (_, report) => {
  test.each<[string, Medium, number]>([
    ['piped', {}, 80],
    ['on a terminal of 80', { isTTY: true, columns: 80 }, 80],
    ['on a terminal of 50', { isTTY: true, columns: 50 }, 50],
  ])('%s', (_medium, medium, columns) => {
    // In a log each fact of an error stays on its line, to be found and copied.
    if (report.kind === 'error' && medium.isTTY !== true) return;
    const lines = render(textReporter, report, medium).split('\n');
    for (const line of lines) expect(columnsUsed(line), line).toBeLessThanOrEqual(columns);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  test('all that a line of any length says, and each number whole', () => {
    const whole = render(textReporter, report, { isTTY: true, columns: 100_000 });
    const narrow = render(textReporter, report, {});
    const bare = (text: string) =>
      stripVTControlCharacters(text).replace(/ \\\n/g, '').replace(/\s+/g, '');
    expect(bare(narrow)).toBe(bare(whole));
    const numbers =
      stripVTControlCharacters(whole).match(/(?<![\w.,])\d[\d,.]*\d(e[+-]?\d+)?/g) ?? [];
    for (const number of numbers) expect(narrow).toContain(number);
  });
});

describe('a line', () => {
  const wrapped = (line: string, width = 40) => wrapLine(line, width, 10);

  test('is broken where parts are set apart, before it is broken between words', () => {
    expect(wrapped('  loss    val_loss 2.07234577   val_bpb by lut bytes')).toEqual([
      '  loss    val_loss 2.07234577',
      '          val_bpb by lut bytes',
    ]);
  });

  test('keeps a number with its unit, and the words around a sign', () => {
    expect(wrapped('  time    one two three four five six 12.5 s')).toEqual([
      '  time    one two three four five six',
      '          12.5 s',
    ]);
    expect(wrapped('  engine  one two three four fiv 16 × 64 rows')).toEqual([
      '  engine  one two three four fiv',
      '          16 × 64 rows',
    ]);
  });

  test('breaks a path behind a slash, and a longer name in no number', () => {
    expect(wrapped(`  data    /one/two/three/four/five/six/seven.bin`)).toEqual([
      '  data    /one/two/three/four/five/six/',
      '          seven.bin',
    ]);
    const lines = wrapped(`  data    ${'x'.repeat(28)}1234567`);
    expect(lines).toEqual([`  data    ${'x'.repeat(28)}`, '          1234567']);
  });

  test('with a mark is hung there', () => {
    const line = `  found  CPU  ${HANG}a processor of many cores and of a long name`;
    expect(fitTerminal(line, { isTTY: true, columns: 40 }).split('\n')).toEqual([
      '  found  CPU  a processor of many cores',
      '              and of a long name',
    ]);
    expect(plain(line)).not.toContain(HANG);
  });

  test('with a command is continued as a shell reads it, in no quotes', () => {
    const shown = (command: string) =>
      fitTerminal(`  next  ${COMMAND}${command}`, { isTTY: true, columns: 40 }).split('\n');
    expect(shown("cp train_gpt.py 'a b'/ && bpb init 'a b/model.onnx' --force")).toEqual([
      "  next  cp train_gpt.py 'a b'/ && bpb \\",
      "        init 'a b/model.onnx' --force",
    ]);
    expect(shown('bpb score here')).toEqual(['  next  bpb score here']);
    // A word of more than a line cannot be continued below an indent.
    for (const line of shown(`bpb score ${'x/'.repeat(30)}`)) {
      expect(line.length).toBeLessThanOrEqual(40);
      expect(line).not.toContain(COMMAND);
    }
  });

  test('of wide characters, combining ones and colours is as long as it is shown', () => {
    const line = `  data  \u001b[31m${'e\u0301'.repeat(12)}\u001b[39m ${'言語'.repeat(5)} ${'語'.repeat(6)}`;
    expect(wrapLine(line, 44, 8)).toEqual([
      `  data  \u001b[31m${'e\u0301'.repeat(12)}\u001b[39m ${'言語'.repeat(5)}`,
      `        ${'語'.repeat(6)}`,
    ]);
  });
});

describe('colours', () => {
  const ESCAPE = '\u001b[';
  const coloured = (medium: Medium) => render(textReporter, REPORTS[0]!, medium).includes(ESCAPE);

  afterEach(() => void vi.unstubAllEnvs());

  test.each<[string, Record<string, string>, boolean, boolean]>([
    ['none of them', {}, true, false],
    ['NO_COLOR', { NO_COLOR: '1' }, false, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, true, false],
    ['NODE_DISABLE_COLORS', { NODE_DISABLE_COLORS: '1' }, false, false],
    ['TERM=dumb', { TERM: 'dumb' }, false, false],
    ['FORCE_COLOR=1', { FORCE_COLOR: '1' }, true, true],
    ['FORCE_COLOR=2', { FORCE_COLOR: '2' }, true, true],
    ['FORCE_COLOR=3', { FORCE_COLOR: '3' }, true, true],
    ['an empty FORCE_COLOR', { FORCE_COLOR: '' }, true, true],
    ['FORCE_COLOR=true', { FORCE_COLOR: 'true' }, true, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, false, false],
    ['FORCE_COLOR=1 and NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
    ['FORCE_COLOR=0 and no NO_COLOR', { FORCE_COLOR: '0', NO_COLOR: '' }, false, false],
  ])('%s', (_, environment, terminal, pipe) => {
    for (const name of ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS']) {
      vi.stubEnv(name, environment[name]);
    }
    vi.stubEnv('TERM', environment['TERM'] ?? 'xterm');
    expect(coloured({ isTTY: true, columns: 80 })).toBe(terminal);
    expect(coloured({})).toBe(pipe);
    expect(coloured({ plain: true })).toBe(false);
  });
});
