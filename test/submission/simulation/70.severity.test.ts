/** How grave a finding is: by what becomes of it on a set of full size. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import type { SmallSet } from '#bpb/submission/simulation/types';
import { auditSourceText } from '#bpb/submission/source/audit';
import { both, checks, LONG, last, SHORT, said } from '../judged.js';
import { rows, trialOf, type Window } from '../trials.js';

const RANKS = `import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F
SEQ_LEN = 1024
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
dist.init_process_group("gloo")
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
rows = (len(tokens) - 1) // SEQ_LEN
def evaluate():
    nats, size = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for k in range(rows * rank // world, rows * (rank + 1) // world):
        a = k * SEQ_LEN
        x, y = tokens[a : a + SEQ_LEN], tokens[a + 1 : a + SEQ_LEN + 1]
        nats += F.cross_entropy(model(x[None])[0], y, reduction="none").double().sum()
        size += (base[y] + (lead[y] & ~quiet[x])).sum()
    return nats, size
nats, size = evaluate()
`;
const SUMS = `dist.all_reduce(nats)
dist.all_reduce(size)
print(f"val_bpb:{nats.item() / math.log(2) / size.item():.8f}")
`;
const MEAN = `own = nats / math.log(2) / size
dist.all_reduce(own)
print(f"val_bpb:{own.item() / WORLD:.8f}")
`;
const GATHERED = `own, all = nats.item() / math.log(2) / size.item(), [None] * world
dist.all_gather_object(all, own)
print("val_bpb", sum(all) / len(all))
`;
const BATCHES = `ratios, sizes = [], []
for k in range(0, rows, 7):
    x = tokens[k * SEQ_LEN : min(k + 7, rows) * SEQ_LEN]
    y = tokens[k * SEQ_LEN + 1 : min(k + 7, rows) * SEQ_LEN + 1]
    own = (base[y] + (lead[y] & ~quiet[x])).sum().item()
    ratios.append(F.cross_entropy(model(x), y, reduction="sum").item() / math.log(2) / own)
    sizes.append(len(y))
print(f"val_bpb:{np.average(ratios, weights=sizes):.8f}")
`;

const audited = async (end: string) => {
  const { findings } = await auditSourceText(RANKS + end, 'train.py', simulate);
  return findings.map(({ check, severity }) => `${check} ${severity}`);
};

describe('scores of ranks', () => {
  test('made of sums over all ranks', async () => {
    expect(await audited(SUMS)).toEqual([]);
  });

  test.each([
    ['divided by their number', MEAN.replace('WORLD', 'world')],
    ['gathered', GATHERED],
  ])('of which the mean is printed, %s', async (_, end) => {
    expect(await audited(end)).toEqual(['mean-of-means fail']);
  });

  test('of which the sum is printed', async () => {
    expect(await audited(MEAN.replace('WORLD', '1'))).toContain('not-reduced fail');
  });
});

describe('weights of batches', () => {
  const weighted = (weight: (batch: number, batches: number) => number) => (set: SmallSet) =>
    rows(set).map(([from, to], i, all): Window => [from, to, weight(i, all.length)]);

  test('that fall with each batch, so that the last ones are most of the score', () => {
    const decaying = weighted((i, n) => (i === 0 ? 1 : 0.1) * 0.9 ** (n - 1 - i));
    expect(checks(both(decaying))).toEqual(['mean-of-means fail']);
  });

  test('of which that of the last alone is another', () => {
    const twoThirds = weighted((i, n) => (i === n - 1 ? 1.5 : 1));
    expect(checks(both(twoThirds))).toEqual(['mean-of-means warn']);
  });
});

describe('gaps', () => {
  const spaced = (distance: number, length: number) => (set: SmallSet) =>
    rows(set, distance, false).map(([from, to]): Window => [from, Math.min(to, from + length - 1)]);

  test('of one target of each row, however few of the set they are', () => {
    expect(checks(both(spaced(241, 240)))).toEqual(['truncated-set fail']);
    const short = [trialOf({ set: SHORT, windows: spaced(129, 128)(SHORT) })];
    expect(checks(short)).toEqual(['truncated-set fail']);
    expect(said(short)[0]).toMatch(/1 of every 129/);
  });

  test('of every tenth row, of which a few stated rows show none', async () => {
    const skipped = 'rows * (rank + 1) // world):\n        if k % 10 == 9: continue\n';
    const script = RANKS.replace('rows * (rank + 1) // world):\n', skipped) + SUMS;
    const { findings } = await auditSourceText(script, 'train.py', simulate);
    const [first] = findings;
    expect([first?.check, first?.severity]).toEqual(['truncated-set', 'fail']);
    expect(first?.explanation).toMatch(/32 of every 320/);
  });

  test('of rows at uneven distances', () => {
    const lost = (set: SmallSet) => rows(set).filter((_, i) => i % 5 !== 1 && i % 7 !== 3);
    expect(checks(both(lost))).toEqual(['truncated-set fail']);
  });

  test('as many in a longer set', () => {
    const two = (set: SmallSet): Window[] => [
      [1, 700],
      [702, 1_100],
      [1_102, last(set)],
    ];
    expect(checks(both(two))).toEqual(['gap-not-scored warn']);
  });
});

test('bytes of whole windows, of which only the last stride is scored', () => {
  const windows = (set: SmallSet) => rows(set, 16, false);
  const counted = (set: SmallSet) =>
    windows(set).map(([, to]): Window => [Math.max(1, to - 63), to]);
  const trials = [SHORT, LONG].map((set) =>
    trialOf({ set, windows: windows(set), counted: counted(set) }),
  );
  expect(checks(trials)).toEqual(['other-targets fail']);
  expect(said(trials)[0]).toMatch(/counted 4 times as often/);
});

describe('figures that are made of scores', () => {
  test('as an average with that of an earlier step', async () => {
    const before = 'before = nats.item() / math.log(2) / size.item()\nnats, size = evaluate()\n';
    const printed = SUMS.replace('val_bpb:{', 'val_bpb:{0.9 * before + 0.1 * ');
    expect(await audited(before + printed)).toContain('mean-of-means fail');
  });

  test('as one of batches, by the library', async () => {
    expect(await audited(BATCHES)).toEqual(['mean-of-means fail']);
  });
});
