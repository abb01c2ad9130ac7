/** Every reporter on a document of every kind: what a terminal, a file and a pipe are given. */
import { describe, expect, test } from 'vitest';
import { type Report, render } from '#bpb/report/reporter';
import { REPORTERS } from '#bpb/report/reporters';
import { REPORTS } from './documents.js';
import { HOSTILE, score, withoutHeadline } from './score-document.js';

const reporter = (name: string) => REPORTERS.find((each) => each.name === name)!;
const each = REPORTS.map((report): [string, Report] => [report.kind, report]);
const ESCAPE = '\u001b';

test('reporters are named once, text first, and the documents here are of every kind', () => {
  const names = REPORTERS.map(({ name }) => name);
  expect(names).toEqual(['text', 'json', 'markdown']);
  const kinds = [...new Set(REPORTS.map(({ kind }) => kind))];
  for (const { formats } of REPORTERS) expect(Object.keys(formats).sort()).toEqual(kinds.sort());
});

describe.each(each)('%s', (kind, report) => {
  test('json: the document itself, nothing left out', () => {
    const value: unknown = JSON.parse(render(reporter('json'), report, {}));
    if (report.kind !== 'error') expect(value).toEqual(report.document);
    else expect(value).toMatchObject({ schema: 'bpb-error/1', error: { path: HOSTILE, exit: 3 } });
  });

  test('text on a terminal: no line is longer than the terminal is wide', () => {
    const text = render(reporter('text'), report, { isTTY: true, columns: 80 });
    for (const line of visible(text).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('text: the same words whatever the width, and no escape sequence but colours', () => {
    const piped = render(reporter('text'), report, {});
    const narrow = visible(render(reporter('text'), report, { isTTY: true, columns: 80 }));
    expect(piped).not.toContain(ESCAPE);
    expect(narrow).not.toContain(ESCAPE);
    expect(narrow.split(/\s+/)).toEqual(piped.split(/\s+/));
    expect(piped.length).toBeGreaterThan(kind.length);
  });
});

test('text of a score is the number, then its table', () => {
  const medium = { isTTY: true, columns: 200 };
  const text = render(reporter('text'), { kind: 'score', document: score }, medium);
  const lines = visible(text).split('\n');
  expect(lines[1]).toMatch(
    /^ {2}1\.22450000 bits per byte {2}a\|b.*± 0\.0020 \(95 %.* {2}unconfirmed \(--docs FILE.* {2}partial$/,
  );
  expect(lines[2]).toMatch(/^ {2}warn {2}a\|b.*worse than a uniform guess/);
  expect(lines[4]).toMatch(/^ {2}loss {6}val_loss 2\.07000000 {3}val_bpb by lut bytes/);
});

test.each(['text', 'markdown'])('%s: what an artifact says of its ports is shown', (name) => {
  const inputs = {
    attention_mask: { kind: 'ones', by: 'name' },
    'past.0.key': { kind: 'empty', by: 'name' },
    'past.0.value': { kind: 'empty', by: 'name' },
    'past.1.key': { kind: 'empty', by: 'name' },
    bias: { kind: { constant: 3 }, by: 'manifest' },
    keep: { kind: 'zeros', by: 'caller' },
  } as const;
  const engine = { ...score.engine, inputs, logits_are: 'probabilities' } as const;
  const tokenizer = { ...score.tokenizer, document_start: 'none' } as const;
  const document = { ...score, engine, tokenizer };
  const medium = { isTTY: true, columns: 500 };
  const text = visible(render(reporter(name), { kind: 'score', document }, medium));
  const words = text.replaceAll('\\', '').replace(/ +(?:· )?/g, ' ');
  expect(words).toContain('attention_mask ones, past.0.key and 2 more empty (by name)');
  expect(words).toContain('bias 3 (by the manifest) keep zeros (by the caller)');
  expect(words).toContain('the output taken as probabilities');
  expect(words).toContain('documents begin without an id');
});

test.each(['text', 'markdown'])('%s: what is found stands between headline and table', (name) => {
  const text = render(reporter(name), { kind: 'score', document: withoutHeadline }, {});
  const places = [/no score/, /fail/, /probability zero for 2 targets/, /a finite logit/, /loss/];
  const found = places.map((place) => text.search(place));
  expect(found).toEqual([...found].sort((a, b) => a - b));
  expect(found).not.toContain(-1);
});

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
