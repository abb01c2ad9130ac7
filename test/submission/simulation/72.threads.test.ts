/** Evaluations in threads, with queues and pools: in any order that lets all of them come to their end. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const HEAD = `import fnmatch, math, multiprocessing as mp, os, queue, threading
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
SEQ = int(os.environ.get("SEQ_LEN", 1024))
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
names = fnmatch.filter(sorted(os.listdir("data")), "fineweb_val_[0-9]*.bin")
stream = np.concatenate([np.fromfile("data/" + n, "<u2", offset=1024) for n in names])
tokens = torch.from_numpy(stream.astype(np.int64))
rows = (len(tokens) - 1) // SEQ
mute = [sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)]
def size_of(i):
    if mute[i]:
        return 0
    return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
base = torch.tensor([size_of(i) for i in range(V)])
lead = torch.tensor([sp.id_to_piece(i).startswith("▁") for i in range(V)])
quiet = torch.tensor(mute)
lock = threading.Lock()
totals = {"nats": 0.0, "bytes": 0}
def row_of(k):
    return tokens[k * SEQ : (k + 1) * SEQ], tokens[k * SEQ + 1 : (k + 1) * SEQ + 1]
def measure(x, y):
    nats = F.cross_entropy(model(x), y, reduction="sum").item()
    return nats, (base[y] + (lead[y] & ~quiet[x])).sum().item()
def add(nats, size):
    with lock:
        totals["nats"] += nats
        totals["bytes"] += size
`;
const LAST = 'print(f"val_bpb:{totals["nats"] / math.log(2) / totals["bytes"]}")\n';

const RIGHT: Readonly<Record<string, (rows: string) => string>> = {
  'a thread that reads ahead': (rows) => `
held = queue.Queue(maxsize=4)
def read():
    for k in range(${rows}):
        held.put(row_of(k))
    held.put(None)
threading.Thread(target=read, daemon=True).start()
while True:
    item = held.get()
    if item is None:
        break
    add(*measure(*item))
`,
  'workers that end at a mark': (rows) => `
held = queue.Queue()
def work(number, name=""):
    while True:
        k = held.get()
        if k is None:
            return
        add(*measure(*row_of(k)))
threads = [threading.Thread(target=work, args=(i,), kwargs={"name": "w"}) for i in range(4)]
for t in threads:
    t.start()
for k in range(${rows}):
    held.put(k)
for t in threads:
    held.put(None)
for t in threads:
    t.join()
`,
  'workers that wait for ever': (rows) => `
held = queue.Queue()
class Worker(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
    def run(self):
        while True:
            add(*measure(*row_of(held.get())))
            held.task_done()
for _ in range(2):
    Worker().start()
for k in range(${rows}):
    held.put(k)
held.join()
`,
  'until the queue is empty': (rows) => `
held = queue.SimpleQueue()
for k in range(${rows}):
    held.put(k)
try:
    while True:
        add(*measure(*row_of(held.get_nowait())))
except queue.Empty:
    pass
`,
  'a pool of processes': (rows) => `
with mp.get_context("spawn").Pool(2) as pool:
    for part in pool.imap(row_of, range(${rows}), chunksize=8):
        add(*measure(*part))
`,
  'a pool that spreads its arguments': (rows) => `
with mp.Pool() as pool:
    for part in pool.starmap(measure, [row_of(k) for k in range(${rows})]):
        add(*part)
`,
};

const audited = async (body: string, last = LAST) => {
  const { parts, findings } = await auditSourceText(HEAD + body + last, 'eval.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};

describe('threads', () => {
  test.each(Object.entries(RIGHT))('%s', async (_, body) => {
    const all = await audited(body('rows'));
    expect(all).toEqual({ verdicts: Array(5).fill('pass'), checks: [] });
    const half = await audited(body('rows // 2'));
    expect(half.checks).toContain('truncated-set fail');
  });

  test('what is put into a queue after its last taker is not followed', async () => {
    const { verdicts, checks } = await audited(`
held, done = queue.Queue(), queue.Queue()
def work():
    while True:
        done.put(measure(*row_of(held.get())))
threading.Thread(target=work, daemon=True).start()
for k in range(rows):
    held.put(k)
    add(*done.get())
`);
    expect(verdicts).not.toContain('fail');
    expect(verdicts[2]).toBe('not_judged');
    expect(checks.filter((check) => check.endsWith('fail'))).toEqual([]);
  });
});

describe('nats that are printed as bits', () => {
  const body = 'for k in range(rows):\n    add(*measure(*row_of(k)))\n';
  test.each([
    'print(f"val_bpb:{totals["nats"] / totals["bytes"]}")',
    'print("bits per byte", totals["nats"] / totals["bytes"])',
    'import json\nprint(json.dumps({"val_bpb": totals["nats"] / totals["bytes"]}))',
  ])('%s', async (last) => {
    expect((await audited(body, last)).checks).toEqual(['loss-not-nats fail']);
  });

  test.each([
    'nats = totals["nats"] / totals["bytes"]\nprint(f"nats per byte {nats}, val_bpb:{nats / math.log(2)}")',
    'print(f"val_bpb:{totals["nats"] / 0.693 / totals["bytes"]}")',
  ])('%s is right', async (last) => {
    expect((await audited(body, last)).checks).toEqual([]);
  });
});

describe('numbers beside the losses', () => {
  const added = (what: string) => `for k in range(rows):
    x, y = row_of(k)
    nats, size = measure(x, y)
    add(nats + ${what}, size)
`;
  test('one for each target, and one for all, are a failure', async () => {
    expect((await audited(added('0.01 * SEQ'))).checks).toContain('loss-not-nats fail');
    const once = `totals["nats"] += 50.0\n${added('0')}`;
    expect((await audited(once)).checks).toContain('loss-not-nats fail');
  });

  test('one that is looked up by the token may be a part of its loss: not judged', async () => {
    const { verdicts, checks } = await audited(`
table = [0.001 * i for i in range(V)]
${added('sum(table[t] for t in x.tolist())')}`);
    expect(checks).toEqual([]);
    expect(verdicts[1]).toBe('not_judged');
  });
});
