import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bpb, bpbIn } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';

describe('wrong usage exits 2', () => {
  test.each([
    [['claim'], /--val-loss/],
    [['claim', '--val-loss', '2.07'], /--val-bpb/],
    [['claim', '--val-loss', 'two', '--val-bpb', '1.2'], /--val-loss/],
    [['claim', '--val-loss', '2.07', '--val-bpb', '0'], /--val-bpb/],
    [['claim', '--val-loss', '2.07', '--val-bpb', '1.2', '--tokens', '0'], /--tokens/],
    [['claim', '--val-loss', '2.07', '--val-bpb', '1.2', '--tokenizer-family', 'gpt2'], /family/],
    [['claim', 'x.log', '--val-loss', '2.07'], /both/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

test('a log without a score is refused, and so is one that is not there', async () => {
  const log = join(temporaryFolder(), 'train.log');
  expect((await bpb('claim', log)).code).toBe(3);
  writeFileSync(log, 'step:1 train_loss:3.2\n');
  const { code, stderr } = await bpb('claim', log);
  expect(code).toBe(3);
  expect(stderr).toContain(log);
});

test('a right claim exits 0, a known mistake 1, with its name', async () => {
  // 2.435930 bytes a token on the 1,024 vocabulary: the LoRA record's own figures.
  const right = await bpb('claim', '--val-loss', '2.07234577', '--val-bpb', '1.22735990');
  expect(right).toMatchObject({ code: 0 });
  expect(right.stdout).toMatch(/^\s*fits\b.*sp1024/);
  // The same loss over 16.7 % more bytes: the leading space counted twice.
  const bpbTwice = (2.07234577 / Math.LN2 / (2.43593 * 1.167136)).toFixed(8);
  const args = ['--val-loss', '2.07234577', '--val-bpb', bpbTwice, '--tokenizer-family', 'sp1024'];
  const wrong = await bpb('claim', ...args, '--json');
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    schema: 'bpb-claim/1',
    claim: { verdict: 'mistake' },
  });
});

test('a log of another validation set: said, and exit 1', async () => {
  const log = join(temporaryFolder(), 'train.log');
  // The naive baseline's own row: 63,779,840 targets.
  const lines = [
    'val_loader:shards pattern=./data/fineweb10B_sp1024/fineweb_val_*.bin tokens:63779840',
    'final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570',
  ];
  writeFileSync(log, `${lines.join('\n')}\n`);
  const { code, stdout } = await bpb('claim', log);
  expect(code).toBe(1);
  expect(stdout).toMatch(/other set/);
  expect(stdout).toMatch(/50,000 documents/);
});

describe('inputs of all kinds', () => {
  const RIGHT = 'final_exact val_loss:2.07234577 val_bpb:1.22735990\n';
  const WRONG = 'name,val_loss,val_bpb,tokenizer\na,2.07234577,1.05160000,sp1024\nb,,1.2,\n';
  const folder = () => {
    const path = temporaryFolder();
    mkdirSync(join(path, 'logs'));
    writeFileSync(join(path, 'logs', 'train.log'), RIGHT);
    writeFileSync(join(path, 'board.csv'), WRONG);
    return path;
  };

  test('0 for what is good, 3 where something cannot be judged, 1 where something fails', async () => {
    const path = folder();
    expect((await bpb('claim', path)).code).toBe(0);
    expect((await bpb('claim', path, join(path, 'nowhere.log'))).code).toBe(3);
    expect((await bpb('claim', join(path, 'nowhere.log'), '/no/such.log')).code).toBe(3);
    expect((await bpb('claim', path, '/no/such.log', join(path, 'board.csv'))).code).toBe(1);
    expect((await bpb('claim', '--val-loss', '2', '--val-bpb', '1')).code).toBe(3);
  });

  test('all of it is shown, on lines of 80 columns', async () => {
    const path = folder();
    const { stdout, stderr } = await bpb('claim', path, '/no/such.log', join(path, 'board.csv'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/→ line 1 {2}final_exact/);
    expect(stdout).toMatch(/not judged {2}\/no\/such\.log/);
    expect(stdout).toMatch(/1 a {2}.*mistake {4}leading space…/);
    expect(stdout).toMatch(/2 rows: 0 pass, 1 fail, 1 not judged/);
    expect(stdout).toMatch(/fail {2}3 inputs: 1 pass, 1 fail, 1 not judged/);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('of many inputs those that are not good are named at the end', async () => {
    const path = folder();
    for (let k = 0; k < 8; k++) writeFileSync(join(path, `${k}.log`), RIGHT);
    writeFileSync(join(path, '9.log'), RIGHT.replace('1.22735990', '1.05160000'));
    const { stdout } = await bpb('claim', path, '--tokenizer-family', 'sp1024');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-2)).toMatch(/^ {2}fail {2}.*9\.log$/);
    expect(lines.at(-1)).toMatch(/^fail {2}10 inputs: 9 pass, 1 fail/);
    expect(stdout).toMatch(/equal to .*, with which it counts once/);
    expect(stdout).toMatch(/mean .*2 scores of final_exact/s);
  });

  test('control characters of names and labels do not reach the terminal', async () => {
    const path = join(temporaryFolder(), 'a\u001b[31m\u202e.log');
    writeFileSync(path, `\u001b]0;title\u0007evil\u001b[2J ${RIGHT}`);
    const board = join(temporaryFolder(), 'b.csv');
    writeFileSync(board, 'name,val_loss,val_bpb\n\u001b[2Jx\u0007,1,\u001b[2J\n');
    const summary = join(temporaryFolder(), 'c.json');
    const clears = '1\u001b[2J';
    writeFileSync(
      summary,
      JSON.stringify({ val_loss: clears, val_bpb: clears, val_bpb_std: clears }),
    );
    const { stdout } = await bpb('claim', path, board, summary);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  });

  test('--json has an entry for each input, and one for each row', async () => {
    const path = folder();
    const { stdout, code } = await bpb('claim', path, '/no', join(path, 'board.csv'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'fail',
      inputs: [
        { kind: 'log', verdict: 'pass', error: null },
        { kind: null, verdict: 'not_judged', error: { code: 'BPB_LOG_MISSING', path: '/no' } },
        { kind: 'table', verdict: 'fail' },
      ],
      tables: [{ rows: [{ verdict: 'fail' }, { verdict: 'not_judged' }] }],
    });
  });
});

test('standard input is a log, a summary or a table, by its content', async () => {
  const pair = { val_loss: 2.07234577, val_bpb: 1.2273599 };
  const texts = {
    log: 'final_exact val_loss:2.07234577 val_bpb:1.22735990\n',
    summary: JSON.stringify(pair),
    table: 'val_loss,val_bpb\n2.07234577,1.22735990\n',
  };
  for (const [kind, text] of Object.entries(texts)) {
    const { stdout, code } = await bpbIn({}, ['claim', '-', '--json'], text);
    expect([kind, code]).toEqual([kind, 0]);
    expect(JSON.parse(stdout).inputs).toMatchObject([{ path: '-', kind, verdict: 'pass' }]);
  }
});
