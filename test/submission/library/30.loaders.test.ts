/** Data sets, samplers and loaders give what torch's own give; made-up draws have what all draws have in common. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arrayModule } from '#bpb/submission/python/library/modules';
import { randomModule } from '#bpb/submission/simulation/modules/random';
import { ran } from '../python/running.js';

const SCRIPT = join(import.meta.dirname, '../python/snippets_referee.py');
const python = spawnSync('python3', ['-c', 'import torch, numpy']);
const skipped = python.status !== 0;

const HEAD = `import random
import numpy as np
import torch
from torch.utils.data import *
from torch.utils.data.distributed import DistributedSampler
def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
class Rows(Dataset):
    def __init__(self, n):
        super().__init__()
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, k):
        return np.arange(2) + k, k
class Pairs(Rows):
    def __getitem__(self, k):
        return {"x": torch.tensor([k, k + 1]), "name": f"row {k}", "weight": k / 4}
class Stream(IterableDataset):
    def __iter__(self):
        yield from range(5)
everything = lambda loader: [plain(batch) for batch in loader]
`;

/** Each binds `r`; the order of their results is not random. */
const SAME: readonly string[] = [
  'r = everything(DataLoader(Rows(5), batch_size=2))',
  'r = everything(DataLoader(Rows(5), batch_size=2, drop_last=True, num_workers=0))',
  'r = everything(DataLoader(Pairs(3), 2, False))',
  'r = everything(DataLoader(Rows(3), batch_size=None))',
  'r = everything(DataLoader(Stream(), batch_size=2)), everything(DataLoader(Stream(), 2, drop_last=True))',
  'r = everything(DataLoader(Rows(4), batch_size=2, collate_fn=lambda rows: [k for _, k in rows]))',
  'r = everything(DataLoader(Rows(5), sampler=[4, 0, 2], batch_size=2))',
  'r = everything(DataLoader(Rows(5), batch_sampler=BatchSampler(SequentialSampler(Rows(5)), 3, drop_last=True)))',
  'r = everything(DataLoader(TensorDataset(torch.arange(5), torch.arange(5) * 2), batch_size=3))',
  'r = everything(DataLoader(Subset(Rows(6), [1, 5]), batch_size=2)), len(Subset(Rows(6), range(4)))',
  'r = everything(DataLoader(ConcatDataset([Rows(2), Rows(1)]), batch_size=2)), len(Rows(2) + Rows(3))',
  'r = [len(DataLoader(Rows(5), 2)), len(DataLoader(Rows(5), 2, drop_last=True)), len(DataLoader(Rows(5), sampler=[1], batch_size=4))]',
  'r = [list(DistributedSampler(Rows(5), num_replicas=4, rank=k, shuffle=False)) for k in range(4)]',
  'r = [list(DistributedSampler(Rows(9), 4, k, False, drop_last=True)) for k in range(4)]',
  'r = [len(DistributedSampler(Rows(9), num_replicas=4, rank=3)), list(BatchSampler(range(5), 2, False))]',
  'batches = iter(DataLoader(Rows(5), batch_size=2))\nfirst = next(batches)\nr = plain(first), [plain(b) for b in batches]',
  'loader = DataLoader(Rows(5), batch_size=2)\nr = [loader.batch_size, len(loader.dataset), len(loader.sampler), len(list(loader)), len(list(loader))]',
  'x, y = random_split(Rows(10), [7, 3])\na, b = random_split(Rows(10), [0.75, 0.25])\nr = [len(x), len(y), len(a), len(b)]',
  'r = [sorted(k for _, k in DataLoader(Rows(6), batch_size=None, shuffle=True)), sorted(RandomSampler(range(4))), len(RandomSampler(range(4), num_samples=2))]',
  'a, b = random_split(range(9), [4, 5], generator=torch.Generator().manual_seed(1))\nr = sorted([*a, *b])',
  'try:\n    DataLoader(Rows(3), batch_size=0)\nexcept ValueError:\n    r = "refused"',
  'try:\n    random_split(Rows(3), [1, 1])\nexcept ValueError:\n    r = "refused"',
  // Draws: the size of what is drawn, its members, and no member twice where none is put back.
  'rows = list(range(20))\ns = random.Random(7).sample(rows, 6)\nr = [len(s), len(set(s)), set(s) <= set(rows)]',
  'rows = list(range(20))\nrandom.shuffle(rows)\nr = sorted(rows)',
  'r = [random.choice([3]), len(random.choices("ab", k=5)), random.randint(4, 4), random.randrange(0, 10, 10)]',
  'r = sorted(np.random.default_rng(0).permutation(7).tolist()), sorted(np.random.permutation([4, 1]).tolist())',
  's = np.random.default_rng(3).choice(50, 9, replace=False)\nr = [s.shape, len(set(s.tolist())), bool((s < 50).all())]',
  's = np.random.default_rng(3).integers(2, 4, size=(3, 2))\nr = [s.shape, bool(((s >= 2) & (s < 4)).all())]',
  'a = np.arange(6).reshape(3, 2)\nnp.random.shuffle(a)\nr = sorted(a.tolist())',
  'p = torch.randperm(8)\nr = sorted(p.tolist()), torch.randint(5, 6, (2,)).tolist(), torch.randint(1, (3,)).tolist()',
  'rng = np.random.RandomState(4)\nr = len(rng.permutation(5)), int(rng.randint(0, 1))',
  'torch.manual_seed(5)\na = torch.randperm(30).tolist()\ntorch.manual_seed(5)\nr = a == torch.randperm(30).tolist()',
  'r = random.Random(1).sample(range(99), 50) == random.Random(2).sample(range(99), 50)',
  'try:\n    random.sample([1], 2)\nexcept ValueError:\n    r = "refused"',
];

