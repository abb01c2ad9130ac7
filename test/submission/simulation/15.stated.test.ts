/** Spellings of a setting: a row of 1,024 tokens is one of 32 on the small set, however the script states it. */
import { expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const script = (lines: string, row: string) => `import argparse, dataclasses, glob, math, os, types
from typing import NamedTuple
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
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = torch.from_numpy(np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in names]).astype(np.int64))
${lines}
S = ${row}
nats, size = 0.0, 0
for k in range((len(tokens) - 1) // S):
    x, y = tokens[k * S : (k + 1) * S], tokens[k * S + 1 : (k + 1) * S + 1]
    nats += F.cross_entropy(model(x[None])[0], y, reduction="sum").item()
    size += (base[y] + (lead[y] & ~quiet[x])).sum().item()
print(f"val_bpb:{nats / math.log(2) / size:.8f}")
`;

const FIELDS = 'seq_len: int';

test.each([
  ['seq_len, batch = 1024, 4', 'seq_len'],
  ['(seq_len, batch), rate = [1024, 4], 0.1', 'seq_len'],
  ['own = seq_len = 1024', 'own'],
  ['cfg = dict(seq_len=1024)', 'cfg["seq_len"]'],
  ['cfg = {}\ncfg["seq_len"] = 1024', 'cfg["seq_len"]'],
  ['cfg = {}', 'cfg.get("seq_len", 1024)'],
  [
    '@dataclasses.dataclass\nclass C:\n    seq_len: int = dataclasses.field(default=1024)',
    'C().seq_len',
  ],
  [`@dataclasses.dataclass\nclass C:\n    ${FIELDS}`, 'C(1024).seq_len'],
  [`class C(NamedTuple):\n    ${FIELDS}`, 'C(seq_len=1024).seq_len'],
  ['class C:\n    seq_len, batch = 1024, 4', 'C.seq_len'],
  ['class C: pass\nsetattr(C, "seq_len", 1024)', 'C.seq_len'],
  ['cfg = types.SimpleNamespace(seq_len=1024)', 'cfg.seq_len'],
  [
    'p = argparse.ArgumentParser()\np.set_defaults(seq_len=1024)\ncfg = p.parse_args()',
    'cfg.seq_len',
  ],
  ['own = int(os.environ.get("SEQ_LEN") or "1024")', 'own'],
  ['own = int(os.environ["SEQ_LEN"]) if "SEQ_LEN" in os.environ else 1024', 'own'],
  ['os.environ.setdefault("SEQ_LEN", "1024")', 'int(os.environ["SEQ_LEN"])'],
  ['try: seq_len = int(os.environ["SEQ_LEN"])\nexcept KeyError: seq_len = 1024', 'seq_len'],
  ['def env(name, value): return type(value)(os.environ.get(name, value))', 'env("SEQ_LEN", 1024)'],
  ['print(seq_len := 1024)', 'seq_len'],
  // What is brought down already stays where it is bound once more.
  ['def rows(seq_len=1024): return dict(seq_len=seq_len)', 'rows(seq_len=1024)["seq_len"]'],
])('%s', async (lines, row) => {
  const { parts } = await auditSourceText(script(lines, row), 'train.py', simulate);
  const [, , coverage] = parts;
  expect(coverage!.reason).toMatch(/^each of 3,200 targets .*last incomplete row \(15\)/);
});

const SLIDING = `nats, size, done, begin = 0.0, 0, 0, 0
while done < len(tokens) - 1:
    end = min(begin + WINDOW, len(tokens) - 1)
    x, y = tokens[begin:end], tokens[begin + 1 : end + 1]
    kept = F.cross_entropy(model(x[None])[0], y, reduction="none")[done - begin :]
    nats += kept.sum().item()
    size += (base[y] + (lead[y] & ~quiet[x]))[done - begin :].sum().item()
    done, begin = end, begin + HOP
print(f"val_bpb:{nats / math.log(2) / size:.8f}")
`;

test.each(['64, 8', '512, 16', '48, 12', '40, 5', '2048, 256', '32, 4'])(
  'windows and steps of %s keep their proportions',
  async (lengths) => {
    const [head] = script(`WINDOW, HOP = ${lengths}`, 'WINDOW').split('nats, size = 0.0, 0\n');
    const all = await auditSourceText(head + SLIDING, 'train.py', simulate);
    expect(all.findings).toEqual([]);
    expect(all.parts.map(({ verdict }) => verdict)).toEqual(Array(5).fill('pass'));
    const gap = SLIDING.replace('+ HOP\n', '+ WINDOW + HOP\n').replace('[done - begin :]', '');
    const some = await auditSourceText(
      head + gap.replace('[done - begin :]', ''),
      'train.py',
      simulate,
    );
    expect(some.findings.map(({ check }) => check)).toContain('truncated-set');
  },
);
