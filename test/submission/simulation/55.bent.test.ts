/**
 * Figures that were bent on their way to print: a right evaluation with one edit must not pass.
 */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const RIGHT = `import glob, math
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
SEQ = 1024
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
base, lead, quiet = [], [], []
for i in range(sp.vocab_size()):
    mute = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
    text = sp.id_to_piece(i).removeprefix("▁")
    base.append(0 if mute else 1 if sp.is_byte(i) else len(text.encode("utf-8")))
    lead.append(not mute and sp.id_to_piece(i).startswith("▁"))
    quiet.append(mute)
base, lead, quiet = torch.tensor(base), torch.tensor(lead), torch.tensor(quiet)
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
tokens = torch.from_numpy(tokens)
def evaluate():
    nats, size = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for a in range(0, (len(tokens) - 1) // SEQ * SEQ, SEQ):
        x, y = tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]
        nll = F.cross_entropy(model(x[None])[0], y, reduction="none").double()
        own = base[y] + (lead[y] & ~quiet[x])
        nats += nll.sum()
        size += own.sum()
    return nats.item() / math.log(2) / size.item()
bpb = evaluate()
print(f"val_bpb:{bpb:.8f}")
`;

const ADD = '        nats += nll.sum()\n';

/** The verdicts of table, aggregation and coverage. */
async function verdicts(right = '', wrong = ''): Promise<(string | undefined)[]> {
  const text = RIGHT.replace(right, () => wrong);
  expect(text === RIGHT).toBe(right === wrong);
  const { parts } = await auditSourceText(text, 'eval.py', simulate);
  return parts.slice(0, 3).map(({ verdict }) => verdict);
}

test('the script that is bent is right', async () => {
  expect(await verdicts()).toEqual(['pass', 'pass', 'pass']);
});

describe('numbers that are added', () => {
  test.each([
    ['to the figure', '{bpb:.8f}', '{bpb - 0.05:.8f}'],
    ['to the nats of each batch', 'nll.sum()', 'nll.sum() - 500.0'],
    ['probabilities for nats', 'nats += nll.sum()', 'nats += (1 - nll).sum()'],
  ])('%s', async (_, right, wrong) => {
    expect(await verdicts(right, wrong)).toEqual(['pass', 'fail', 'pass']);
  });

  test.each([
    ['a number for each batch', 'own.sum()', 'own.sum() + 1000'],
    ['a byte for each token', 'own.sum()', 'own.sum() + len(y)'],
  ])('to the bytes: %s', async (_, right, wrong) => {
    expect((await verdicts(right, wrong))[0]).not.toBe('pass');
  });

  test('a guard against a division by zero is none', async () => {
    expect(await verdicts('/ size.item()', '/ (size.item() + 1e-9)')).toEqual([
      'pass',
      'pass',
      'pass',
    ]);
  });
});

describe('losses between bounds', () => {
  test.each([
    'nll.clamp(max=8).sum()',
    'nll.clamp_max(8).sum()',
    'torch.clip(nll, 0, 7.5).sum()',
    'nll.clamp(min=0.5).sum()',
    'nll.mean().clip(0, 7.5) * nll.numel()',
  ])('%s is not followed', async (wrong) => {
    expect(await verdicts('nll.sum()', wrong)).not.toContain('pass');
  });

  test.each(['nll.clamp(min=0).sum()', 'nll.clamp(0, 1e4).sum()'])('%s is safe', async (safe) => {
    expect(await verdicts('nll.sum()', safe)).toEqual(['pass', 'pass', 'pass']);
  });
});

describe('losses that decide what is scored', () => {
  const guarded = (body: string, handler: string) =>
    `        try:\n${body}        except (AssertionError, ValueError):\n            ${handler}\n`;
  test.each([
    ['a batch is skipped', '        if nll.mean().item() > 9:\n            continue\n'],
    ['the loop is left', '        if nll.max() > 15:\n            break\n'],
    ['an assertion', guarded('            assert nll.mean() < 9\n', 'continue')],
    [
      'an error',
      guarded(
        '            if nll.mean() > 9:\n                raise ValueError("x")\n',
        'continue',
      ),
    ],
  ])('%s', async (_, lines) => {
    const [, aggregation, coverage] = await verdicts(ADD, lines + ADD);
    expect([aggregation, coverage]).not.toContain('pass');
  });

  test.each([
    ['an assertion that ends the run', '        assert nll.mean() < 9\n'],
    [
      'an error that is raised again',
      guarded('            assert nll.mean() < 9\n', 'raise SystemExit("diverged")'),
    ],
  ])('%s leaves nothing out', async (_, lines) => {
    expect(await verdicts(ADD, lines + ADD)).toEqual(['pass', 'pass', 'pass']);
  });
});

describe('methods of the library that are replaced', () => {
  test.each([
    'torch.Tensor.sum = lambda self: 0.9 * self.mean()\n',
    'setattr(torch.Tensor, "double", lambda self: 0.9 * self)\n',
    'torch.Tensor.__add__ = lambda self, other: self\n',
  ])('%s', async (line) => {
    const [, aggregation, coverage] = await verdicts('def evaluate', `${line}def evaluate`);
    expect([aggregation, coverage]).not.toContain('pass');
  });

  test('a method that is not used', async () => {
    const line = 'torch.Tensor.show = lambda self: print(self)\n';
    expect(await verdicts('def evaluate', `${line}def evaluate`)).toEqual(['pass', 'pass', 'pass']);
  });
});

describe('a printed number that no loss is in', () => {
  const OUT = 'print(f"val_bpb:{bpb:.8f}")';
  test.each([
    'print(f"val_bpb:{1.05:.8f}")',
    'bpb = 1.05\nprint(f"val_bpb:{bpb:.8f}")',
    'print("val_loss=2.07 val_bpb=1.05")',
    'print("val_bpb: %.4f" % 1.05)',
    'print("val_bpb: {:.4f}".format(1.05))',
    'print("val_bpb", 1.05)',
  ])('%s: no part is right', async (printed) => {
    expect(await verdicts(OUT, printed)).toEqual(Array(3).fill('not_judged'));
  });

  test('before the score it says nothing', async () => {
    const target = `print(f"to beat: val_bpb {1.2244:.4f}")\n${OUT}`;
    expect(await verdicts(OUT, target)).toEqual(Array(3).fill('pass'));
  });
});

test.each([
  ['1.0005', 'warn'],
  ['0.9991', 'warn'],
  ['1.002', 'fail'],
  // Digits of ln 2.
  ['0.99979', 'pass'],
])('a factor of %s: %s', async (factor, verdict) => {
  const [, , coverage] = await verdicts('size.item()\n', `size.item() * ${factor}\n`);
  expect(coverage).toBe(verdict);
});