function references(): string[] {
  if (skipped) return [];
  const { stdout, stderr, status } = spawnSync('python3', [SCRIPT], {
    input: JSON.stringify(SAME.map((text) => HEAD + text)),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const own = (text: string) =>
  ran(HEAD + text, {
    module: (name, runtime) => (name === 'random' ? randomModule() : arrayModule(name, runtime)),
  });

describe.skipIf(skipped)(
  `torch and numpy${skipped ? ' (skipped: python3 has no torch and numpy)' : ''}`,
  () => {
    const expected = references();

    test.each(SAME.map((text, i) => ({ text, i })))('$text', ({ text, i }) => {
      const { text: textOf, stops } = own(text);
      expect({ r: textOf('r'), stops }).toEqual({ r: expected[i], stops: [] });
    });
  },
);

describe('what is not known', () => {
  test.each([
    'r = random.random()',
    'r = random.choices("ab", weights=[1, 0])',
    'r = np.random.default_rng(1).choice(9, p=unknown)',
    'r = len(DataLoader(unknown, batch_size=2))',
    'r = list(DataLoader(Rows(3), batch_size=unknown))',
    'r = random_split(Rows(3), [unknown, 1])',
    'r = random.sample(unknown, 3)',
    'r = torch.randperm(unknown)',
  ])('%s', (text) => {
    expect(own(`${text}\nknown = 1`).text('r')).toBeNull();
  });
});

describe('what has no end', () => {
  test.each([
    ['a part of itself', 's = Subset([1], [0])\ns.dataset = s\nr = s[0]', /RecursionError/],
    [
      'parts of itself',
      'c = ConcatDataset([[1]])\nc.datasets.append(c)\nr = len(c)',
      /RecursionError/,
    ],
    [
      'a sample in itself',
      's = []\ns.append(s)\nr = list(DataLoader([s], batch_size=None))',
      /samples/,
    ],
    ['a draw from many', 'r = random.sample(range(10**12), 3)', /a draw from/],
    ['an order of many', 'r = list(RandomSampler(range(10**12)))', /steps/],
  ])('%s is not known', (_name, text, reason) => {
    const { stops } = own(text);
    expect(stops.map((stop) => stop.reason).join()).toMatch(reason);
  });
});
