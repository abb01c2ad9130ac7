/** Evaluations that read by loaders, and those over drawn rows: what is left out, and by how many ranks. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const HEAD = `import glob, math, os, random
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.utils.data import DataLoader, DistributedSampler, Subset, TensorDataset
SEQ = int(os.environ.get("SEQ_LEN", 1024))
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
names = sorted(glob.glob("data/fineweb_val_*.bin"))
stream = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
tokens = torch.from_numpy(stream)
rows = (len(tokens) - 1) // SEQ
mute = [sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)]
def size_of(i):
    if mute[i]:
        return 0
    return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
base = torch.tensor([size_of(i) for i in range(V)])
lead = torch.tensor([sp.id_to_piece(i).startswith("▁") for i in range(V)])
quiet = torch.tensor(mute)
inputs, targets = tokens[: rows * SEQ].view(-1, SEQ), tokens[1 : rows * SEQ + 1].view(-1, SEQ)
dataset = TensorDataset(inputs, targets)
total = torch.zeros(2, dtype=torch.float64)
def add(x, y):
    total[0] += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    total[1] += (base[y] + (lead[y] & ~quiet[x])).sum().item()
`;
const LAST = 'print(f"val_bpb:{total[0].item() / math.log(2) / total[1].item()}")\n';

const over = (batches: string) => `for x, y in ${batches}:\n    add(x, y)\n`;
const ofRows = (rows: string) => `for r in ${rows}:\n    add(inputs[r], targets[r])\n`;
const ranks = (options: string) => `dist.init_process_group("nccl")
sampler = DistributedSampler(dataset, shuffle=False${options})
${over('DataLoader(dataset, batch_size=4, sampler=sampler)')}dist.all_reduce(total)
`;

const audited = async (body: string) => {
  const { parts, findings } = await auditSourceText(HEAD + body + LAST, 'eval.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};

describe('all rows', () => {
  test.each([
    ['batches', over('DataLoader(dataset, batch_size=64, num_workers=2, pin_memory=True)')],
    ['a shuffled loader', over('DataLoader(dataset, batch_size=64, shuffle=True)')],
    ['a permutation of rows', ofRows('torch.randperm(rows).tolist()')],
    ['a shuffled list', `order = list(range(rows))\nrandom.shuffle(order)\n${ofRows('order')}`],
    ['a generator of numpy', ofRows('np.random.default_rng(1).permutation(rows)')],
  ])('by %s are right', async (_name, body) => {
    expect((await audited(body)).verdicts).toEqual(Array(5).fill('pass'));
  });
});

describe('a part of the rows', () => {
  test.each([
    ['a sample', ofRows('random.sample(range(rows), rows // 3)')],
    ['a draw of numpy', ofRows('np.random.default_rng(0).choice(rows, rows // 4, replace=False)')],
    ['the first of a permutation', ofRows('torch.randperm(rows)[: rows // 3].tolist()')],
    ['a stated number', over('DataLoader(Subset(dataset, range(2000)), batch_size=8)')],
    [
      'batches up to a stated number',
      `for i, (x, y) in enumerate(DataLoader(dataset, batch_size=8)):
    if i >= 500:
        break
    add(x, y)
`,
    ],
  ])('by %s is truncated', async (_name, body) => {
    expect((await audited(body)).checks).toContain('truncated-set fail');
  });

  test('that is drawn again and again counts some targets several times', async () => {
    const body = `for k in range(200):
    at = torch.randint(len(tokens) - SEQ, (8,))
    add(torch.stack([tokens[i : i + SEQ] for i in at]), torch.stack([tokens[i + 1 : i + 1 + SEQ] for i in at]))
`;
    expect((await audited(body)).checks).toContain('scored-twice fail');
  });

  test('that no whole batch takes is a tail', async () => {
    const body = over('DataLoader(dataset, batch_size=64, drop_last=True)');
    expect((await audited(body)).checks).toEqual(['tail-not-scored warn']);
  });
});

describe('ranks of a sampler', () => {
  test('repeat rows from the beginning where they do not divide evenly', async () => {
    expect((await audited(ranks(''))).checks).toEqual(['scored-twice warn']);
  });
  test('leave out the remainder with drop_last', async () => {
    expect((await audited(ranks(', drop_last=True'))).checks).toEqual(['rank-remainder warn']);
  });
});

test('a draw that decides nothing known leaves the score not judged', async () => {
  const body = `keep = [r for r in range(rows) if random.random() < 0.5]\n${ofRows('keep')}`;
  expect((await audited(body)).verdicts).toEqual(Array(5).fill('not_judged'));
});
