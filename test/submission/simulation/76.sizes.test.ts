/** Rows and batches whose lengths no name shows: the set is made larger until it has several of them. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const script = (loop: string) => `import glob, math
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
L, B = 2048, 8
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
def silent(i): return sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
def width(i): return 0 if silent(i) else 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
V = range(sp.vocab_size())
base = torch.tensor([width(i) for i in V])
quiet = torch.tensor([silent(i) for i in V])
lead = torch.tensor([not silent(i) and sp.id_to_piece(i).startswith("▁") for i in V])
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = torch.from_numpy(np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in names]).astype(np.int64))
n = (len(tokens) - 1) // L
nats, size = 0.0, 0
${loop}print(f"val_bpb:{nats / math.log(2) / size:.8f}")
`;

const RIGHT = `for r in range(0, n, B):
    e = min(r + B, n)
    x, y = tokens[r * L : e * L].view(-1, L), tokens[r * L + 1 : e * L + 1].view(-1, L)
    nats += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    size += (base[y] + (lead[y] & ~quiet[x])).sum().item()
`;

const checks = async (loop: string) =>
  (await auditSourceText(script(loop), 'eval.py', simulate)).findings.map(
    ({ check, severity }) => `${check} ${severity}`,
  );

describe('batches of 8 rows of 2,048 tokens', () => {
  test('all of them are right', async () => {
    expect(await checks(RIGHT)).toEqual([]);
  });

  test.each([
    ['the first alone', RIGHT.replace(/$/, '    break\n'), 'truncated-set fail'],
    ['every second', RIGHT.replace(', n, B)', ', n, 2 * B)'), 'truncated-set fail'],
    ['the bytes of the last', RIGHT.replace('size +=', 'size ='), 'wrong-bytes fail'],
    [
      'means of batches',
      `means = []\n${RIGHT.replace('nats +=', 'means.append(').replace('"sum").item()', '"mean").item())')}nats = np.mean(means) * n * L\n`,
      'mean-of-means warn',
    ],
    ['whole batches', RIGHT.replace(', n, B)', ', n // B * B, B)'), 'tail-not-scored warn'],
  ])('%s', async (_, loop, found) => {
    expect(await checks(loop)).toContain(found);
  });
});
