"""Trains a small SentencePiece model without BOS on the documents of a request, and encodes them.

Gives the bytes of the stream by openai/parameter-golf train_gpt.py L265-270, with nothing between
the documents and with the given id before each.
"""

import json
import sys

import sentencepiece as spm
from referee import table

request = json.load(sys.stdin)
spm.SentencePieceTrainer.train(
    sentence_iterator=iter(request["texts"]),
    model_prefix=request["prefix"],
    minloglevel=2,
    max_sentence_length=100_000,
    hard_vocab_limit=False,
    **request["options"],
)
sp = spm.SentencePieceProcessor(model_file=request["prefix"] + ".model")
arrays = table(sp)


def counted(ids):
    total = 0
    for previous, target in zip(ids, ids[1:]):
        total += arrays["base"][target]
        total += arrays["leading"][target] and not arrays["boundary"][previous]
    return total


documents = [sp.encode(text) for text in request["texts"]]
start = request["start"]
touching = [i for ids in documents for i in ids]
begun = [i for ids in documents for i in [start, *ids]]
json.dump(
    {
        "bos": sp.bos_id(),
        "table": arrays,
        "touching": {"ids": touching, "bytes": int(counted(touching))},
        "begun": {"ids": begun, "bytes": int(counted(begun))},
    },
    sys.stdout,
)
