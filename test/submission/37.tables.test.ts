/**
 * Tables of claims: columns by name in every form, one answer a row, and bad rows that cost none of the others.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ClaimReport, claim } from '#bpb/submission/claim';
import { temporaryFolder } from '../helpers/folder.js';

type Inputs = Extract<ClaimReport, { inputs: unknown }>;

const RIGHT = ['2.07234577', '1.22735990'] as const;
const WRONG = ['2.07234577', '1.05160000'] as const;

async function tableOf(text: string | Uint8Array, name = 'board.csv', family?: string) {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  const { tables } = (await claim({ logs: [file], family })) as Inputs;
  return tables[0]!;
}

const verdicts = ({ rows }: Inputs['tables'][number]) =>
  rows.map(({ claim: judged, error }) => judged?.verdict ?? error?.code);

const csv = (...rows: string[]) => `name,val_loss,val_bpb,tokens,tokenizer\n${rows.join('\n')}\n`;

describe('rows', () => {
  test('each has its own answer', async () => {
    const table = await tableOf(
      csv(
        `right,${RIGHT.join()},62021632,sp1024`,
        `wrong,${WRONG.join()},,sp1024`,
        'alone,,1.2,,',
        'words,two,1.2,,',
        'nan,nan,1.2,,',
        'large,1e999,1.2,,',
        `tokens,${RIGHT.join()},many,`,
        `tokenizer,${RIGHT.join()},,gpt2`,
        'short,2.07',
        `long,${RIGHT.join()},,,,,`,
        `grouped,${RIGHT.join()},"62,021,632",`,
        `last,${RIGHT.join()},,`,
      ),
    );
    expect(verdicts(table)).toEqual([
      'fits',
      'mistake',
      'BPB_CLAIM_ROW_PAIR',
      'BPB_CLAIM_NUMBER',
      'BPB_CLAIM_NUMBER',
      'BPB_CLAIM_NUMBER',
      'BPB_CLAIM_TOKENS',
      'BPB_CLAIM_FAMILY',
      'BPB_CLAIM_ROW',
      'BPB_CLAIM_ROW',
      'fits',
      'fits',
    ]);
    expect(table).toMatchObject({ verdict: 'fail', counts: { pass: 3, fail: 1, not_judged: 8 } });
    expect(table.rows[3]!.error).toMatchObject({ path: 'line 5, val_loss', actual: '"two"' });
    expect(table.rows.map(({ row, line }) => [row, line])[2]).toEqual([3, 4]);
  });

  test('a row that cannot be judged leaves no pass, and an empty table none either', async () => {
    expect((await tableOf(csv(`a,${RIGHT.join()},,`))).verdict).toBe('pass');
    expect((await tableOf(csv(`a,${RIGHT.join()},,`, 'b,,1.2,,'))).verdict).toBe('not_judged');
    expect((await tableOf(csv())).verdict).toBe('not_judged');
  });

  test('a tokenizer that the caller states stands in where a row names none', async () => {
    const table = await tableOf(
      csv(`a,${RIGHT.join()},,`, `b,${RIGHT.join()},,sp8192`),
      'a.csv',
      'sp1024',
    );
    expect(table.rows.map(({ claim: judged }) => judged?.family)).toEqual(['sp1024', 'sp8192']);
  });
});

describe('cells', () => {
  test('two columns of one name must agree', async () => {
    const table = await tableOf(
      `val_loss,val_bpb,VAL_BPB,val_bpb (std)\n${[...RIGHT, RIGHT[1], 0.1].join()}\n${[...RIGHT, WRONG[1], 0.1].join()}\n`,
    );
    expect(verdicts(table)).toEqual(['fits', 'BPB_CLAIM_ROW']);
    expect(table.rows[1]!.error?.actual).toMatch(/two columns val_bpb: 1\.2/);
    const json = JSON.stringify([{ val_loss: RIGHT[0], val_bpb: RIGHT[1], Val_BPB: WRONG[1] }]);
    expect(verdicts(await tableOf(json, 'board.json'))).toEqual(['BPB_CLAIM_ROW']);
  });

  test('a size of 8,192 is either tokenizer of that size, any other name is what it says', async () => {
    const table = await tableOf(
      csv(...['8192', 'sp8192', '1024'].map((name) => `a,2.33730724,1.06805820,,${name}`)),
    );
    expect(verdicts(table)).toEqual(['fits', 'mistake', 'mistake']);
  });

  test.each([
    ['62.021.632', 62_021_632],
    ["62'021'632", 62_021_632],
    ['62021632.0', 62_021_632],
    ['6.2021632e7', 62_021_632],
    ['—', null],
    ['n/a', null],
  ])('%s targets are read', async (text, tokens) => {
    const table = await tableOf(csv(`a,${RIGHT.join()},${text},`));
    expect(table.rows[0]!.claim?.tokens).toBe(tokens);
  });

  test.each(['0x3b25f40', '62M', '62.021', '-62021632', 'NaN'])('%s are none', async (text) => {
    const table = await tableOf(csv(`a,${RIGHT.join()},${text},`));
    expect(verdicts(table)).toEqual(['BPB_CLAIM_TOKENS']);
  });

  test('decimal commas are read where quotes or tabs set the fields apart', async () => {
    const [loss, bpb] = RIGHT.map((text) => text.replace('.', ','));
    for (const text of [
      `val_loss,val_bpb\n"${loss}","${bpb}"`,
      `val_loss\tval_bpb\n${loss}\t${bpb}`,
    ]) {
      expect(verdicts(await tableOf(text))).toEqual(['fits']);
    }
  });

  test('a sign for nothing is nothing, but for a name', async () => {
    const table = await tableOf(csv(`n/a,-,${RIGHT[1]},,`));
    expect(verdicts(table)).toEqual(['BPB_CLAIM_ROW_PAIR']);
    expect(table.rows[0]!.name).toBe('n/a');
  });
});

describe('forms', () => {
  const line = `a,${RIGHT.join()}`;
  test.each([
    ['CRLF', 'board.csv', `name,val_loss,val_bpb\r\n${line}\r\n`],
    ['CR', 'board.csv', `name,val_loss,val_bpb\r${line}\r`],
    ['a byte order mark', 'board.csv', `\ufeffname,val_loss,val_bpb\n${line}`],
    [
      'a byte order mark before the figures',
      'board.csv',
      `\ufeffval_bpb,val_loss\n${RIGHT[1]},${RIGHT[0]}`,
    ],
    [
      'semicolons with decimal commas',
      'board.csv',
      'name;val_loss;val_bpb\na;2,07234577;1,22735990',
    ],
    ['semicolons with points', 'board.csv', `name;val_loss;val_bpb\na;${RIGHT.join(';')}`],
    ['tabs', 'board.tsv', `name\tval_loss\tval_bpb\na\t${RIGHT.join('\t')}`],
    [
      'quotes, also around a line break',
      'board.csv',
      `"name","val_loss","val_bpb"\n"a, ""b""\nc","${RIGHT.join('","')}"`,
    ],
    ['other names', 'board.csv', `Run,Score,Loss\na,${RIGHT[1]},${RIGHT[0]}`],
    ['names with units', 'board.csv', `name,Val Loss (nats),Val BPB\n${line}`],
    [
      'spaces and empty lines',
      'board.csv',
      `name, val_loss, val_bpb\n\n a, ${RIGHT.join(' , ')}\n\n`,
    ],
    ['no name for its kind', 'board', `name,val_loss,val_bpb\n${line}`],
    [
      'figures with their spread',
      'board.csv',
      `name,val_loss,val_bpb\na,${RIGHT[0]} ± 0.001,${RIGHT[1]} +/- 0.0005`,
    ],
    [
      'their spread in parentheses',
      'board.csv',
      `name,val_loss,val_bpb\na,${RIGHT[0]} (± 0.001),${RIGHT[1]} (±0.0005)`,
    ],
    [
      'named runs',
      'board.json',
      JSON.stringify({ runs: [{ name: 'a', loss: RIGHT[0], val_bpb: RIGHT[1] }] }),
    ],
    ['an array', 'board.json', JSON.stringify([{ val_loss: RIGHT[0], val_bpb: RIGHT[1] }])],
    [
      'numbers',
      'board.json',
      JSON.stringify([{ name: 'a', val_loss: 2.07234577, bpb: 1.2273599 }]),
    ],
    [
      'rows in an object',
      'board.json',
      JSON.stringify({ date: 'x', rows: [{ loss: RIGHT[0], score: RIGHT[1] }] }),
    ],
    [
      'rows by name',
      'board.json',
      JSON.stringify({ a: { val_loss: RIGHT[0], val_bpb: RIGHT[1] } }),
    ],
    [
      'JSON lines',
      'board.jsonl',
      `${JSON.stringify({ val_loss: RIGHT[0], val_bpb: RIGHT[1] })}\n\n`,
    ],
    [
      'Markdown',
      'board.md',
      `# Board\n\n| Run | val_loss | **Score** |\n|---|--:|:--|\n| [a](x) | ${RIGHT[0]} | **${RIGHT[1]}** |\n\nwords\n`,
    ],
    ['UTF-16', 'board.csv', Buffer.from(`\ufeffname,val_loss,val_bpb\n${line}`, 'utf16le')],
  ])('%s', async (_, name, text) => {
    const table = await tableOf(text, name);
    expect(verdicts(table)).toEqual(['fits']);
  });

  test('a leaderboard without losses is not judged, row by row', async () => {
    const table = await tableOf(
      '| Run | Score |\n|---|---|\n| a | 1.0611 |\n| b | 1.0614 |\n',
      'README.md',
    );
    expect(verdicts(table)).toEqual(['BPB_CLAIM_ROW_PAIR', 'BPB_CLAIM_ROW_PAIR']);
    expect(table.rows.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('bad lines of JSON lines are bad rows', async () => {
    const good = JSON.stringify({ val_loss: RIGHT[0], val_bpb: RIGHT[1] });
    const table = await tableOf(`${good}\n{"val_loss":\n[1]\n${good}`, 'board.jsonl');
    expect(verdicts(table)).toEqual(['fits', 'BPB_CLAIM_ROW', 'BPB_CLAIM_ROW', 'fits']);
  });
});

test('tables in code blocks and comments of a page are none of it', async () => {
  const board = (pair: readonly string[]) =>
    `\n| Run | val_loss | val_bpb |\n|---|---|---|\n| a | ${pair.join(' | ')} |\n`;
  const hidden = board(WRONG);
  for (const [open, close] of [
    ['```md', '```'],
    ['~~~~', '~~~~'],
    ['<!--', '-->'],
    ['````\n```', '````'],
  ]) {
    const table = await tableOf(`${open}${hidden}${close}\n${board(RIGHT)}`, 'README.md');
    expect([open, verdicts(table)]).toEqual([open, ['fits']]);
  }
  const after = `<!-- one line -->\n\`code\`${board(RIGHT)}`;
  expect(verdicts(await tableOf(after, 'README.md'))).toEqual(['fits']);
});

describe('hostile tables', () => {
  test.each([
    ['no scores', 'a.csv', 'a,b\n1,2\n'],
    ['nothing', 'a.csv', ''],
    ['Markdown without a table', 'a.md', '# words | more\n'],
  ])('%s is refused', async (_, name, text) => {
    await expect(tableOf(text, name)).rejects.toMatchObject({ code: 'BPB_CLAIM_TABLE' });
  });

  test('columns called __proto__ and constructor are columns like any other', async () => {
    const table = await tableOf(`__proto__,constructor,val_loss,val_bpb\nx,y,${RIGHT.join()}\n`);
    expect(verdicts(table)).toEqual(['fits']);
    const json = await tableOf(
      `[{"__proto__": {"val_bpb": 1}, "val_loss": ${RIGHT[0]}, "val_bpb": ${RIGHT[1]}}]`,
      'a.json',
    );
    expect(verdicts(json)).toEqual(['fits']);
  });

  test('a quote that does not end costs its row alone', async () => {
    const table = await tableOf(csv(`"a,${RIGHT.join()},,`, `b,${RIGHT.join()},,`));
    expect(verdicts(table)).toEqual(['BPB_CLAIM_ROW', 'fits']);
  });

  test('more rows than any leaderboard has are refused', async () => {
    await expect(tableOf(csv(...Array(5001).fill('a,,,,')))).rejects.toMatchObject({
      code: 'BPB_CLAIM_TABLE_LARGE',
    });
  });

  test('a document that is larger than any table is refused before it is parsed', async () => {
    for (const name of ['a.csv', 'a.json', 'a.jsonl', 'a.md']) {
      await expect(tableOf(' '.repeat(16 * 2 ** 20 + 1), name)).rejects.toMatchObject({
        code: 'BPB_CLAIM_DOCUMENT_LARGE',
      });
    }
  });

  test('work grows with the length: many delimiters, many quotes, one long line', async () => {
    const long = 3_000_000;
    for (const text of [
      ','.repeat(long),
      '"'.repeat(long),
      `${'"\n'.repeat(9000)}`,
      'x'.repeat(long),
    ]) {
      const table = await tableOf(`val_loss,val_bpb\n${text}`);
      expect(table.counts.pass).toBe(0);
    }
  });
});
