/** Short training scripts, written for the tests: a right one, and one change for each mistake. */

export const LUT = `import glob
import math
import os
import sentencepiece as spm
import torch


def build_luts(sp, vocab_size, device):
    n = max(sp.vocab_size(), vocab_size)
    base = torch.zeros(n, dtype=torch.int16)
    leading = torch.zeros(n, dtype=torch.bool)
    boundary = torch.ones(n, dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        boundary[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            leading[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base.to(device), leading.to(device), boundary.to(device)
`;

export const EVALUATE = `
def load_tokens(pattern, seq_len):
    files = sorted(glob.glob(pattern))
    tokens = torch.cat([load_shard(f) for f in files])
    usable = ((tokens.numel() - 1) // seq_len) * seq_len
    return tokens[: usable + 1]


def eval_val(model, val_tokens, luts, seq_len, device):
    base, leading, boundary = luts
    loss_sum = torch.zeros((), dtype=torch.float64, device=device)
    token_count = torch.zeros((), dtype=torch.float64, device=device)
    byte_count = torch.zeros((), dtype=torch.float64, device=device)
    model.eval()
    for start in range(0, val_tokens.numel() - 1, seq_len):
        x = val_tokens[start : start + seq_len]
        y = val_tokens[start + 1 : start + seq_len + 1]
        loss_sum += model(x, y).double() * y.numel()
        token_count += y.numel()
        counted = base[y].to(torch.int16)
        counted += (leading[y] & ~boundary[x]).to(torch.int16)
        byte_count += counted.to(torch.float64).sum()
    val_loss = loss_sum / token_count
    bits_per_token = val_loss.item() / math.log(2.0)
    return val_loss.item(), bits_per_token * (token_count.item() / byte_count.item())


def main():
    sp = spm.SentencePieceProcessor(model_file=os.environ["TOKENIZER_PATH"])
    luts = build_luts(sp, 1024, "cuda")
    val_tokens = load_tokens("data/fineweb_val_*.bin", 1024)
    val_loss, val_bpb = eval_val(model, val_tokens, luts, 1024, "cuda")
    print(f"final val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
`;

export const RIGHT = LUT + EVALUATE;

/** The same accounting in other hands: removeprefix, "\u2581" as an escape, a comprehension. */
export const RIGHT_TERSE = `
import math, numpy as np
def tables(sp):
    special = lambda i: sp.IsControl(i) or sp.IsUnknown(i) or sp.IsUnused(i)
    size = np.array([0 if special(i) else 1 if sp.IsByte(i) else len(sp.IdToPiece(i).removeprefix("\\u2581").encode()) for i in range(sp.GetPieceSize())])
    space = np.array([sp.IdToPiece(i).startswith('\\u2581') for i in range(sp.GetPieceSize())])
    edge = np.array([special(i) for i in range(sp.GetPieceSize())])
    return size, space, edge
def bpb(nats, prev, target, size, space, edge):
    total = (size[target] + (space[target] & ~edge[prev])).sum(dtype=np.int64)
    return nats.sum(dtype=np.float64) / math.log(2) / total
`;

/** Minified as the smallest records are: built-ins renamed, names of one letter. */
export const RIGHT_MINIFIED = `import numpy as O,torch as A,math
Q=len;M=range;G=False;F=True
def B0(C,H):
\tK=int(C.vocab_size());J=O.zeros((K,),dtype=O.int16);L=O.zeros((K,),dtype=O.bool_);N=O.ones((K,),dtype=O.bool_)
\tfor B in M(K):
\t\tif C.is_control(B)or C.is_unknown(B)or C.is_unused(B):continue
\t\tN[B]=G
\t\tif C.is_byte(B):J[B]=1;continue
\t\tD=C.id_to_piece(B)
\t\tif D.startswith('▁'):L[B]=F;D=D[1:]
\t\tJ[B]=Q(D.encode('utf-8'))
\treturn J,L,N
def val_bpb(a,b,c,x,y,J,L,N):
\tW=J[y].astype(O.int64);W+=L[y]&~N[x];return a/math.log(2)/W.sum()
`;

