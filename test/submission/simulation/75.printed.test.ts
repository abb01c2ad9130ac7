/** Of several evaluations the one counts that is printed as bits per byte; rows that a script states may end the stream. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const BEGIN = `import glob, json, logging, math
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
def silent(i): return sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
def width(i): return 0 if silent(i) else 1 if sp.is_byte(i) else len(sp.id_to_piece(i).removeprefix("▁").encode())
V = range(sp.vocab_size())
base = np.array([width(i) for i in V])
quiet = np.array([silent(i) for i in V])
lead = np.array([not silent(i) and sp.id_to_piece(i).startswith("▁") for i in V])
SEQ_LEN = 1024
names = sorted(glob.glob("data/fineweb_val_*.bin"))
tokens = np.concatenate([READ for f in names]).astype(np.int64)
def bytes_of(ids): return (base[ids[1:]] + (lead[ids[1:]] & ~quiet[ids[:-1]])).sum()
def evaluate(ids, row):
    nats = 0.0
    for a in range(0, len(ids) - 1, row):
        part = torch.from_numpy(ids[a : a + row + 1])
        NATS
    return nats / (len(ids) - 1), nats / math.log(2) / bytes_of(ids)
part = tokens[: 100 * SEQ_LEN + 1]
`;
const READ = 'np.fromfile(f, "<u2", offset=1024)';
const NATS = 'nats += F.cross_entropy(model(part[:-1]), part[1:], reduction="sum").item()';
const FINAL =
  'loss, bpb = evaluate(tokens, SEQ_LEN)\nprint(f"val_loss {loss:.8f} val_bpb {bpb:.8f}")\n';

async function found(lines: string, read = READ, nats = NATS): Promise<string[]> {
  const text = `${BEGIN.replace('READ', read).replace('NATS', nats)}${lines}\n`;
  const { findings, parts } = await auditSourceText(text, 'train.py', simulate);
  expect(parts.map(({ verdict }) => verdict)).not.toContain('not_judged');
  return findings.map(({ check, severity }) => `${check} ${severity}`);
}

describe('an evaluation that is not printed as bits per byte is no score', () => {
  test.each([
    `${FINAL}sample, _ = evaluate(part, SEQ_LEN)\nprint(f"the first rows: {sample:.3f} nats")`,
    `${FINAL}_ = evaluate(part, SEQ_LEN)`,
    `${FINAL}assert evaluate(part, SEQ_LEN)[0] < 20`,
    // Made before the print, and thrown away.
    FINAL.replace('\n', '\nshort, _ = evaluate(tokens[:4097], 128)\n'),
    `${FINAL}cuts = [*np.flatnonzero(tokens == 1), len(tokens)]
each = [evaluate(tokens[a:b], SEQ_LEN)[1] for a, b in zip(cuts, cuts[1:]) if b - a > 2]
print(f"over documents: mean {np.mean(each):.4f} worst {max(each):.4f}")`,
    'loss, bpb = evaluate(tokens, SEQ_LEN)\nprint("val_bpb: {:.8f} of {}".format(bpb, "all"))\nevaluate(part, SEQ_LEN)',
    'loss, bpb = evaluate(tokens, SEQ_LEN)\nprint("val_loss %.8f val_bpb %.8f" % (loss, bpb))\nevaluate(part, SEQ_LEN)',
  ])('%s', async (lines) => {
    expect(await found(lines)).toEqual([]);
  });

  const SAMPLE = 'loss, bpb = evaluate(part, SEQ_LEN)\n';
  test.each([
    `${FINAL}${SAMPLE}print(f"val_bpb: {bpb:.8f}")`,
    `${FINAL}${SAMPLE}print("val_loss %.8f val_bpb %.8f" % (loss, bpb))`,
    `${FINAL}${SAMPLE}print("val_bpb: {:.8f} of {}".format(bpb, "all"))`,
    `${FINAL}${SAMPLE}json.dump({"val_loss": loss, "val_bpb": bpb}, open("result.json", "w"))`,
    `${FINAL}${SAMPLE}print(f"{bpb:.4f} bits per byte, {loss:.4f} nats")`,
    `${FINAL}${SAMPLE}print("%.4f bpb" % bpb)`,
    `${FINAL}${SAMPLE}print("final:", bpb, "bits/byte")`,
    // Nothing says which of them is the score: the last.
    `evaluate(tokens, SEQ_LEN)\n${SAMPLE}print(bpb)`,
    // The whole is made last, and the part printed.
    `${SAMPLE}evaluate(tokens, SEQ_LEN)\nprint(f"val_bpb: {bpb:.8f}")`,
  ])('but this is one: %s', async (lines) => {
    expect(await found(lines)).toContain('truncated-set fail');
  });

  test('a mean over documents that is printed as the score', async () => {
    const lines = `${FINAL}cuts = [*np.flatnonzero(tokens == 1), len(tokens)]
each = [evaluate(tokens[a:b], SEQ_LEN)[1] for a, b in zip(cuts, cuts[1:]) if b - a > 2]
print(f"val_bpb: {np.mean(each):.4f}")`;
    expect((await found(lines)).join()).toContain('mean-of-means');
  });
});

test('an instance that is printed makes its text, with the score in it', async () => {
  const of = (ids: string) => `class Score:
    def __init__(self, ids): self.loss, self.bpb = evaluate(ids, SEQ_LEN)
    def __str__(self): return f"val_bpb:{self.bpb:.8f}"
print(Score(${ids}))`;
  expect(await found(`${of('tokens')}\nevaluate(part, SEQ_LEN)`)).toEqual([]);
  expect(await found(`${of('part')}\nevaluate(tokens, SEQ_LEN)`)).toEqual(['truncated-set fail']);
});

describe('a header that is skipped is no limit', () => {
  test.each([
    'np.memmap(f, dtype=np.uint16, mode="r", offset=1024, shape=(int(np.fromfile(f, "<i4", count=256)[2]),))',
    'np.fromfile(f, "<u2", offset=(PREAMBLE_BYTES := 1024))',
    'np.fromfile(f, "<u2", offset=4 * (words_before := 256))',
  ])('%s', async (read) => {
    expect(await found(`${FINAL}evaluate(part, SEQ_LEN)`, read)).toEqual([]);
  });

  test('but a number of tokens of each file is', async () => {
    const read = READ.replace('offset', 'count=(most := 5_000_000), offset');
    expect(await found(FINAL, read)).toEqual(['truncated-set fail']);
  });
});

describe('a product that limits a sample alone is none', () => {
  const limit = (of: string) => `COUNT = 100\npart = tokens[: ${of} * 1024 + 1]\n`;
  test.each(['100', 'COUNT'])('%s', async (of) => {
    const sample = `${limit(of)}${FINAL}evaluate(part, SEQ_LEN)`;
    expect(await found(sample)).toEqual([]);
    const cut = `${limit(of)}${FINAL.replace('tokens', 'part')}`;
    expect(await found(cut)).toEqual(['truncated-set fail']);
  });
});

/** Whole rows alone, of this length. */
const rows = (row: number, left = 0) =>
  `SEQ_LEN = ${row}\nn = ((len(tokens) - 1) // SEQ_LEN - ${left}) * SEQ_LEN\n${FINAL.replace('tokens', 'tokens[: n + 1]')}`;
const GATHERED = `lp = torch.log_softmax(model(part[:-1]), -1)
        nats += -lp.gather(1, part[1:, None]).sum().item()`;

describe('the last incomplete row of a length that the script states may be left out', () => {
  test.each([96, 333, 777, 800, 1000])('%i', async (row) => {
    expect(await found(rows(row))).toEqual([]);
    expect(await found(rows(row), READ, GATHERED)).toEqual([]);
  });

  test('but no row more', async () => {
    expect(await found(rows(777, 1), READ, GATHERED)).toEqual(['tail-not-scored warn']);
  });
});
