import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bpb } from '../helpers/command.js';
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

test('a log without a score is refused, and so is none at all', async () => {
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