/** Case operators with their sidecar, scored as it must be. */
export const RIGHT_CASEOPS = `
import glob, math, os
import torch
TOKENIZER = "fineweb_8192_bpe_lossless_caps_caseops_v1_reserved.model"
def load(data_dir):
    files = [f for f in sorted(glob.glob(os.path.join(data_dir, "fineweb_val_*.bin"))) if "_bytes_" not in f]
    val_tokens = torch.cat([load_shard(f) for f in files])
    val_bytes = torch.cat([load_shard(f) for f in sorted(glob.glob(os.path.join(data_dir, "fineweb_val_bytes_*.bin")))])
    if val_bytes.numel() != val_tokens.numel():
        raise ValueError("sidecar of other tokens")
    return val_tokens, val_bytes
def eval_val(model, val_tokens, val_bytes):
    nats_sum = torch.zeros((), dtype=torch.float64)
    byte_sum = val_bytes[1:].to(torch.int64).sum()
    for x, y in rows(val_tokens):
        nats_sum += model(x, y).double() * y.numel()
    val_bpb = nats_sum.item() / math.log(2) / byte_sum.item()
    return val_bpb
`;

const swap = (from: string, to: string, source = RIGHT): string => {
  if (!source.includes(from)) throw new Error(`the script has no ${JSON.stringify(from)}`);
  return source.replaceAll(from, to);
};

const STRIP = `            piece = piece[1:]\n`;

