"""The table of exports: what each entry needs, makes, and must come to."""

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Tokens a row, of the examples that are traced and of the scores.
TIME = 32


@dataclass(frozen=True)
class Entry:
    """`make(folder)` writes `model.onnx`, and what it refers to, into an empty folder.

    outcome: `score`, `withheld` (a result without a headline) or `refused`; the message of the last
    two must match `says`. `flags` are those of `bpb score` that the entry needs beside the common ones.
    """

    name: str
    needs: tuple[str, ...]
    make: Callable[[Path], None]
    outcome: str = "score"
    says: str = ""
    flags: tuple[str, ...] = ()
    #: Flags with which a `refused` or `withheld` export is scored: the way out, where it is a flag.
    instead: tuple[str, ...] = ()
    #: What the outputs are, for the referee: logits, probabilities or log-probabilities.
    gives: str = "logits"


ENTRIES: dict[str, Entry] = {}


def entry(name: str, *needs: str, **fields):
    """Decorates the function that makes the export."""

    def register(make: Callable[[Path], None]):
        assert name not in ENTRIES, name
        ENTRIES[name] = Entry(name=name, needs=needs, make=make, **fields)
        return make

    return register


def missing(modules: tuple[str, ...]) -> list[str]:
    """Those that this Python does not have; `transformers<5` and `transformers>=5` look at the version."""
    return [name for name in modules if not present(name)]


def present(module: str) -> bool:
    for sign in ("<", ">="):
        name, found, bound = module.partition(sign)
        if found:
            if importlib.util.find_spec(name) is None:
                return False
            major = int(importlib.metadata.version(name).split(".")[0])
            return major < int(bound) if sign == "<" else major >= int(bound)
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a parent package
        return False
