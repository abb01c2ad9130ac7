import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkLedger } from '#bpb/ledger/check';
import { temporaryFolder } from '../helpers/folder.js';
import {
  adapted,
  broken,
  chained,
  chainedTexts,
  ending,
  header,
  ledgerFile,
  ledgerOf,
  scored,
} from '../helpers/ledger.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

// The stream of docs/windows.md: BOS at 0, 5 and 14 of 23 tokens.
const starts = [0, 5, 14];
const honest = [
  scored(1, 4, 0, 4),
  adapted([[1, 4]], 0),
  scored(5, 1, 0, 1),
  scored(6, 4, 1, 4),
  scored(15, 8, 2, 8),
  adapted(
    [
      [6, 2],
      [8, 2],
    ],
    1,
  ),
  scored(10, 5, 1, 5),
];

const replaced = (at: number, ...lines: Record<string, unknown>[]) =>
  honest.toSpliced(at, 1, ...lines);

describe('an honest ledger', () => {
  test('holds, and says what it scored', async () => {
    const path = ledgerFile(ledgerOf(honest));
    const stream = streamOf(new Uint16Array(23), starts);
    const checked = await checkLedger(path, { stream });
    expect(checked.violations.list()).toEqual([]);
    expect(checked).toMatchObject({ lines: 9, scored: 22, updates: 2, q30: 22n, infinite: 0 });
  });
  test('may skip targets, and may lack its last line feed', async () => {
    const lines = ledgerOf(honest.slice(0, -1));
    const path = join(temporaryFolder(), 'ledger.jsonl');
    writeFileSync(path, lines.join('\n'));
    expect((await checkLedger(path)).violations.list()).toEqual([]);
  });
  test('of one pass may learn for all from all that was scored', async () => {
    const events = [
      scored(1, 5, 0, 5),
      adapted([[1, 5]], null),
      scored(6, 9, 1, 9),
      adapted([[2, 12]], null),
    ];
    expect(await broken(ledgerOf(events, { reset: 'never' }))).toEqual([]);
  });
});

describe('every cheat has its name and its place', () => {
  test.each([
    ['an update before the score', replaced(1, adapted([[1, 5]], 0)), 'BPB_LEDGER_EARLY', 3],
    [
      'an update with a target that nobody scores',
      replaced(
        5,
        adapted(
          [
            [6, 2],
            [11, 3],
          ],
          1,
        ),
      ),
      'BPB_LEDGER_EARLY',
      7,
    ],
    [
      "an update of document 1 from document 0's targets",
      replaced(5, adapted([[1, 4]], 1)),
      'BPB_LEDGER_FOREIGN',
      7,
    ],
    [
      'an update of a document of which nothing was scored',
      replaced(1, adapted([[1, 1]], 2)),
      'BPB_LEDGER_FOREIGN',
      3,
    ],
    [
      'shared state where documents begin anew',
      replaced(1, adapted([[1, 4]], null)),
      'BPB_LEDGER_UPDATE',
      3,
    ],
    [
      'out of order within a document',
      replaced(0, scored(3, 2, 0, 2), scored(1, 2, 0, 2)),
      'BPB_LEDGER_ORDER',
      3,
    ],
    ['a target beyond the stream', replaced(4, scored(15, 9, 2, 9)), 'BPB_LEDGER_RANGE', 6],
    ['a document beyond them', replaced(4, scored(15, 8, 3, 8)), 'BPB_LEDGER_DOCUMENT', 6],
  ] as const)('%s', async (_, events, code, line) => {
    const found = await broken(ledgerOf(events));
    expect(found).toContainEqual([code, line]);
    expect(new Set(found.map(([each]) => each))).toEqual(
      new Set(code === 'BPB_LEDGER_RANGE' ? [code, 'BPB_LEDGER_MISSING'] : [code]),
    );
  });

  test('double scoring, also of one target in the middle', async () => {
    const events = replaced(2, scored(4, 2, 0, 2));
    const { violations } = await checkLedger(ledgerFile(ledgerOf(events)));
    expect(violations.list()[0]).toEqual({
      code: 'BPB_LEDGER_TWICE',
      line: 4,
      message: 'target 4 was scored before',
      targets: [4, 2],
      document: 0,
    });
  });

  test("another document's name for a target, without the data and with it", async () => {
    // Target 5 is document 0's: naming it document 1's would let document 1 learn from it.
    const interleaved = replaced(2, scored(5, 1, 1, 1));
    const path = ledgerFile(ledgerOf(interleaved));
    const stream = streamOf(new Uint16Array(23), starts);
    const { violations } = await checkLedger(path, { stream });
    expect(violations.list()[0]).toMatchObject({
      code: 'BPB_LEDGER_DOCUMENT',
      line: 4,
      message: 'its targets are 6 to 14',
      targets: [5, 1],
      document: 1,
    });
    // Without the data, documents must at least follow one another.
    expect(await broken(ledgerOf([scored(3, 2, 0, 2), scored(1, 2, 1, 2)]))).toEqual([
      ['BPB_LEDGER_DOCUMENT', null],
    ]);
  });

  test('any update where nothing is carried', async () => {
    expect(await broken(ledgerOf(honest, { reset: 'none' }))).toEqual([
      ['BPB_LEDGER_UPDATE', 3],
      ['BPB_LEDGER_UPDATE', 7],
    ]);
  });

  test('documents out of order in one pass', async () => {
    expect(await broken(ledgerOf(honest, { reset: 'never' }))).toEqual([['BPB_LEDGER_ORDER', 8]]);
  });

  test.each([
    ['nats', { nats_q30: '21' }, 'BPB_LEDGER_SUM'],
    ['infinite targets', { infinite: 1 }, 'BPB_LEDGER_SUM'],
    ['scored targets', { scored: 21, skipped: 1 }, 'BPB_LEDGER_SUM'],
    ['a target that no line scores', { scored: 23, skipped: 0 }, 'BPB_LEDGER_MISSING'],
    ['skipped targets', { skipped: 1 }, 'BPB_LEDGER_MISSING'],
  ] as const)('an end with wrong %s', async (_, changes, code) => {
    const lines = chained([header(), ...honest, ending(honest, 23, changes)]);
    expect(new Set((await broken(lines)).map(([each]) => each))).toContain(code);
  });
});

