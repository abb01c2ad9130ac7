"""Bytes of a target by the challenge's look-up table (`lut`).

Per id: control, unknown and unused pieces have 0 bytes and are boundaries; a byte piece
has 1; any other piece loses one leading "▁", if it has one, and has the UTF-8 length of
the rest. The lost "▁" counts 1 byte where the token before is no boundary:
    bytes(i) = base[t[i]] + (leading[t[i]] and not boundary[t[i−1]])
"""

import numpy as np
import sentencepiece as spm


def tables(tokenizer: spm.SentencePieceProcessor, vocab: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """base int64, leading bool, boundary bool, each [vocab]; ids beyond the tokenizer are padding."""
    base = np.zeros(vocab, np.int64)
    leading = np.zeros(vocab, bool)
    boundary = np.ones(vocab, bool)
    for i in range(tokenizer.vocab_size()):
        if tokenizer.is_control(i) or tokenizer.is_unknown(i) or tokenizer.is_unused(i):
            continue
        boundary[i] = False
        if tokenizer.is_byte(i):
            base[i] = 1
            continue
        piece = tokenizer.id_to_piece(i)
        leading[i] = piece.startswith("▁")
        base[i] = len(piece.removeprefix("▁").encode("utf-8"))
    return base, leading, boundary


def target_bytes(tokenizer: spm.SentencePieceProcessor, vocab: int, stream: np.ndarray) -> np.ndarray:
    """int64 [n]; entry i is the bytes of target i, and entry 0, which is no target, is 0."""
    base, leading, boundary = tables(tokenizer, vocab)
    counts = base[stream]
    counts[1:] += leading[stream[1:]] & ~boundary[stream[:-1]]
    counts[0] = 0
    return counts
