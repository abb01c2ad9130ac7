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

/** The losses of a model in rows, and bytes of what was counted in plain Python. */
const ROWS = `from collections import Counter, defaultdict
import glob, math
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tok = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
plain, space, start = np.zeros(V, int), np.zeros(V, bool), np.zeros(V, bool)
for i in range(V):
    if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
        start[i] = True
    elif sp.is_byte(i):
        plain[i] = 1
    else:
        s = sp.id_to_piece(i)
        space[i] = s[:1] == "▁"
        plain[i] = len((s[1:] if space[i] else s).encode())
def bytes_of(x, y):
    return plain[y] + (space[y] & ~start[x])
model = torch.load("model.pt")
n = len(tok) - 1
nats = 0.0
for a in range(0, n, 256):
    ids = torch.from_numpy(tok[a : a + 257])
    nats += F.cross_entropy(model(ids[:-1]), ids[1:], reduction="sum").item()
xs, ys = tok[:-1].tolist(), tok[1:].tolist()
`;
const TIMES = 'size = sum(k * int(bytes_of(x, y)) for (x, y), k in pairs.items())\n';
const SPACES = ' + int((space[ys] & ~start[xs]).sum())\n';

/** All without a mistake; of pairs in `pairs`, or of targets alone. */
const HISTOGRAMS: Readonly<Record<string, string>> = {
  Counter: `pairs = Counter(zip(xs, ys))\n${TIMES}`,
  'Counter, one by one': `pairs = Counter()
for p in zip(xs, ys):
    pairs[p] += 1
${TIMES}`,
  'a dictionary with get': `pairs = {}
for p in zip(xs, ys):
    pairs[p] = pairs.get(p, 0) + 1
${TIMES}`,
  'a dictionary that is asked first': `pairs = {}
for p in zip(xs, ys):
    if p in pairs:
        pairs[p] += 1
    else:
        pairs[p] = 1
${TIMES}`,
  'defaultdict, looked up': `pairs = defaultdict(int)
for x, y in zip(xs, ys):
    pairs[x, y] += 1
size = 0
for x, y in sorted(pairs):
    size += int(bytes_of(x, y)) * pairs[x, y]
`,
  'Counter.update by rows': `pairs = Counter()
for a in range(0, n, 100):
    pairs.update(zip(xs[a : a + 100], ys[a : a + 100]))
${TIMES}`,
  'Counters of halves, added up': `half = n // 2
pairs = Counter(zip(xs[:half], ys[:half])) + Counter(zip(xs[half:], ys[half:]))
${TIMES}`,
  'dictionaries of halves, merged': `half = n // 2
pairs = {}
for part in (Counter(zip(xs[:half], ys[:half])), Counter(zip(xs[half:], ys[half:]))):
    for p, k in part.items():
        pairs[p] = pairs.get(p, 0) + k
${TIMES}`,
  'a dictionary of Counters': `pairs = defaultdict(Counter)
for x, y in zip(xs, ys):
    pairs[x][y] += 1
size = sum(k * int(bytes_of(x, y)) for x, after in pairs.items() for y, k in after.items())
`,
  'one number for a pair': `pairs = Counter(x * V + y for x, y in zip(xs, ys))
size = sum(k * int(bytes_of(p // V, p % V)) for p, k in pairs.items())
`,
  'arrays of keys and counts': `pairs = Counter(zip(xs, ys))
k = np.array(list(pairs.values()))
at = np.array(list(pairs.keys()))
size = (k * bytes_of(at[:, 0], at[:, 1])).sum()
`,
  most_common: `pairs = Counter(zip(xs, ys))
size = 0
for (x, y), k in pairs.most_common():
    size += k * int(bytes_of(x, y))
`,
  'bytes by pair': `pairs = {}
for x, y in zip(xs, ys):
    pairs[x, y] = pairs.get((x, y), 0) + int(bytes_of(x, y))
size = sum(pairs.values())
`,
  'targets alone': `counts = Counter(ys)
size = sum(k * int(plain[t]) for t, k in counts.items())${SPACES}`,
  'bytes kept by pair': `kept = {}
size = 0
for x, y in zip(xs, ys):
    if (x, y) not in kept:
        kept[x, y] = int(bytes_of(x, y))
    size += kept[x, y]
`,
  'a function that keeps what it gave': `def keep(f):
    kept = {}
    def g(*given):
        if given not in kept:
            kept[given] = int(f(*given))
        return kept[given]
    return g
bytes_kept = keep(bytes_of)
size = sum(bytes_kept(x, y) for x, y in zip(xs, ys))
`,
  'places by target': `places = defaultdict(list)
for i, y in enumerate(ys):
    places[y].append(i)
size = sum(len(at) * int(plain[y]) for y, at in places.items())${SPACES}`,
  'targets by id': `counts = defaultdict(int)
for y in ys:
    counts[y] += 1
size = sum(counts[t] * int(plain[t]) for t in range(V))${SPACES}`,
};
const END = 'print(f"val_loss {nats / n:.8f} val_bpb {nats / math.log(2) / size:.8f}")\n';

const ofRows = async (source: string) => {
  const { parts, findings } = await auditSourceText(source, 'eval.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`).join(),
  };
};

describe('bytes of a histogram in plain Python', () => {
  test.each(Object.entries(HISTOGRAMS))('%s: right', async (_name, body) => {
    expect(await ofRows(ROWS + body + END)).toEqual({
      verdicts: Array(5).fill('pass'),
      checks: '',
    });
  });

  const MISTAKES: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'spaces twice',
      '(s[1:] if space[i] else s)',
      '(" " + s[1:] if space[i] else s)',
      /leading-space-twice fail/,
    ],
    ['characters', '.encode())', ')', /wrong-bytes/],
    ['the marker kept', '(s[1:] if space[i] else s)', 's', /kept-marker fail/],
    [
      'no head',
      'tok[:-1].tolist(), tok[1:].tolist()',
      'tok[300:-1].tolist(), tok[301:].tolist()',
      /other-targets/,
    ],
    [
      'no tail',
      'tok[:-1].tolist(), tok[1:].tolist()',
      'tok[:-301].tolist(), tok[1:-300].tolist()',
      /other-targets/,
    ],
    [
      'a shard less',
      'xs, ys = tok[:-1].tolist(), tok[1:].tolist()',
      'cut = np.fromfile(names[0], "<u2", offset=1024).astype(np.int64)\nlast = len(cut)\nxs, ys = tok[: last - 1].tolist(), tok[1:last].tolist()',
      /other-targets fail/,
    ],
  ];
  // Of the six mistakes two for each spelling, so that each is made in five of them.
  const twins = Object.entries(HISTOGRAMS).flatMap(([name, body], i) =>
    MISTAKES.filter((_, at) => at % 3 === i % 3).map(([mistake, old, wrong, check]) => ({
      name,
      body,
      mistake,
      old,
      wrong,
      check,
    })),
  );
  test.each(twins)('$name: $mistake is found', async ({ body, old, wrong, check }) => {
    expect(ROWS).toContain(old);
    const { checks } = await ofRows(ROWS.replace(old, wrong) + body + END);
    expect(checks).toMatch(check);
  });
});
