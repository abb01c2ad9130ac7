"""Fills a fixed buffer; a document that does not fit is split between two shards."""

import argparse
import json
import os

import numpy as np
import sentencepiece as spm


def write_datafile(filename, toks):
    header = np.zeros(256, dtype=np.int32)
    header[0] = 20240520
    header[1] = 1
    header[2] = len(toks)
    with open(filename, "wb") as f:
        f.write(header.tobytes())
        f.write(toks.tobytes())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--docs", default="data/docs_selected.jsonl")
    parser.add_argument("--out", default="out_np")
    parser.add_argument("--shard-size", type=int, default=3000)
    parser.add_argument("--val-docs", type=int, default=10_000)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    state = {s: [np.empty(args.shard_size, dtype=np.uint16), 0, 0] for s in ("val", "train")}

    def put(split, ids):
        at = 0
        while at < len(ids):
            buffer, filled, index = state[split]
            take = min(len(ids) - at, args.shard_size - filled)
            buffer[filled : filled + take] = ids[at : at + take]
            at += take
            state[split][1] += take
            if state[split][1] == args.shard_size:
                flush(split)

    def flush(split):
        buffer, filled, index = state[split]
        if filled:
            write_datafile(f"{args.out}/fineweb_{split}_{index:06d}.bin", buffer[:filled])
            state[split][1], state[split][2] = 0, index + 1

    with open(args.docs, encoding="utf-8") as f:
        for n, line in enumerate(f):
            ids = np.array([sp.bos_id(), *sp.encode(json.loads(line)["text"])])
            assert ids.max() < 2**16
            put("val" if n < args.val_docs else "train", ids.astype(np.uint16))
    for split in state:
        flush(split)
    print({split: index for split, (_, _, index) in state.items()})


if __name__ == "__main__":
    main()
