"""Bytes of targets by the vocabulary's rule."""

import sentencepiece as spm
import torch

SPACE = "\u2581"


class ByteTable:
    def __init__(self, model_file):
        self.sp = spm.SentencePieceProcessor(model_file=model_file)
        self.vocab = self.sp.vocab_size()
        rows = [self._row(i) for i in range(self.vocab)]
        self.base, self.lead, self.stop = torch.tensor(rows).unbind(1)

    def _row(self, i):
        sp = self.sp
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            return 0, 0, 1
        if sp.is_byte(i):
            return 1, 0, 0
        piece = sp.id_to_piece(i)
        if piece.startswith(SPACE):
            return len(piece.replace(SPACE, " ").encode("utf-8")), 1, 0
        return len(piece.encode("utf-8")), 0, 0

    def count(self, before, target):
        return int((self.base[target] + self.lead[target] * (1 - self.stop[before])).sum())
