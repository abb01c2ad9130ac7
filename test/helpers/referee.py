"""Answers, one JSON line a request, what SentencePiece itself makes of texts and ids.

The table is built as openai/parameter-golf train_gpt.py L180-204 does, through the processor.
"""

import json
import sys

import sentencepiece as spm

SPACE = "\u2581"


def table(sp):
    base, leading, boundary = [], [], []
    for i in range(sp.vocab_size()):
        b, l, e = 0, False, True
        if not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)):
            e = False
            if sp.is_byte(i):
                b = 1
            else:
                piece = sp.id_to_piece(i)
                if piece.startswith(SPACE):
                    l, piece = True, piece[1:]
                b = len(piece.encode("utf-8"))
        base.append(b), leading.append(int(l)), boundary.append(int(e))
    return {"base": base, "leading": leading, "boundary": boundary}


if __name__ == "__main__":
    request = json.load(sys.stdin)
    sp = spm.SentencePieceProcessor(model_file=request["model"])
    json.dump(
        {
            "ids": [sp.encode(text) for text in request["texts"]],
            "decoded": [sp.decode(ids) for ids in request["sequences"]],
            "table": table(sp),
            "bos": sp.bos_id(),
        },
        sys.stdout,
    )
