/**
 * Spellings of a right evaluation that must be followed to its score, and of a wrong one beside it.
 */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const HEAD = `import contextlib, functools, glob, math, os
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
SEQ = int(os.environ.get("SEQ_LEN", 1024))
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
rows = (len(tokens) - 1) // SEQ
n = rows * SEQ
mute = [sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)]
def size_of(i):
    if mute[i]:
        return 0
    return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
def led(i):
    return sp.id_to_piece(i).startswith("▁")
base = np.array([size_of(i) for i in range(V)])
lead = np.array([led(i) for i in range(V)])
quiet = np.array(mute)
def nats_of(x, y):
    return F.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y), reduction="sum").item()
def bytes_of(x, y):
    return int((base[y] + (lead[y] & ~quiet[x])).sum())
`;

const RIGHT: Readonly<Record<string, string>> = {
  'a generator that chooses by match': `
def plan(config):
    match config:
        case {"mode": "rows", "seq": seq} if seq > 0:
            for row in range(rows):
                yield row * seq, (row + 1) * seq
        case {"mode": other}:
            raise SystemExit(other)
nats, size = 0.0, 0
for a, b in plan({"mode": "rows", "seq": SEQ}):
    x, y = tokens[a:b], tokens[a + 1 : b + 1]
    nats += nats_of(x, y)
    size += bytes_of(x, y)
print(f"val_bpb:{nats / math.log(2) / size}")
`,
  'a context manager that gives a pair': `
@contextlib.contextmanager
def group():
    yield 0, 1
with group() as (rank, world):
    nats, size = 0.0, 0
    for row in range(rank, rows, world):
        x, y = tokens[row * SEQ : (row + 1) * SEQ], tokens[row * SEQ + 1 : (row + 1) * SEQ + 1]
        nats += nats_of(x, y)
        size += bytes_of(x, y)
    if rank == 0:
        print(f"val_bpb:{nats / math.log(2) / size}")
`,
  'bytes by a cached function of two ids': `
@functools.cache
def pair_bytes(before, target):
    return size_of(target) + int(led(target) and not mute[before])
x, y = tokens[:n], tokens[1 : n + 1]
size = sum(pair_bytes(a, b) for a, b in zip(x.tolist(), y.tolist()))
print(f"val_bpb:{nats_of(x, y) / math.log(2) / size}")
`,
  'a dictionary of bytes, and a space that is added to them': `
sizes = {i: size_of(i) for i in range(V)}
x, y = tokens[:n], tokens[1 : n + 1]
size = 0
for a, b in zip(x.tolist(), y.tolist()):
    own = sizes[b]
    if led(b) and not mute[a]:
        own += 1
    size += own
print(f"val_bpb:{nats_of(x, y) / math.log(2) / size}")
`,
  'losses of a table of pairs, added up by fsum': `
ids = np.arange(V)
partition = np.log(np.exp(2 * np.sin(ids[:, None] - ids)).sum(1)).tolist()
x, y = tokens[:n], tokens[1 : n + 1]
pairs = list(zip(x.tolist(), y.tolist()))
nats = math.fsum(partition[a] - 2 * math.sin(a - b) for a, b in pairs)
print(f"val_bpb:{nats / math.log(2) / bytes_of(x, y)}")
`,
  'a table by np.select, texts and counts of arrays, kept in a file': `
pieces = np.array([sp.id_to_piece(i) for i in range(V)])
marked = np.char.startswith(pieces, "▁")
single = np.fromiter(map(sp.is_byte, range(V)), bool, V)
utf8 = np.array([len(s) for s in np.char.encode(pieces, "utf-8")])
if not os.path.exists("table.npy"):
    np.save("table.npy", np.select([quiet, single, marked], [0, 1, utf8 - 3], default=utf8))
table = np.load("table.npy")
x, y = tokens[:n], tokens[1 : n + 1]
size = table[y].sum() + np.count_nonzero(marked[y] & ~quiet[x])
print(f"val_bpb:{nats_of(x, y) / math.log(2) / size}")
`,
  'a model that flattens by sizes of its logits': `
class Bigram(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(V, V)
    def forward(self, idx, targets):
        logits = self.table(idx)
        B, T, C = logits.shape
        loss = F.cross_entropy(logits.view(B * T, C), targets.view(B * T), reduction="none")
        return logits, loss.view(B, T)
bigram, nats, size = Bigram(), 0.0, 0
x, y = tokens[:n].reshape(rows, SEQ), tokens[1 : n + 1].reshape(rows, SEQ)
for a in range(0, rows, 8):
    _, loss = bigram(torch.from_numpy(x[a : a + 8]), torch.from_numpy(y[a : a + 8]))
    nats += loss.double().sum().item()
    size += bytes_of(x[a : a + 8], y[a : a + 8])
print(f"val_bpb:{nats / math.log(2) / size}")
`,
  'shards joined as bytes, documents in the order of a heap, sums that are sent': `
import heapq
joined = bytearray(b"".join(open(name, "rb").read()[1024:] for name in names))
stream = torch.frombuffer(joined, dtype=torch.uint16).long().numpy()
begins = np.flatnonzero(stream == sp.bos_id()).tolist() + [len(stream) - 1]
heap = [(a - b, a, b) for a, b in zip(begins, begins[1:])]
heapq.heapify(heap)
def added():
    nats, size = 0.0, 0
    while True:
        more = yield nats, size
        nats, size = nats + more[0], size + more[1]
sums = added()
next(sums)
while heap:
    _, a, b = heapq.heappop(heap)
    x, y = stream[a:b], stream[a + 1 : b + 1]
    nats, size = sums.send((nats_of(x, y), bytes_of(x, y)))
print(f"val_bpb:{nats / math.log(2) / size}")
`,
  'a model that gives its logits and a mean loss': `
nats, size = torch.zeros(rows), 0
for row in range(rows):
    x, y = tokens[row * SEQ : (row + 1) * SEQ], tokens[row * SEQ + 1 : (row + 1) * SEQ + 1]
    logits, loss = model(torch.from_numpy(x)[None], torch.from_numpy(y)[None])
    nats[row] = loss.item() * SEQ
    size += bytes_of(x, y)
print(f"val_bpb:{nats.sum().item() / math.log(2) / size}")
`,
  'labels that are the ids, of which the model takes the next': `
nats, size = 0.0, 0
for row in range(rows):
    ids = torch.from_numpy(tokens[row * SEQ : (row + 1) * SEQ + 1])[None]
    outputs = model(input_ids=ids, labels=ids)
    nats += outputs.loss.item() * (ids.size(1) - 1)
    size += bytes_of(tokens[row * SEQ : (row + 1) * SEQ], tokens[row * SEQ + 1 : (row + 1) * SEQ + 1])
print(f"val_bpb:{nats / math.log(2) / size}")
`,
  'batches that a thread prepares': `
def batch(row):
    return tokens[row * SEQ : (row + 1) * SEQ], tokens[row * SEQ + 1 : (row + 1) * SEQ + 1]
nats, size = 0.0, 0
with ThreadPoolExecutor(2) as pool:
    futures = [pool.submit(batch, row) for row in range(rows)]
    for future in futures:
        x, y = future.result()
        nats += nats_of(x, y)
        size += bytes_of(x, y)
print(f"val_bpb:{nats / math.log(2) / size}")
`,
};

