"""Normalizes every code point, and random sequences, by each of SentencePiece's rules."""

import json
import random
import sys

import sentencepiece as spm

RULES = ["identity", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"]
seed = json.load(sys.stdin)["seed"]
draw = random.Random(seed)

BLOCK = 1 << 11
# The planes that have characters, each character between letters, so that a mark has one to stand on.
FIRST = [*range(0, 0xD800, BLOCK), *range(0xE000, 0x34000, BLOCK), 0xE0000]
texts = ["".join(f"x{chr(code)}y " for code in range(first, first + BLOCK)) for first in FIRST]

MARKS = [chr(c) for c in [*range(0x300, 0x370), *range(0x591, 0x5BE), *range(0x64B, 0x660), 0x3099]]
JAMO = [chr(c) for c in [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]]
SPECIAL = list(" \t\n\r\x01\x0b\x7f\u00a0\u200b\u200c\u200d\u200e\u2028\u2581\ufeff\ufffd\uff5e")
LETTERS = list("aeioucnszAEO ½ﬁ㎏ﷺ…²Å") + [chr(c) for c in range(0x1E00, 0x2000)]
ANY = [chr(c) for c in range(1, 0x30000) if not 0xD800 <= c < 0xE000]
POOLS = [MARKS, JAMO, SPECIAL, LETTERS, ANY]
for _ in range(4000):
    pools = [draw.choice(POOLS), draw.choice(POOLS), LETTERS]
    texts.append("".join(draw.choice(draw.choice(pools)) for _ in range(draw.randint(1, 24))))


def normalized(rule, squeeze):
    normalizer = spm.SentencePieceNormalizer(
        rule_name=rule,
        escape_whitespaces=False,
        add_dummy_prefix=False,
        remove_extra_whitespaces=squeeze,
    )
    return [normalizer.Normalize(text) for text in texts]


json.dump(
    {
        "blocks": len(FIRST),
        "texts": texts,
        "rules": [
            {"rule": rule, "squeeze": squeeze, "normalized": normalized(rule, squeeze)}
            for rule in RULES
            for squeeze in (False, True)
        ],
    },
    sys.stdout,
)
