"""Strided evaluation that remembers where the last window ended, as perplexity guides write it."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn

MAX_LENGTH = int(os.environ.get("EVAL_SEQ_LEN", "1024"))
STRIDE = int(os.environ.get("STRIDE", "512"))


class Net(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, input_ids, labels):
        logits = self.head(self.emb(input_ids))
        return nn.functional.cross_entropy(
            logits.view(-1, logits.size(-1)), labels.view(-1), ignore_index=-100
        )


def get_tokens():
    paths = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    parts = [np.fromfile(p, dtype=np.uint16, offset=1024) for p in paths]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def make_luts(sp):
    lut = np.zeros((sp.vocab_size(), 3), dtype=np.int64)
    lut[:, 2] = 1
    for token_id in range(sp.vocab_size()):
        if sp.is_byte(token_id):
            lut[token_id] = (1, 0, 0)
        elif not (sp.is_control(token_id) or sp.is_unknown(token_id) or sp.is_unused(token_id)):
            piece = sp.id_to_piece(token_id)
            has_space = piece.startswith("▁")
            lut[token_id] = (len(piece[int(has_space) :].encode("utf8")), has_space, 0)
    return torch.from_numpy(lut)


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    model = Net(sp.vocab_size(), int(os.environ.get("MODEL_DIM", "384")))
    if os.path.isfile("final_model.pt"):
        model.load_state_dict(torch.load("final_model.pt", weights_only=True))
    tokens, lut = get_tokens(), make_luts(sp)
    seq = tokens.size(0) - 1
    nll_sum, n_tokens, n_bytes = 0.0, 0, 0
    prev_end = 0
    for begin in range(0, seq, STRIDE):
        end = min(begin + MAX_LENGTH, seq)
        trg_len = end - prev_end
        input_ids = tokens[begin:end].unsqueeze(0)
        labels = tokens[begin + 1 : end + 1].clone().unsqueeze(0)
        labels[:, :-trg_len] = -100
        with torch.no_grad():
            loss = model(input_ids, labels)
        nll_sum += loss.double().item() * trg_len
        n_tokens += trg_len
        prev, tgt = tokens[prev_end:end], tokens[prev_end + 1 : end + 1]
        n_bytes += (lut[tgt, 0] + lut[tgt, 1] * (1 - lut[prev, 2])).sum().item()
        prev_end = end
        if end == seq:
            break
    avg = nll_sum / n_tokens
    print(f"val_loss={avg:.8f}  val_bpb={avg * n_tokens / n_bytes / math.log(2):.8f}")


if __name__ == "__main__":
    main()
