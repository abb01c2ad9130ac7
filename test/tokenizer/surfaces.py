"""Answers with the ids and surfaces that SentencePiece itself gives, for texts on stdin.

A surface is [begin, end) in UTF-8 bytes of the text.
"""

import json
import sys

import sentencepiece as spm

request = json.load(sys.stdin)
sp = spm.SentencePieceProcessor(model_file=request["model"])


def utf8_offsets(text):
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + len(character.encode("utf-8")))
    return offsets


def surfaces(text):
    # Newer versions give offsets in bytes here; encode_as_immutable_proto gave them in characters.
    if hasattr(sp, "encode_as_immutable_proto"):
        at = utf8_offsets(text)
        pieces = sp.encode_as_immutable_proto(text).pieces
        assert all(text[p.begin : p.end] == p.surface for p in pieces)
        return [p.id for p in pieces], [[at[p.begin], at[p.end]] for p in pieces]
    proto = sp.encode_as_proto(text)
    raw = text.encode("utf-8")
    for p in proto.pieces:
        assert raw[p.begin : p.end].decode("utf-8") == p.surface
    return [p.id for p in proto.pieces], [[p.begin, p.end] for p in proto.pieces]


answers = [surfaces(text) for text in request["texts"]]
json.dump({"ids": [a[0] for a in answers], "spans": [a[1] for a in answers]}, sys.stdout)
