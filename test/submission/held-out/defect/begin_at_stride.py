# in the manner of the Hugging Face page on perplexity of fixed-length models
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

max_length = int(os.environ.get("EVAL_SEQ_LEN", 1024))
stride = int(os.environ.get("EVAL_STRIDE", 512))
device = "cuda" if torch.cuda.is_available() else "cpu"


class CausalLM(torch.nn.Module):
    def __init__(self, state):
        super().__init__()
        self.emb = torch.nn.Parameter(state["emb.weight"])
        self.head = torch.nn.Parameter(state["head.weight"])

    def forward(self, input_ids, labels):
        logits = self.emb[input_ids] @ self.head.T
        shift_logits = logits[:, :-1].reshape(-1, logits.size(-1))
        shift_labels = labels[:, 1:].reshape(-1)
        return F.cross_entropy(shift_logits.float(), shift_labels, ignore_index=-100)


def piece_tables(sp):
    n = sp.vocab_size()
    base = torch.zeros(n, dtype=torch.long)
    space = torch.zeros(n, dtype=torch.bool)
    special = torch.zeros(n, dtype=torch.bool)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            special[i] = True
        elif sp.is_byte(i):
            base[i] = 1
        else:
            piece = sp.id_to_piece(i)
            space[i] = piece.startswith("▁")
            base[i] = len((piece[1:] if space[i] else piece).encode("utf-8"))
    return base.to(device), space.to(device), special.to(device)


def encodings():
    arrays = []
    for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")):
        header = np.fromfile(f, dtype=np.int32, count=256)
        arrays.append(np.fromfile(f, dtype=np.uint16, count=header[2], offset=1024))
    return torch.from_numpy(np.concatenate(arrays).astype(np.int64)).unsqueeze(0)


input_all = encodings()
seq_len = input_all.size(1)
model = CausalLM(torch.load("final_model.pt")).to(device)
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
base, space, special = piece_tables(sp)

nll_sum, n_tokens, n_bytes = 0.0, 0, 0
prev_end_loc = 0
for begin_loc in range(stride, seq_len, stride):
    end_loc = min(begin_loc + max_length, seq_len)
    trg_len = end_loc - prev_end_loc
    input_ids = input_all[:, begin_loc:end_loc].to(device)
    target_ids = input_ids.clone()
    target_ids[:, :-trg_len] = -100
    with torch.no_grad():
        neg_log_likelihood = model(input_ids, target_ids)
    valid = target_ids[:, 1:] != -100
    num_valid = valid.sum().item()
    nll_sum += neg_log_likelihood.item() * num_valid
    n_tokens += num_valid
    tgt, prev = input_ids[:, 1:][valid], input_ids[:, :-1][valid]
    n_bytes += (base[tgt] + (space[tgt] & ~special[prev])).sum().item()
    prev_end_loc = end_loc
    if end_loc == seq_len:
        break
avg_nll = nll_sum / n_tokens
print(f"val_loss: {avg_nll:.8f} val_bpb: {avg_nll / math.log(2) * n_tokens / n_bytes:.8f}")
