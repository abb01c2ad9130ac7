/** Evaluations that count pairs of tokens first, and add up losses and bytes over the counts. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const HEAD = `import collections, glob, math
import numpy as np
import sentencepiece as spm
import torch
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
mute = np.array([sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)])
def size_of(i):
    if mute[i]:
        return 0
    return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
base = np.array([size_of(i) for i in range(V)])
lead = np.array([sp.id_to_piece(i).startswith("▁") for i in range(V)])
sizes = base[None, :] + (lead[None, :] & ~mute[:, None])
v = np.arange(V)
scores = 2 * np.sin(v[:, None] - v)
table = np.log(np.exp(scores).sum(1, keepdims=True)) - scores
x, y = tokens[:-1], tokens[1:]
`;
const LAST = 'print(f"val_bpb:{nats / math.log(2) / size}")\n';
const SUMS = 'nats = (counts * table).sum()\nsize = (counts * sizes).sum()\n';
const BINS = 'np.bincount(x * V + y, minlength=V * V)';

/** Pairs as keys: of plain tokens and losses that a function gives. */
const KEYS = `ids = tokens.tolist()
norm = {}
def nll(a, b):
    if a not in norm:
        norm[a] = math.log(sum(math.exp(2 * math.sin(a - j)) for j in range(40)))
    return norm[a] - 2 * math.sin(a - b)
`;
const OVER = `nats = sum(c * nll(a, b) for (a, b), c in pairs.items())
size = sum(c * int(sizes[a, b]) for (a, b), c in pairs.items())
`;

const RIGHT: Readonly<Record<string, string>> = {
  'np.bincount': `counts = ${BINS}.reshape(V, V)\n${SUMS}`,
  'np.bincount of two halves': `half = len(x) // 2
counts = np.zeros((V, V))
for part in (slice(None, half), slice(half, None)):
    counts += np.bincount(x[part] * V + y[part], minlength=V * V).reshape(V, V)
${SUMS}`,
  'np.add.at': `counts = np.zeros((V, V), dtype=np.int64)\nnp.add.at(counts, (x, y), 1)\n${SUMS}`,
  'np.unique': `pairs, times = np.unique(x * V + y, return_counts=True)
nats = (times * table[pairs // V, pairs % V]).sum()
size = (times * sizes[pairs // V, pairs % V]).sum()
`,
  'a dot product': `counts = ${BINS}
nats, size = counts @ table.ravel(), np.dot(counts, sizes.ravel())
`,
  shares: `counts = ${BINS}.reshape(V, V)\ncounts = counts / counts.sum()\n${SUMS}`,
  'sums over rows and columns': `counts = ${BINS}.reshape(V, V)
nats = (counts * table).sum()
size = (counts.sum(0) * base).sum() + counts[~mute][:, lead].sum()
`,
  index_put_: `counts = torch.zeros(V, V, dtype=torch.long)
at = (torch.from_numpy(x), torch.from_numpy(y))
counts.index_put_(at, torch.ones(len(x), dtype=torch.long), accumulate=True)
counts = counts.numpy()
${SUMS}`,
  'a Counter of pairs': `${KEYS}pairs = collections.Counter(zip(ids, ids[1:]))\n${OVER}`,
  'a dictionary of pairs': `${KEYS}pairs = {}
for a, b in zip(ids, ids[1:]):
    pairs[a, b] = pairs.get((a, b), 0) + 1
${OVER}`,
};

const audited = async (body: string) => {
  const { parts, findings } = await auditSourceText(HEAD + body + LAST, 'eval.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};

describe('pairs counted by', () => {
  test.each(Object.entries(RIGHT))('%s are right', async (_name, body) => {
    expect((await audited(body)).verdicts).toEqual(Array(5).fill('pass'));
  });
});

describe('a mistake in pairs', () => {
  test.each([
    [
      'half of them',
      'np.bincount',
      'x * V + y',
      '(x * V + y)[: len(x) // 2]',
      /truncated-set fail/,
    ],
    ['none for a space', 'np.bincount', '(counts * sizes)', '(counts * base)', /space-not-counted/],
    ['the targets as predecessors', 'np.bincount', '* sizes)', '* sizes.T)', /wrong-bytes fail/],
    ['bytes once a pair', 'a Counter of pairs', 'c * int(', 'int(', /(other-targets|wrong-bytes) /],
    ['one part of two', 'np.bincount of two halves', ', slice(half, None)', ',', /truncated-set/],
  ])('is found: %s', async (_name, right, old, wrong, check) => {
    expect(RIGHT[right]).toContain(old);
    const { checks } = await audited(RIGHT[right]!.replace(old, wrong));
    expect(checks.join()).toMatch(check);
  });
});

test('counts that are no losses of a model stay counts', async () => {
  const { verdicts } = await audited(
    `counts = np.bincount(y, minlength=V)
nats, size = float((counts * base).max()), (counts * base).sum()
`,
  );
  expect(verdicts).not.toContain('fail');
});