describe('the line of the result', () => {
  const sha256 = 'a'.repeat(64);
  const of =
    (...behind: readonly Record<string, unknown>[]) =>
    (run: unknown) =>
      chained([header(run === undefined ? {} : { run }), ...honest, ...behind]);
  const end = ending(honest, 23);
  const result = { result: 'scored', sha256 };

  test('stands behind the end, where the header names the run, and may lack its hash', async () => {
    for (const last of [result, { result: 'withheld', sha256: null }]) {
      const checked = await checkLedger(ledgerFile(of(end, last)('run 7')));
      expect(checked.violations.list()).toEqual([]);
      expect(checked).toMatchObject({ lines: 10, result: last, header: { run: 'run 7' } });
    }
  });

  test('moves the hash by which a ledger is known nowhere: that is the hash of the end', async () => {
    const [without, with_] = [of(end)('run 7'), of(end, result)('run 7')];
    const hashes = [without, with_].map(
      async (lines) => (await checkLedger(ledgerFile(lines))).hash,
    );
    const [one, other] = await Promise.all(hashes);
    expect(one).toBe(JSON.parse(without.at(-1)!).hash);
    expect(other).toBe(one);
  });

  test.each([
    ['before the end', of(result, end)('run 7'), [['BPB_LEDGER_RESULT', 9]]],
    [
      'and no end',
      of(result)('run 7'),
      [
        ['BPB_LEDGER_RESULT', 9],
        ['BPB_LEDGER_CUT', 9],
      ],
    ],
    ['of a run without a name', of(end, result)(undefined), [['BPB_LEDGER_RESULT', 10]]],
    ['twice', of(end, result, result)('run 7'), [['BPB_LEDGER_AFTER_END', 11]]],
    [
      'and an update behind it',
      of(end, result, adapted([[1, 4]], 0))('run 7'),
      [['BPB_LEDGER_AFTER_END', 11]],
    ],
    [
      'of another status',
      of(end, { result: 'good', sha256 })('run 7'),
      [['BPB_LEDGER_FORMAT', 10]],
    ],
    [
      'with another hash',
      of(end, { result: 'scored', sha256: 'a' })('run 7'),
      [['BPB_LEDGER_FORMAT', 10]],
    ],
    ['with more', of(end, { ...result, val_bpb: 1 })('run 7'), [['BPB_LEDGER_FORMAT', 10]]],
  ])('%s breaks a rule', async (_, lines, found) => {
    expect(await broken(lines)).toEqual(found);
  });

  test.each([[''], [7], [null], ['a'.repeat(201)]])(
    'a run of the name %j is no header',
    async (run) => {
      const refusal = await refusalOf(() => checkLedger(ledgerFile(of(end, result)(run))));
      expect(refusal.code).toBe('BPB_LEDGER_NOT_ONE');
    },
  );

  test('a result that was turned into another breaks the chain', async () => {
    const lines = of(end, { result: 'withheld', sha256 })('run 7');
    const forged = lines.with(-1, lines.at(-1)!.replace('withheld', 'scored'));
    expect(await broken(forged)).toEqual([['BPB_LEDGER_CHAIN', 10]]);
  });
});

