"""What SentencePiece itself makes of documents: one JSON object a document, and the byte table.

Written from the published evaluator (openai/parameter-golf train_gpt.py L180-204 and L265-270) and
from the description of the case transform, not from the code under test.
"""

import hashlib
import json
import re
import struct
import sys

import sentencepiece as spm

SPACE = "\u2581"
TITLE, ALLCAPS, CAPNEXT, ESC = "\ue001", "\ue002", "\ue003", "\ue004"
OPERATORS = {TITLE, ALLCAPS, CAPNEXT, ESC}


def transform(text):
    def word(match):
        run = match.group(0)
        if run[0] in OPERATORS:
            return ESC + run
        if run == run.lower():
            return run
        if len(run) >= 2 and run == run.upper():
            return ALLCAPS + run.lower()
        out = [TITLE + run[0].lower() if run[0].isupper() else run[0]]
        out += [CAPNEXT + c.lower() if c.isupper() else c for c in run[1:]]
        return "".join(out)

    return re.sub("[A-Za-z]+|[\ue001-\ue004]", word, text)


def restore(text):
    """The text, or None where the operators cannot be undone."""
    out, i, in_word = [], 0, False
    letter = lambda k: k < len(text) and text[k].isascii() and text[k].isalpha()
    while i < len(text):
        c = text[i]
        if c == ESC:
            if i + 1 >= len(text) or text[i + 1] not in OPERATORS:
                return None
            out.append(text[i + 1])
            i, in_word = i + 2, False
        elif c in (TITLE, ALLCAPS):
            if in_word or not letter(i + 1):
                return None
            i += 1
            out.append(text[i].upper())
            i += 1
            while c == ALLCAPS and letter(i):
                out.append(text[i].upper())
                i += 1
            in_word = True
        elif c == CAPNEXT:
            if not letter(i + 1):
                return None
            out.append(text[i + 1].upper())
            i, in_word = i + 2, True
        else:
            out.append(c)
            in_word = c.isascii() and c.isalpha()
            i += 1
    return "".join(out)


def table(sp):
    base, leading, boundary = [], [], []
    for i in range(sp.vocab_size()):
        b, l, e = 0, 0, 1
        if not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)):
            e, piece = 0, sp.id_to_piece(i)
            if sp.is_byte(i):
                b = 1
            else:
                if piece.startswith(SPACE):
                    l, piece = 1, piece[1:]
                b = len(piece.encode("utf-8"))
        base.append(b), leading.append(l), boundary.append(e)
    return base, leading, boundary


def first_difference(a, b):
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return i
    return min(len(a), len(b))


model, docs = sys.argv[1:3]
sp = spm.SentencePieceProcessor(model_file=model)
cased = sp.piece_to_id(TITLE) != sp.unk_id()
base, leading, boundary = table(sp)
print(json.dumps({"base": base, "leading": leading, "boundary": boundary}))
for line in open(docs, encoding="utf-8"):
    text = json.loads(line)["text"]
    given = transform(text) if cased else text
    ids = sp.encode(given)
    decoded = sp.decode(ids)
    back = restore(decoded) if cased else decoded
    lut, previous = 0, sp.bos_id()
    for i in ids:
        lut += base[i] + (leading[i] and not boundary[previous])
        previous = i
    normalized = sp.normalize(given).replace(SPACE, " ")
    original = text.encode("utf-8")
    result = {
        "tokens": len(ids),
        "ids": hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).hexdigest(),
        "original": len(original),
        "lut": int(lut),
        "lossless": back == text,
    }
    if back is not None:
        result["decoded"] = len(back.encode("utf-8"))
        result["first"] = None if back == text else first_difference(original, back.encode("utf-8"))
    if not cased:
        result["normalized"] = len(normalized.encode("utf-8"))
    print(json.dumps(result))
