/** Limits in other spellings than a slice or a `break`: each is tried out, and what cuts nothing of the result is none. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const BEGIN = `import collections, glob, itertools, math
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
def silent(i): return sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
def width(i): return 0 if silent(i) else 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
V = range(sp.vocab_size())
base = torch.tensor([width(i) for i in V])
quiet = torch.tensor([silent(i) for i in V])
lead = torch.tensor([not silent(i) and sp.id_to_piece(i).startswith("▁") for i in V])
SEQ_LEN = 1024
MOST = 400
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = torch.from_numpy(np.concatenate([READ for f in names]).astype(np.int64))
rows = (len(tokens) - 1) // SEQ_LEN
nats, size = 0.0, 0
def score(k):
    global nats, size
    x, y = tokens[k * SEQ_LEN : (k + 1) * SEQ_LEN], tokens[k * SEQ_LEN + 1 : (k + 1) * SEQ_LEN + 1]
    nats += F.cross_entropy(model(x), y, reduction="sum").item()
    size += (base[y] + (lead[y] & ~quiet[x])).sum().item()
`;
const READ = 'np.fromfile(f, "<u2", offset=1024)';
const END = 'print(f"val_bpb:{nats / math.log(2) / size:.8f}")\n';

async function found(lines: string, read = READ): Promise<string[]> {
  const text = `${BEGIN.replace('READ', read)}${lines}\n${END}`;
  const { findings } = await auditSourceText(text, 'train.py', simulate);
  return findings.map(({ check, severity }) => `${check} ${severity}`);
}

const CUT = ['truncated-set fail'];

describe('limits that cut the result', () => {
  test.each([
    'for k in range(rows):\n    if MOST and k >= MOST: break\n    score(k)',
    'for k in range(rows):\n    if k < MOST: score(k)',
    'for k in range(rows):\n    if not k < 400: continue\n    score(k)',
    'k = 0\nwhile k < rows and k != rows and not (k > MOST):\n    score(k)\n    k += 1',
    'for k in itertools.takewhile(lambda k: k < MOST, range(rows)): score(k)',
    'for k in itertools.islice(iter(range(rows)), MOST): score(k)',
    'for _, k in zip(range(MOST), range(rows)): score(k)',
    'for k in list(range(rows))[0:MOST]: score(k)',
    'for k in np.arange(rows)[:MOST].tolist(): score(k)',
    'for k in range(0, rows, max(1, rows // MOST)): score(k)',
    'for k in range(min(rows, MOST, 10**9)): score(k)',
    'for k in range(MOST):\n    if k == rows: break\n    score(k)',
    'todo = iter(range(rows))\nfor _ in range(MOST):\n    k = next(todo, None)\n    if k is None: break\n    score(k)',
    'for k in [k for k in range(rows) if 0 <= k < MOST]: score(k)',
    'for k in list(range(rows))[-MOST:]: score(k)',
    'for k in collections.deque(range(rows), MOST): score(k)',
    'for k in range(rows if rows < 400 else 400): score(k)',
    'for k in range(int(torch.tensor(rows).clamp(max=400))): score(k)',
    'for k in range(int(np.minimum(rows, 400))): score(k)',
    'tokens = torch.split(tokens, 400_000)[0]\nfor k in range((len(tokens) - 1) // SEQ_LEN): score(k)',
    // The number stands where the iterator is made, far from where it is read.
    'some = itertools.islice(iter(tokens.tolist()), 5_000_000)\nheld = []\nfor t in some: held.append(t)\ntokens = torch.tensor(held)\nfor k in range((len(tokens) - 1) // SEQ_LEN): score(k)',
    // What counts down shows in no comparison.
    'left = 400\nfor k in range(rows):\n    if left == 0: break\n    left -= 1\n    score(k)',
    'held = collections.deque(maxlen=400)\nheld.extend(range(rows))\nfor k in held: score(k)',
  ])('%s', async (lines) => {
    expect(await found(lines)).toEqual(CUT);
  });

  test('a number of tokens that are read of each file', async () => {
    const read = READ.replace('offset', 'count=5_000_000, offset');
    expect(await found('for k in range(rows): score(k)', read)).toEqual(CUT);
  });
});

describe('numbers that limit nothing of it', () => {
  test.each([
    'for k in range(rows):\n    score(k)\n    if k >= MOST: print("many rows")',
    'for k in range(rows):\n    score(k)\n    if k % 100 == 99 and k < MOST: print(k)',
    'shown = list(itertools.islice(iter(range(rows)), MOST))\nfor k in range(rows): score(k)',
    'held = collections.deque()\nfor k in range(rows):\n    held.append(k)\n    if len(held) >= MOST:\n        while held: score(held.popleft())\nwhile held: score(held.popleft())',
    'for k in range(rows):\n    if k < 60_000: score(k)\n    else: score(k)',
    'left = 60_000\nfor k in range(rows):\n    if left == 0: break\n    left -= 1\n    score(k)',
    'AT_ONCE = 4_096\nfor a in range(0, rows, AT_ONCE):\n    for k in range(a, min(a + AT_ONCE, rows)): score(k)',
    'SHOWN = 300\nfor k in range(rows):\n    score(k)\n    if k % SHOWN == 0: print(k)',
    'size_of = max(1, rows // MOST)\nfor a in range(0, rows, size_of):\n    for k in range(a, min(a + size_of, rows)): score(k)',
  ])('%s', async (lines) => {
    expect(await found(lines)).toEqual([]);
  });
});