describe('where the chain breaks', () => {
  const lines = ledgerOf(honest);
  const swap = (i: number) => lines.with(i, lines[i + 1]!).with(i + 1, lines[i]!);

  test('at a forged figure', async () => {
    const forged = lines.with(3, lines[3]!.replace('"nats_q30":"1"', '"nats_q30":"0"'));
    expect(await broken(forged)).toEqual([
      ['BPB_LEDGER_CHAIN', 4],
      ['BPB_LEDGER_SUM', 9],
    ]);
  });
  test('where a line was dropped, whose targets are missing', async () => {
    expect(await broken(lines.toSpliced(3, 1))).toEqual([
      ['BPB_LEDGER_CHAIN', 4],
      ['BPB_LEDGER_MISSING', 8],
      ['BPB_LEDGER_SUM', 8],
    ]);
  });
  test('at two lines that were swapped, and says which followed which', async () => {
    const { violations } = await checkLedger(ledgerFile(swap(4)));
    expect(violations.list().map(({ code, line, message }) => [code, line, message])).toEqual([
      ['BPB_LEDGER_MOVED', 5, expect.stringMatching(/follows line 6, not line 4/)],
      ['BPB_LEDGER_MOVED', 6, expect.stringMatching(/follows line 4, not line 5/)],
      ['BPB_LEDGER_MOVED', 7, expect.stringMatching(/follows line 5, not line 6/)],
    ]);
  });
  test('where a line was repeated', async () => {
    const found = await broken(lines.toSpliced(4, 0, lines[3]!));
    expect(found).toContainEqual(['BPB_LEDGER_MOVED', 5]);
    expect(found).toContainEqual(['BPB_LEDGER_TWICE', 5]);
  });
  test('where the file was cut', async () => {
    expect(await broken(lines.slice(0, 6))).toEqual([['BPB_LEDGER_CUT', 6]]);
    const inside = lines.slice(0, 6).with(5, lines[5]!.slice(0, 40));
    expect(await broken(inside)).toEqual([
      ['BPB_LEDGER_FORMAT', 6],
      ['BPB_LEDGER_CUT', 6],
    ]);
  });
  test('behind the end', async () => {
    const more = [...honest, ending(honest, 23), adapted([[1, 4]], 0)];
    expect(await broken(chained([header(), ...more]))).toEqual([['BPB_LEDGER_AFTER_END', 10]]);
  });
  test('at a foreign line in a chain that is broken everywhere, each line once', async () => {
    const other = ledgerOf(honest, { evaluator: 'yet another' });
    const found = await broken([lines[0]!, ...other.slice(1)]);
    expect(found).toEqual([['BPB_LEDGER_CHAIN', 2]]);
  });
});

