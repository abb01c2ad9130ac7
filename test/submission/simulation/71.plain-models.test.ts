/** Models in plain numbers: what is computed for a token belongs to it, up to the logarithm of its probability. */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const HEAD = `import array, collections, glob, math, struct
import numpy as np
import sentencepiece as spm
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
V = sp.vocab_size()
tokens = []
for path in sorted(glob.glob("data/fineweb_val_*.bin")):
    with open(path, "rb") as f:
        n = struct.unpack("<3i", f.read(12))[2]
        f.seek(1024)
        body = array.array("H")
        body.frombytes(f.read(2 * n))
        tokens.extend(body)
mute = {i for i in range(V) if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)}
def piece_bytes(prev, i):
    if i in mute:
        return 0
    if sp.is_byte(i):
        return 1
    piece = sp.id_to_piece(i)
    space = piece.startswith("▁") and prev not in mute
    return len(piece.removeprefix("▁").encode("utf-8")) + space
normalizer = {}
def nll(before, target):
    if before not in normalizer:
        normalizer[before] = math.log(sum(math.exp(2 * math.sin(before - j)) for j in range(V)))
    return normalizer[before] - 2 * math.sin(before - target)
nats = size = 0
`;
const LAST = 'print(f"val_bpb:{nats / math.log(2) / size}")\n';

const audited = async (body: string) => {
  const { parts, findings } = await auditSourceText(HEAD + body + LAST, 'eval.py', simulate);
  return {
    verdicts: parts.map(({ verdict }) => verdict),
    checks: findings.map(({ check, severity }) => `${check} ${severity}`),
  };
};
const loop = (learned: string, loss: string, range = 'range(1, len(tokens))') => `${learned}
for i in ${range}:
    a, b = tokens[i - 1], tokens[i]
    nats += ${loss}
    size += piece_bytes(a, b)
`;
const COUNTED = 'counts = [1.0 + (7 * i) % 5 for i in range(V)]\ntotal = sum(counts)';

const MODELS: readonly (readonly [string, string, string])[] = [
  ['a table of weights', COUNTED, '-math.log(counts[b] / total)'],
  [
    'counts that start at one',
    'seen = collections.defaultdict(int)',
    '-math.log((seen[b] + 1) / V)',
  ],
  ['a mixture', COUNTED, '-math.log2(0.5 * counts[b] / total + 0.5 / V) * math.log(2)'],
  ['sines of two tokens', '', 'nll(a, b)'],
];

describe('the losses of', () => {
  test.each(MODELS)('%s are those of the targets', async (_name, learned, loss) => {
    expect((await audited(loop(learned, loss))).verdicts).toEqual(Array(5).fill('pass'));
  });
  test.each(MODELS.slice(0, 3))('%s: half of the targets', async (_name, learned, loss) => {
    const body = loop(learned, loss, 'range(1, len(tokens) // 2)');
    expect((await audited(body)).checks).toContain('truncated-set fail');
  });
  test.each([
    ['the weight of the token before', COUNTED, '-math.log(counts[a] / total)'],
    ['a token under itself', '', 'nll(a, a)'],
  ])('%s are those of the inputs', async (_name, learned, loss) => {
    expect((await audited(loop(learned, loss))).checks).toContain('other-targets fail');
  });
  test('counts that grow as they are read are those of the targets', async () => {
    const body = loop('seen = collections.defaultdict(int)', '-math.log((seen[b] + 1) / (i + V))');
    const verdicts = (await audited(`${body}    seen[b] += 1\n`)).verdicts;
    expect(verdicts).toEqual(Array(5).fill('pass'));
  });
  test('an array of probabilities are those of the targets', async () => {
    const body = `ids = np.array(tokens)
p = np.full(V, 1.0 / V)
nats = -np.log(p[ids[1:]]).sum()
size = sum(piece_bytes(a, b) for a, b in zip(tokens, tokens[1:]))
`;
    expect((await audited(body)).verdicts).toEqual(Array(5).fill('pass'));
  });
});

describe('bytes that are counted in texts', () => {
  const over = (from: number, last: string) => `ids = np.array(tokens)
starts = [*np.flatnonzero(ids == sp.bos_id()).tolist(), len(ids)]
size = sum(len(sp.decode(tokens[a + ${from} : b]).encode()) for a, b in zip(starts, ${last}))
nats = -np.log(np.full(V, 1.0 / V)[ids[1:]]).sum()
`;
  test('are those of the documents', async () => {
    const { parts } = await auditSourceText(
      HEAD + over(1, 'starts[1:]') + LAST,
      'eval.py',
      simulate,
    );
    expect(parts.map(({ verdict }) => verdict)).toEqual(Array(5).fill('pass'));
    expect(parts[0]!.reason).toContain('text of their documents');
  });
  test.each([
    ['without the first token', over(2, 'starts[1:]')],
    ['without the last document', over(1, 'starts[1:-1]')],
  ])('are no such bytes %s', async (_name, body) => {
    expect((await audited(body)).verdicts[0]).not.toBe('pass');
  });
});