/** Check that must fire (and its severity), and the script that has the mistake. */
export const MISTAKEN: readonly [name: string, check: string, severity: string, source: string][] =
  [
    ['a question mark for ▁ (#144)', 'lut-marker', 'fail', swap('"▁"', '"?"')],
    ['mojibake for ▁', 'lut-marker', 'fail', swap('"▁"', '"â–"')],
    ['mojibake bytes for ▁', 'lut-marker', 'fail', swap('"▁"', String.raw`"\xe2\x96\x81"`)],
    ['a low line for ▁', 'lut-marker', 'fail', swap('"▁"', '"_"')],
    [
      'a first character compared',
      'lut-marker',
      'fail',
      swap('piece.startswith("▁")', 'piece[0] == "?"'),
    ],
    [
      '▁ counted as a space, and the space added (#1698)',
      'leading-space-twice',
      'fail',
      swap(STRIP, '            piece = piece.replace("▁", " ")\n'),
    ],
    [
      'bytes kept in a name before they are counted',
      'leading-space-twice',
      'fail',
      swap(
        'base[i] = len(piece.encode("utf-8"))',
        'raw = piece.encode("utf-8")\n        base[i] = max(len(raw), 1)',
        swap(STRIP, '            piece = piece.replace("\\u2581", " ")\n'),
      ),
    ],
    [
      'one more byte in the table, and in the evaluation (#1698)',
      'leading-space-twice',
      'fail',
      swap(
        `${STRIP}        base[i] = len(piece.encode("utf-8"))`,
        `            base[i] = len(piece[1:].encode("utf-8")) + 1
        else:
            base[i] = len(piece.encode("utf-8"))`,
      ),
    ],
    ['▁ kept, and the space added', 'leading-space-twice', 'fail', swap(STRIP, '')],
    [
      '▁ kept, nothing added',
      'kept-marker',
      'fail',
      swap('        counted += (leading[y] & ~boundary[x]).to(torch.int16)\n', '', swap(STRIP, '')),
    ],
    [
      'space counted nowhere',
      'space-not-counted',
      'warn',
      'import math\ndef sizes(sp):\n    return [0 if sp.is_control(i) or sp.is_unknown(i) else 1 if sp.is_byte(i) else len(sp.id_to_piece(i).lstrip("▁").encode()) for i in range(sp.vocab_size())]\n',
    ],
    [
      'each token decoded alone (#1143)',
      'replacement-character',
      'fail',
      'def lut(sp):\n    return [len(sp.decode([i]).encode("utf-8")) for i in range(sp.vocab_size())]\n',
    ],
    [
      'each id of a loop decoded alone',
      'replacement-character',
      'fail',
      'sizes = []\nfor tid in range(vocab):\n    sizes.append(len(tok.decode(tid).encode()))\n',
    ],
    [
      'decoded alone, byte pieces apart',
      'lut-by-decode',
      'warn',
      'def lut(sp):\n    return [1 if sp.is_byte(i) else len(sp.decode([i]).encode("utf-8")) for i in range(sp.vocab_size())]\n',
    ],
    [
      'byte pieces forgotten',
      'byte-pieces',
      'fail',
      swap('        if sp.is_byte(i):\n            base[i] = 1\n            continue\n', ''),
    ],
    [
      'control pieces counted',
      'control-pieces',
      'fail',
      swap(
        '        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):\n            continue\n',
        '',
      ),
    ],
    [
      'the unknown piece counted',
      'control-pieces',
      'warn',
      swap(' or sp.is_unknown(i) or sp.is_unused(i)', ''),
    ],
    [
      '3.5 bytes per token (#875)',
      'bytes-per-token',
      'fail',
      'import math\nval_bpb = val_loss / (math.log(2) * 3.5)\n',
    ],
    [
      '4.3 bytes per token (MDLM)',
      'bytes-per-token',
      'fail',
      'def run(total_bits, total_tokens):\n    bpb = total_bits / (total_tokens * 4.3)\n    return bpb\n',
    ],
    [
      'a named constant',
      'bytes-per-token',
      'fail',
      'import math\nBYTES_PER_TOKEN = 2.436\ndef to_bpb(loss):\n    return loss / math.log(2) / BYTES_PER_TOKEN\n',
    ],
    [
      'a constant through the environment, a class and a name',
      'bytes-per-token',
      'fail',
      'import os\nclass Args:\n    ratio = float(os.environ.get("RATIO", "3.7"))\nargs = Args()\nbytes_seen = tokens * args.ratio\nval_bpb = bits / bytes_seen\n',
    ],
    [
      'a constant as a default',
      'bytes-per-token',
      'fail',
      'def bpb(loss, factor=4.3, ln2=0.6931471805599453):\n    return loss / (ln2 * factor)\n',
    ],
    [
      'four bytes for each token',
      'bytes-per-token',
      'fail',
      'val_bpb = total_bits / (num_tokens * 4)\n',
    ],
    [
      'the table over case operators (#2071)',
      'lut-for-caseops',
      'fail',
      `${swap('val_*.bin', 'val_[0-9]*.bin')}\nDATA = "data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1"\n`,
    ],
    [
      'a sidecar that nothing reads',
      'sidecar-unused',
      'fail',
      `${swap('val_*.bin', 'val_[0-9]*.bin')}\nval_sidecar = load_shard("fineweb_val_bytes_000000.bin")\n`,
    ],
    [
      'the sidecar read as tokens',
      'sidecar-glob',
      'fail',
      swap(' if "_bytes_" not in f', '', RIGHT_CASEOPS),
    ],
    [
      'a longer sidecar let through',
      'sidecar-length',
      'warn',
      swap(
        'val_bytes.numel() != val_tokens.numel()',
        'val_bytes.numel() < val_tokens.numel()',
        RIGHT_CASEOPS,
      ),
    ],
    [
      'a mean of scores',
      'mean-of-means',
      'fail',
      'bpbs = []\nfor doc in docs:\n    bpbs.append(score(doc))\nval_bpb = sum(bpbs) / len(bpbs)\n',
    ],
    [
      'a mean of scores by numpy',
      'mean-of-means',
      'fail',
      'import numpy as np\ndoc_bpb = []\nfor d in docs:\n    doc_bpb.append(f(d))\nprint(np.mean(doc_bpb))\n',
    ],
    [
      'a mean of batch losses',
      'mean-of-means',
      'warn',
      'import torch\ndef evaluate(batches):\n    losses = []\n    for b in batches:\n        losses.append(model(b))\n    return torch.mean(torch.stack(losses))\n',
    ],
    [
      'float32 sums',
      'narrow-sum',
      'warn',
      swap(
        'loss_sum = torch.zeros((), dtype=torch.float64, device=device)',
        'loss_sum = torch.zeros((), device=device)',
      ),
    ],
    [
      'bfloat16 sums',
      'narrow-sum',
      'fail',
      swap(
        'byte_count = torch.zeros((), dtype=torch.float64',
        'byte_count = torch.zeros((), dtype=torch.bfloat16',
      ),
    ],
    [
      '10,000 documents by default (#2127)',
      'truncated-set',
      'fail',
      'parser.add_argument("--val-docs", type=int, default=10_000)\nargs = parser.parse_args()\nfor n, doc in enumerate(docs):\n    (val if n < args.val_docs else train).append(doc)\n',
    ],
    [
      'three million tokens',
      'truncated-set',
      'fail',
      'import os\nMAX_VAL_TOKENS = int(os.environ.get("MAX_VAL_TOKENS", 3_000_000))\ntokens = load(files)[:MAX_VAL_TOKENS]\n',
    ],
    [
      'a slice of the tokens',
      'truncated-set',
      'fail',
      swap('tokens[: usable + 1]', 'tokens[: usable + 1]') +
        '\nval_tokens = val_tokens[:5_000_000]\n',
    ],
    ['five hundred rows', 'truncated-set', 'warn', 'evaluate(model, val_seqs=500)\n'],
    [
      'a remainder per batch',
      'rank-remainder',
      'warn',
      'def eval_val(a, b, local_batch_seqs):\n    end = a + ((b - a) // local_batch_seqs) * local_batch_seqs\n    return end\n',
    ],
    [
      'a remainder per rank',
      'rank-remainder',
      'warn',
      'def eval_overlap(total, world, score_len):\n    return (total // world // score_len) * score_len\n',
    ],
    [
      'short last windows',
      'scored-twice',
      'warn',
      'starts = [ws for ws in range(0, total, stride) if min(ws + seq_len, total) - ws >= 1]\n',
    ],
    ['casefolded documents (#1578)', 'lossy-text', 'fail', 'ids = sp.encode(text.casefold())\n'],
    [
      'NFKC before encoding (#1604)',
      'lossy-text',
      'fail',
      'import unicodedata\nids = tokenizer.encode(unicodedata.normalize("NFKC", text))\n',
    ],
    [
      'a download',
      'network',
      'warn',
      'from huggingface_hub import hf_hub_download as get\npath = get("a/b", "c.bin")\n',
    ],
    ['a request', 'network', 'warn', 'import requests as r\nx = r.get("http://example.org")\n'],
    [
      'a shell download',
      'network',
      'warn',
      'import subprocess\nsubprocess.run(["pip", "install", "brotli"])\n',
    ],
    ['a loader (#1412)', 'loader', 'warn', 'exec(open("real_train.py").read())\n'],
    ['runpy', 'loader', 'warn', 'import runpy\nrunpy.run_path("other.py")\n'],
    ['marshalled code', 'obfuscated', 'warn', 'import marshal\nexec(marshal.loads(b"abc"))\n'],
    ['computed code', 'obfuscated', 'warn', 'exec("".join(chr(c ^ 7) for c in DATA))\n'],
    [
      'raw lzma',
      'obfuscated',
      'warn',
      'import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("abcde"),format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA2}]))\n',
    ],
    ['nothing', 'empty', 'fail', '  \n'],
    ['a broken script', 'syntax', 'warn', 'def f(:\n    return ]\n'],
  ];
