/** Evaluations whose bytes are in the sidecar alone, by several ranks. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const script = (rows: string, reduced: string) => `import glob, math, os
import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
dist.init_process_group("nccl")
rank, world = dist.get_rank(), dist.get_world_size()
SEQ = int(os.environ.get("SEQ_LEN", 1024))
DATA = "data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved/"
def read(pattern):
    files = sorted(glob.glob(DATA + pattern))
    if not files:
        raise SystemExit(f"no {pattern}")
    return torch.from_numpy(np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64))
tokens, sizes = read("fineweb_val_[0-9]*.bin"), read("fineweb_val_bytes_*.bin")
assert len(tokens) == len(sizes)
rows = (len(tokens) - 1) // SEQ
nats, size, count = (torch.zeros((), dtype=torch.float64) for _ in range(3))
for k in ${rows}:
    a = k * SEQ
    x, y = tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]
    nats += F.cross_entropy(model(x[None])[0], y, reduction="sum").double()
    size += sizes[a + 1 : a + SEQ + 1].sum()
    count += SEQ
for total in ${reduced}:
    dist.all_reduce(total)
print(f"val_loss:{(nats / count).item():.8f} val_bpb:{(nats / math.log(2) / size).item():.8f}")
`;

const checks = async (rows: string, reduced: string) =>
  (await auditSourceText(script(rows, reduced), 'eval.py', simulate)).findings.map(
    ({ check, severity }) => `${check} ${severity}`,
  );

describe('bytes of a sidecar, by eight ranks', () => {
  const ALL = '(nats, size, count)';
  test('added up are right', async () => {
    expect(await checks('range(rank, rows, world)', ALL)).toEqual([]);
  });
  test.each(['(nats, count)', '(size, count)', '()'])('of %s alone are not', async (reduced) => {
    expect(await checks('range(rank, rows, world)', reduced)).toContain('not-reduced fail');
  });
  test('leave out a remainder', async () => {
    const share = 'range(rank * (rows // world), (rank + 1) * (rows // world))';
    expect(await checks(share, ALL)).toEqual(['rank-remainder warn']);
  });
});
