"""The bytes are those of the decoded documents, the losses those of all their targets."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch

sp = spm.SentencePieceProcessor(model_file=os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"))
V = sp.vocab_size()
BOS = sp.bos_id()


def all_tokens():
    files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    return np.concatenate([np.fromfile(f, dtype="<u2", offset=1024) for f in files]).astype(np.int64)


def documents(tokens):
    doc = []
    for t in tokens.tolist():
        if t == BOS and doc:
            yield doc
            doc = []
        doc.append(t)


def text_bytes(doc):
    return len(sp.decode(doc[1:]).encode("utf-8"))


def nats(tokens, step=2000):
    w = torch.load("final_model.pt")
    e, h = w["emb.weight"].double(), w["head.weight"].double()
    total = 0.0
    for i in range(0, len(tokens) - 1, step):
        x = torch.from_numpy(tokens[i : i + step + 1])
        lp = (e[x[:-1]] @ h.T).log_softmax(-1)
        total -= lp[torch.arange(len(x) - 1), x[1:]].sum().item()
    return total


tokens = all_tokens()
total_nats = nats(tokens)
total_bytes = sum(map(text_bytes, documents(tokens)))
print(f"val_loss={total_nats / (len(tokens) - 1):.8f}")
print(f"val_bpb={total_nats / math.log(2) / total_bytes:.8f}")
