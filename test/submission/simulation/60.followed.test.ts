/** Ways of counting that a run follows: by functions of two tokens, in classes of containers, over batches by number. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const BEGIN = `import math, glob, functools
from typing import NamedTuple
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
files = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = torch.from_numpy(np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64))
SEQ_LEN = 1024
BATCH = 4
MOST = 500
class Span(NamedTuple):
    start: int
    end: int
def silent(i): return sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
class Table(dict):
    def __init__(self, n): super().__init__((i, self.own(i)) for i in range(n))
    def own(self, i):
        if silent(i): return 0
        return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
    def pair(self, before, target):
        space = not silent(target) and sp.id_to_piece(target).startswith("▁")
        return self[target] + (space and not silent(before))
table = Table(sp.vocab_size())
cached = functools.lru_cache(maxsize=None)(table.pair)
nats, size, count, seen = 0.0, 0, 0, []
rows = (len(tokens) - 1) // SEQ_LEN
`;

/** The loop over batches of rows, and what it prints. */
const loop = (first: string, counted: string, printed: string, range = 'range(0, rows, BATCH)') =>
  `${BEGIN}for k in ${range}:
    ${first}
    span = Span(k * SEQ_LEN, min(k + BATCH, rows) * SEQ_LEN)
    x, y = tokens[span.start : span.end], tokens[span.start + 1 : span.end + 1]
    loss = F.cross_entropy(model(x), y, reduction="sum").item()
    own = ${counted}
    nats, size, count = nats + loss, size + own, count + len(y)
    seen.append(loss / math.log(2) / own)
${printed}
`;
const PAIRS = 'sum(cached(a, b) for a, b in zip(x.tolist(), y.tolist()))';
const SCORE = 'print(f"val_bpb:{nats / math.log(2) / size:.8f}")';

const audited = async (script: string) => {
  const { parts, findings } = await auditSourceText(script, 'train.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};

describe('bytes by functions of tokens', () => {
  test('are those of the rule, cached or not', async () => {
    const right = { verdicts: ['pass', 'pass', 'pass', 'pass', 'pass'], checks: [] };
    expect(await audited(loop('pass', PAIRS, SCORE))).toEqual(right);
    expect(await audited(loop('pass', PAIRS.replace('cached', 'table.pair'), SCORE))).toEqual(
      right,
    );
  });

  test('are wrong where the space is left out', async () => {
    const found = await audited(loop('pass', 'sum(table[b] for b in y.tolist())', SCORE));
    expect(found.checks).toContain('space-not-counted fail');
  });
});

describe('figures that are printed', () => {
  test('as an average over batches', async () => {
    const mean =
      'print("val_bpb", round(functools.reduce(lambda a, b: 0.9 * a + 0.1 * b, seen), 6))';
    expect((await audited(loop('pass', PAIRS, mean))).checks).toContain('mean-of-means fail');
  });

  test('as a product with a stated number of bytes', async () => {
    const stated = 'print(f"val_bpb:{nats / count / math.log(2) * 0.4105:.6f}")';
    expect((await audited(loop('pass', PAIRS, stated))).checks).toContain('bytes-per-token fail');
  });
});

describe('parts of the set', () => {
  test('a limit of the number of a batch', async () => {
    const limited = await audited(loop('if k // BATCH >= MOST: break', PAIRS, SCORE));
    expect(limited.checks).toContain('truncated-set fail');
  });

  test('a whole row at the end, in a loop whose rows no model is asked for', async () => {
    const found = await audited(loop('pass', PAIRS, SCORE, 'range(0, rows - BATCH, BATCH)'));
    expect(found.checks).toContain('tail-not-scored warn');
  });
});
