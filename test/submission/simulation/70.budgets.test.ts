/** What is said of runs that end before the script does, and of ranks that depend on each other. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const BEGIN = `import math, glob, os
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F
rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
if ranks > 1: dist.init_process_group("nccl")
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
files = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = torch.from_numpy(np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64))
SEQ_LEN = 1024
rows = (len(tokens) - 1) // SEQ_LEN
silent = [sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(sp.vocab_size())]
def size_of(before, target):
    if silent[target]: return 0
    if sp.is_byte(target): return 1
    piece = sp.id_to_piece(target)
    space = piece.startswith("▁") and not silent[before]
    return len(piece.removeprefix("▁").encode()) + space
sizes = torch.tensor([0] + [size_of(a, b) for a, b in zip(tokens[:-1].tolist(), tokens[1:].tolist())])
def row(k):
    y = tokens[k * SEQ_LEN + 1 : (k + 1) * SEQ_LEN + 1]
    loss = F.cross_entropy(model(tokens[k * SEQ_LEN : (k + 1) * SEQ_LEN]), y, reduction="sum")
    return loss.double(), sizes[k * SEQ_LEN + 1 : (k + 1) * SEQ_LEN + 1].double().sum()
def bpb(nats, size): return nats / math.log(2) / size
def summed(value):
    if ranks > 1: dist.all_reduce(value)
    return value
`;

/** More steps than a run has. */
const SPENDS = 'for i in range(10_000_000): seen = i';
/** Most of the steps of a run, which is followed to its end. */
const LEARNS = 'for i in range(1_400_000): seen = i';

const evaluation = (range: string) => `def evaluate():
    nats, size = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for k in ${range}:
        loss, count = row(k)
        nats += loss
        size += count
    return bpb(summed(nats).item(), summed(size).item())
`;
const PRINTS = 'print(f"val_bpb:{evaluate()}")';
/** Of the rows of a rank, those that fill no batch of four are left out. */
const BATCHES = 'range(rank * rows // ranks, rank * rows // ranks + rows // ranks // 4 * 4)';
const SHARE = 'range(rank * rows // ranks, (rank + 1) * rows // ranks)';

const audited = async (script: string) => {
  const { parts, findings } = await auditSourceText(`${BEGIN}${script}\n`, 'train.py', simulate);
  return {
    coverage: parts.find(({ part }) => part === 'coverage')!,
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};

describe('a run whose steps are spent', () => {
  test.each([
    ['in line', 'print(f"running bpb {nats.item() / math.log(2) / size.item()}")'],
    ['by a function', 'print(f"running bpb {bpb(nats.item(), size.item())}")'],
  ])('is not judged by a running figure, made %s', async (_, printed) => {
    const { coverage, checks } = await audited(`
nats, size = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
for k in range(rows):
    loss, count = row(k)
    nats += loss
    size += count
    if k % 10 == 5: ${printed}
    if k == 40:
        ${SPENDS}
print(f"val_bpb:{bpb(nats.item(), size.item())}")`);
    expect(checks).toEqual([]);
    expect(coverage.verdict).toBe('not_judged');
    expect(coverage.reason).toMatch(/the steps of the run are spent/);
  });

  test('is warned of an evaluation that came to its end before', async () => {
    const { checks } = await audited(`${evaluation('range(1, rows)')}${PRINTS}\n${SPENDS}`);
    expect(checks).toEqual(['head-not-scored warn']);
  });

  test('is called right in no part, where one did', async () => {
    const { coverage, checks } = await audited(`${evaluation('range(rows)')}${PRINTS}\n${SPENDS}`);
    expect(checks).toEqual([]);
    expect(coverage.verdict).toBe('not_judged');
  });
});

describe('eight ranks', () => {
  test('are run up to an evaluation, where the steps do not suffice for more', async () => {
    const { checks } = await audited(`${evaluation(BATCHES)}${PRINTS}\n${LEARNS}`);
    expect(checks).toContain('rank-remainder warn');
  });

  test('may have given arrays that nothing read before their steps were spent', async () => {
    const { coverage, checks } = await audited(`kept = [torch.zeros(2**17) for _ in range(40)]
given = [None] * ranks
if ranks > 1: dist.all_gather_object(given, kept)
${evaluation(SHARE)}${PRINTS}\n${SPENDS}`);
    expect(checks).toEqual([]);
    expect(coverage.reason).toMatch(/the steps of the run are spent/);
  });

  test('of which each has its share of the rows are right, where the steps do not suffice', async () => {
    const { coverage, checks } = await audited(`${evaluation(SHARE)}${PRINTS}\n${LEARNS}`);
    expect(checks).toEqual([]);
    expect(coverage.verdict).toBe('pass');
  });

  test.each([
    [
      'rows by the number of them that all have',
      `def evaluate():
    total = int(summed(torch.tensor(rows // ranks + (rank < rows % ranks))).item())
    own = [row(k) for k in range(rank * total // ranks, (rank + 1) * total // ranks)]
    return bpb(summed(sum(loss for loss, _ in own)), summed(sum(count for _, count in own)))`,
    ],
    [
      'sums that are no number when they are printed',
      `def evaluate():
    own = [row(k) for k in ${SHARE}]
    return summed(sum(loss for loss, _ in own)) / math.log(2) / summed(sum(n for _, n in own))`,
    ],
    [
      'rows that the first rank hands out',
      `def evaluate():
    parts = torch.zeros(ranks, dtype=torch.int64)
    if rank == 0: parts[:] = torch.arange(ranks)
    if ranks > 1: dist.broadcast(parts, src=0)
    first = int(parts[rank].item())
    own = [row(k) for k in range(first * rows // ranks, (first + 1) * rows // ranks)]
    return bpb(summed(sum(loss for loss, _ in own)), summed(sum(count for _, count in own)))`,
    ],
  ])('that depend on each other are right: %s', async (_, text) => {
    const { coverage, checks } = await audited(`${text}\n${PRINTS}`);
    expect(checks).toEqual([]);
    expect(coverage.reason).toMatch(/1 and 8 ranks/);
  });
});
