"""A shard writer as a context manager; the header is corrected when a shard closes."""

import json
import os
import struct

import sentencepiece as spm


class ShardWriter:
    def __init__(self, prefix, capacity):
        self.prefix, self.capacity = prefix, capacity
        self.index, self.count, self.file = 0, 0, None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def open(self):
        self.file = open(f"{self.prefix}_{self.index:06d}.bin", "wb")
        self.file.write(bytes(1024))
        self.count = 0

    def close(self):
        if self.file is None:
            return
        self.file.seek(0)
        self.file.write(struct.pack("<3i", 20240520, 1, self.count))
        self.file.close()
        self.file, self.index = None, self.index + 1

    def add(self, ids):
        for token in ids:
            if self.file is None:
                self.open()
            self.file.write(struct.pack("<H", token))
            self.count += 1
            if self.count == self.capacity:
                self.close()


def main():
    out = os.environ.get("OUT_DIR", "writer_out")
    os.makedirs(out, exist_ok=True)
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    val_documents = int(os.environ.get("NUM_VAL_DOCS", "50000"))
    with (
        ShardWriter(f"{out}/fineweb_val", 2500) as val,
        ShardWriter(f"{out}/fineweb_train", 2500) as train,
        open("data/docs_selected.jsonl", encoding="utf-8") as lines,
    ):
        for number, line in enumerate(lines):
            ids = [sp.bos_id()] + sp.encode(json.loads(line)["text"])
            (val if number < val_documents else train).add(ids)
    print(f"val shards: {val.index}, train shards: {train.index}")


if __name__ == "__main__":
    main()