describe('lines that are none', () => {
  const lines = ledgerOf(honest);
  test.each([
    ['no hash', '{"score":[1,4],"document":0,"nats_q30":"4"}', /does not end in/],
    ['no JSON', `{"score":[1,4,"hash":"${'0'.repeat(64)}"}`, /not JSON/],
    ['an unknown member', chained([{ ...honest[0], when: 'now' }])[0]!, /when/],
    ['target 0', chained([scored(0, 4, 0, 4)])[0]!, /score\.0/],
    ['a negative sum', chained([{ ...honest[0], nats_q30: '-4' }])[0]!, /nats_q30/],
    ['a sum as a number', chained([{ ...honest[0], nats_q30: 4 }])[0]!, /nats_q30/],
    ['an update with nothing', chained([adapted([], 0)])[0]!, /adapt/],
    ['a second header', lines[0]!, /second header/],
  ] as const)('%s', async (_, line, message) => {
    const path = ledgerFile(lines.toSpliced(1, 0, line));
    const { violations } = await checkLedger(path);
    const format = violations.list().find(({ code }) => code === 'BPB_LEDGER_FORMAT');
    expect(format).toMatchObject({ line: 2, message: expect.stringMatching(message) });
  });

  test.each([
    ['a member twice', '"nats_q30":"9","nats_q30":"4"', /stands twice/],
    ['a member twice, once in disguise', '"nats_q30":"9","nats_q3\\u0030":"4"', /stands twice/],
    ['a prototype', '"nats_q30":"4","__proto__":{}', /__proto__/],
    ['a number with a point', '"nats_q30":"4","infinite":1.0', /digits alone/],
    ['a number with an exponent', '"nats_q30":"4","infinite":1e0', /digits alone/],
    ['a negative zero', '"nats_q30":"4","infinite":-0', /digits alone/],
  ])('%s, which other readers may take for something else', async (_, members, message) => {
    const line = `{"score":[1,4],"document":0,${members}}`;
    const [first, second] = chainedTexts([JSON.stringify(header()), line]);
    const { violations } = await checkLedger(ledgerFile([first!, second!]));
    expect(violations.list()[0]).toMatchObject({
      code: 'BPB_LEDGER_FORMAT',
      line: 2,
      message: expect.stringMatching(message),
    });
  });

  test('a text may hold what looks like members and numbers', async () => {
    const evaluator = '"ledger": 1.0, \\"tokens": -4e2 \\';
    expect(await broken(ledgerOf(honest, { evaluator }))).toEqual([]);
  });

  test.each([
    ['an empty file', ''],
    ['a text', 'not a ledger\n'],
    ['another version', `${chained([{ ...header(), ledger: 'bpb-ledger/2' }])[0]}\n`],
    ['another line first', `${lines[1]}\n`],
    ['a stream too long to hold a bit a target', `${chained([header({ tokens: 2 ** 40 })])[0]}\n`],
    ['bytes', new Uint8Array([0xff, 0xfe, 0x0a])],
  ])('%s is not a ledger', async (_, content) => {
    const path = join(temporaryFolder(), 'ledger.jsonl');
    writeFileSync(path, content);
    const refusal = await refusalOf(() => checkLedger(path));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_LEDGER_NOT_ONE', path });
  });

  test('nor is a line without end, which is never held', async () => {
    const path = join(temporaryFolder(), 'ledger.jsonl');
    writeFileSync(path, '['.repeat(3 << 20));
    const refusal = await refusalOf(() => checkLedger(path));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_LINE_TOO_LONG' });
  });

  test('nor a file that is not there', async () => {
    const refusal = await refusalOf(() => checkLedger('/nowhere/ledger.jsonl'));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_LEDGER_UNREADABLE' });
  });
});

test('a ledger that breaks a rule everywhere is reported shortly and counted in full', async () => {
  const events = Array.from({ length: 500 }, () => scored(1, 1, 0, 1));
  const { violations } = await checkLedger(ledgerFile(ledgerOf(events, { tokens: 1000 })));
  expect(violations.count('BPB_LEDGER_TWICE')).toBe(499);
  expect(violations.list().length).toBeLessThan(30);
});

test('a huge stream that every line scores again takes no longer than scoring it twice', async () => {
  const tokens = 2 ** 32 - 1;
  const whole = scored(1, tokens - 1, 0, 0);
  const lines = [header({ tokens, documents: 1 }), ...Array.from({ length: 300 }, () => whole)];
  const { violations } = await checkLedger(ledgerFile(chained(lines)));
  expect(violations.count('BPB_LEDGER_TWICE')).toBe(299);
});