const verdictsOf = async (text: string) =>
  (await auditSourceText(text, 'eval.py', simulate)).parts.map(({ verdict }) => verdict);

describe('an evaluation that is right', () => {
  for (const [name, text] of Object.entries(RIGHT)) {
    test(name, async () => {
      expect(await verdictsOf(HEAD + text)).toEqual(Array(5).fill('pass'));
    });
  }
});

const SCORED = `
scores = np.full(n, np.nan)
sizes = []
for row in range(rows):
    x, y = tokens[row * SEQ : (row + 1) * SEQ], tokens[row * SEQ + 1 : (row + 1) * SEQ + 1]
    part = scores[row * SEQ : (row + 1) * SEQ]
    fresh = np.isnan(part)
    nll = F.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y), reduction="none")
    part[fresh] = nll.double().cpu().numpy()[fresh]
    sizes.append(torch.tensor(float(bytes_of(x, y))).clamp_min(1))
assert np.isfinite(scores).all() and not np.isinf(scores).any()
print(f"val_bpb:{scores.sum() / math.log(2) / torch.stack(sizes).double().sum().item()}")
`;

describe('places that are not scored yet', () => {
  test('are told from losses, which are finite numbers', async () => {
    expect(await verdictsOf(HEAD + SCORED)).toEqual(Array(5).fill('pass'));
  });
  test('a clamp that no count reaches changes nothing', async () => {
    const far = SCORED.replace('clamp_min(1)', 'clamp_min(80)');
    expect(await verdictsOf(HEAD + far)).not.toEqual(Array(5).fill('pass'));
  });
});

describe('characters in place of bytes', () => {
  const counted = (size: string) => `
nats = sum(nats_of(tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]) for a in range(0, n, SEQ))
documents, own = [], []
for t in tokens[: n + 1].tolist():
    if t == sp.bos_id() and own:
        documents.append(own)
        own = []
    own.append(t)
documents.append(own)
size = ${size}
print(f"val_bpb:{nats / math.log(2) / size}")
`;
  test.each([
    'sum(len(sp.decode(d[1:])) for d in documents)',
    'sum(len(sp.decode(d)) for d in documents)',
  ])('%s', async (size) => {
    const { findings } = await auditSourceText(HEAD + counted(size), 'eval.py', simulate);
    expect(findings.map(({ check, severity }) => `${check} ${severity}`)).toEqual([
      'wrong-bytes fail',
    ]);
    expect(findings[0]!.explanation).toMatch(/characters of the text/);
  });
  test('their bytes are right', async () => {
    const size = 'sum(len(sp.decode(d).encode("utf-8")) for d in documents)';
    expect(await verdictsOf(HEAD + counted(size))).toEqual(Array(5).fill('pass'));
  });
});

describe('the same with a mistake', () => {
  test.each([
    ['a dictionary of bytes, and a space that is added to them', 'own += 1', 'own += 2'],
    ['bytes by a cached function of two ids', 'and not mute[before]', ''],
    [
      'a table by np.select, texts and counts of arrays, kept in a file',
      '[0, 1, utf8 - 3]',
      '[0, 1, utf8]',
    ],
    ['losses of a table of pairs, added up by fsum', 'bytes_of(x, y)', 'bytes_of(x[9:], y[9:])'],
  ])('%s: %s is %s', async (name, right, wrong) => {
    const text = RIGHT[name]!;
    expect(text).toContain(right);
    expect(await verdictsOf(HEAD + text.replace(right, wrong))).toContainEqual(
      expect.stringMatching(/fail|warn/),
    );
  });
});
