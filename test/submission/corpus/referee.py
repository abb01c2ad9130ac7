"""Runs the corpus in real Python and compares what each script prints with an independent result.

A small validation set is made on the spot: a SentencePiece vocabulary with byte fallback, trained
here, shards of the challenge's form, byte sidecars, a raw byte vocabulary. The model of every script
is the same one: logit(next | previous) = 2 sin(previous - next), written out in the script or read
from `final_model.pt`, so that the loss of a target is known without the script.

A right script must print the loss and the bits per byte of targets 1..n-1, or of those without the
last incomplete row; a script with a defect must print something else. Every script must end well.

    python referee.py REQUEST.json    # {"root": FOLDER, "entries": [manifest entries]}
"""

import contextlib
import io
import json
import math
import os
import random
import re
import runpy
import shutil
import signal
import sys
import tempfile
import traceback
import types
import warnings
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch

BOS = 1
ROW = 64
VOCABULARY = 512
SETTINGS = {
    "TRAIN_SEQ_LEN": ROW,
    "EVAL_SEQ_LEN": ROW,
    "SEQ_LEN": ROW,
    "EVAL_STRIDE": 16,
    "STRIDE": 16,
    "VAL_BATCH_SIZE": 2048,
    "TTT_CHUNK_TOKENS": 512,
    "VOCAB_SIZE": VOCABULARY,
    "MODEL_DIM": 2,
    "ITERATIONS": 0,
}
WORDS = (
    "the of and to in a is that for it was on are as with be at by this have from or one had not but "
    "what all were when we there can an your which their said if do will each about how up out them "
    "then she many some so these would other into has more her two like him see time could no make "
    "than first been its who now people my made over did down only way find use may water long little "
    "very after words called just where most know get through back much before go good new write our"
).split()
ODD = [
    "caf\u00e9",
    "na\u00efve",
    "\u4f60\u597d",
    "\U0001f600",
    "\u03c0",
    "1,024",
    "x=y",
    "(so)",
    "<|sep|>",
]
# Relative: float32 losses, and the last printed digit beside it.
CLOSE = 5e-7


def documents(rng):
    for _ in range(70):
        words = [rng.choice(WORDS) for _ in range(rng.randint(3, 220))]
        for k in range(0, len(words), 9):
            words[k] = words[k].capitalize()
        for k in range(5, len(words), 23):
            words[k] = rng.choice(ODD)
        yield " ".join(words) + "."


def transformed(text):
    """Title case as an operator and a lower-case word, as the challenge's case transform does."""
    return re.sub(r"\b([A-Z])", lambda m: "\ue001" + m[1].lower(), text)


def train_tokenizer(texts, path, symbols):
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(path.with_suffix("")),
        model_type="bpe",
        vocab_size=VOCABULARY,
        byte_fallback=True,
        character_coverage=0.995,
        split_digits=True,
        user_defined_symbols=symbols,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    sp = spm.SentencePieceProcessor(model_file=str(path))
    assert sp.vocab_size() == VOCABULARY, sp.vocab_size()
    return sp


def piece_bytes(sp):
    """The challenge's rule: bytes, whether a space leads, whether nothing comes before (0 bytes)."""
    rows = []
    for i in range(sp.vocab_size()):
        piece = sp.id_to_piece(i)
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            rows.append((0, 0, 1))
        elif sp.is_byte(i):
            rows.append((1, 0, 0))
        else:
            led = piece[:1] == "\u2581"
            rows.append((len((piece[1:] if led else piece).encode()), int(led), 0))
    return np.array(rows)


def stream_bytes(sp, tokens, free=()):
    table = piece_bytes(sp)
    bytes_ = table[tokens, 0].copy()
    bytes_[1:] += table[tokens[1:], 1] * (1 - table[tokens[:-1], 2])
    bytes_[np.isin(tokens, list(free))] = 0
    return bytes_


def write_shard(path, values):
    header = np.zeros(256, "<i4")
    header[:3] = 20240520, 1, len(values)
    path.write_bytes(header.tobytes() + values.astype("<u2").tobytes())


def write_shards(folder, stem, values, cuts):
    for k, part in enumerate(np.split(values, cuts)):
        write_shard(folder / f"{stem}_{k:06d}.bin", part)


def read_shards(folder, pattern):
    files = sorted(folder.glob(pattern))
    parts = [np.fromfile(f, "<u2", offset=1024) for f in files]
    for file, part in zip(files, parts):
        assert np.fromfile(file, "<i4", 3).tolist() == [20240520, 1, len(part)], file.name
    return np.concatenate(parts) if parts else np.zeros(0, "<u2")


def build(root):
    """The working folder of every script, and per set the tokens, the bytes and the vocabulary."""
    rng = random.Random(7)
    texts = list(documents(rng))
    tokenizers, datasets = root / "data/tokenizers", root / "data/datasets"
    tokenizers.mkdir(parents=True)
    operators = ["\ue001", "\ue002", "\ue003", "\ue004"]
    cased = "lossless_caps_caseops_v1_reserved"
    plain = train_tokenizer(texts, tokenizers / "fineweb_1024_bpe.model", ["<|sep|>"])
    caser = train_tokenizer(
        map(transformed, texts),
        tokenizers / f"fineweb_8192_bpe_{cased}.model",
        [*operators, "<|sep|>"],
    )
    free = [caser.piece_to_id(c) for c in operators]
    # Characters that the tokenizers have not seen: several byte pieces each.
    texts += ["snow \u2603 and a rocket \U0001f680", "\u0416\u0416 of the \u2603\u2603 was"]
    # Nothing that is used divides the set: the last row, batch and share are incomplete ones.
    while True:
        tokens = np.array([i for text in texts for i in [BOS, *plain.encode(text)]])
        shifted = np.array([i for text in texts for i in [BOS, *caser.encode(transformed(text))]])
        raw = np.array([i for text in texts for i in [BOS, *(b + 4 for b in text.encode())]])
        sizes = [len(s) - 1 for s in (tokens, shifted, raw)]
        whole = any(n % k <= 3 for n in sizes for k in (16, 32, ROW, 128, 256, 1024))
        windows = 1 - (ROW - sizes[0]) // SETTINGS["EVAL_STRIDE"]
        shares = (len(texts), sizes[0] // ROW, windows)
        if not whole and all(n % ranks for n in shares for ranks in (2, 3)):
            break
        texts.append(" ".join(rng.choices(WORDS, k=7)))
    sets = {
        "sp": (tokens, stream_bytes(plain, tokens), VOCABULARY, "fineweb10B_sp1024"),
        "caseops": (
            shifted,
            stream_bytes(caser, shifted, free),
            VOCABULARY,
            f"fineweb10B_sp8192_{cased}",
        ),
        "byte": (raw, (raw >= 4).astype(int), 260, "fineweb10B_byte260"),
    }
    for key, (tokens, bytes_, _, name) in sets.items():
        folder = datasets / name
        folder.mkdir(parents=True)
        cuts = [len(tokens) // 3 + 5, len(tokens) // 2 + 11]
        write_shards(folder, "fineweb_val", tokens, cuts)
        write_shards(folder, "fineweb_train", tokens[::-1], [4000])
        if key == "caseops":
            write_shards(folder, "fineweb_val_bytes", bytes_, cuts)
    with open(root / "data/docs_selected.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    angle = torch.arange(VOCABULARY, dtype=torch.float64)
    state = {
        "emb.weight": torch.stack([angle.sin(), angle.cos()], 1).float(),
        "head.weight": 2 * torch.stack([angle.cos(), -angle.sin()], 1).float(),
    }
    torch.save(state, root / "final_model.pt")
    return sets


def right_results(sets, key, row):
    """(loss, bits per byte, bytes per token) of all targets, and of the complete rows alone."""
    tokens, bytes_, size, _ = sets[key]
    ids = np.arange(size)
    log_z = np.log(np.exp(2 * np.sin(ids[:, None] - ids)).sum(1))
    nats = log_z[tokens[:-1]] - 2 * np.sin(tokens[:-1] - tokens[1:])
    total = len(nats)
    for m in {total, total // row * row}:
        loss, size_ = nats[:m].sum(), bytes_[1 : m + 1].sum()
        yield loss / m, loss / math.log(2) / size_, size_ / m


def mlx_of_numpy():
    """As much of MLX as the corpus uses; MLX itself runs on few machines."""

    def cross_entropy(logits, targets, reduction):
        assert reduction == "mean"
        log_z = np.log(np.exp(logits.astype(np.float64)).sum(-1))
        return np.float32((log_z - logits[np.arange(len(targets)), targets]).mean())

    core = types.ModuleType("mlx.core")
    core.arange, core.sin, core.float32 = np.arange, np.sin, np.float32
    core.eval = lambda *arrays: None
    layers = types.ModuleType("mlx.nn")
    layers.losses = types.SimpleNamespace(cross_entropy=cross_entropy)
    core.array = np.asarray
    return {"mlx": types.ModuleType("mlx"), "mlx.core": core, "mlx.nn": layers}


def run(entry, corpus, work, rank, output, port):
    """In a process of its own: the script as `__main__`, its folder first on the path."""
    os.chdir(work)
    torch.set_num_threads(1)
    signal.alarm(60)
    script = (corpus / entry["file"] / entry.get("main", "")).resolve()
    os.environ.update({k: str(v) for k, v in SETTINGS.items()})
    if entry.get("set") == "byte":
        os.environ["VOCAB_SIZE"] = "260"
    if entry.get("ranks", 1) > 1:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(entry["ranks"]))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    os.environ.update(entry.get("env", {}))
    sys.argv = [str(script), *entry.get("argv", [])]
    sys.path.insert(0, str(script.parent))
    sys.modules.update(mlx_of_numpy())
    text, code = io.StringIO(), 0
    warnings.simplefilter("ignore")
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as exit_:
        code = 0 if exit_.code in (None, 0) else 1
        text.write(f"\nexit {exit_.code}")
    except BaseException:
        code = 1
        text.write("\n" + traceback.format_exc())
    output.write_text(text.getvalue())
    os._exit(code)


def executed(entry, corpus, template, port):
    """Output of rank 0 and the working folder, or raises with what went wrong."""
    work = Path(tempfile.mkdtemp(prefix="referee-"))
    shutil.copytree(template, work, dirs_exist_ok=True)
    if entry.get("referee") == "longer-sidecar":
        last = max(work.glob("data/datasets/*caseops*/fineweb_val_bytes_*.bin"))
        values = np.append(np.fromfile(last, "<u2", offset=1024), 0)
        write_shard(last, values)
    children = []
    for rank in range(entry.get("ranks", 1)):
        output = work / f"output-{rank}.txt"
        pid = os.fork()
        if pid == 0:
            run(entry, corpus, work, rank, output, port)
        children.append((pid, output))
    codes = [os.waitpid(pid, 0)[1] for pid, _ in children]
    for (_, output), code in zip(children, codes):
        if code != 0:
            raise AssertionError(
                f"ended with {code}: {output.read_text()[-1200:] if output.exists() else ''}"
            )
    return children[0][1].read_text(), work


def refuses(entry, corpus, template):
    """Whether the script ends with an error."""
    try:
        shutil.rmtree(executed(entry, corpus, template, 0)[1])
    except AssertionError:
        return True
    return False


def scaled(entry, corpus, path):
    """The script with a limit that the small set reaches, in place of one that only a full set does."""
    old, new = entry["scaled"]
    source = (corpus / entry["file"]).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in it"
    path.write_text(source.replace(old, new), encoding="utf-8")
    return entry | {"file": str(path)}


def printed(text, name):
    """The last figure of that name, and half a unit of its last printed digit."""
    found = re.findall(rf"{name}\W{{1,3}}(\d+\.\d+(?:e[-+]?\d+)?|nan|inf)", text)
    if not found:
        return None
    digits = len(found[-1].partition(".")[2])
    return float(found[-1]), 0.5 * 10.0**-digits


def agrees(figure, right):
    return figure is not None and abs(figure[0] - right) <= CLOSE * right + figure[1] * 1.01


def judged(entry, text, work, sets):
    """Whether the script came to the right result; with what was compared."""
    way = entry.get("referee", "values")
    key = entry.get("set", "sp")
    if way == "shards":
        tokens, bytes_, _, _ = sets[key]
        folder = work / entry["out"]
        written = read_shards(folder, "fineweb_val_[0-9]*.bin")
        right = np.array_equal(written, tokens)
        sidecar = read_shards(folder, "fineweb_val_bytes_*.bin")
        if len(sidecar):
            right = right and np.array_equal(sidecar, bytes_)
        return right, f"{len(written)} tokens of {len(tokens)}, sidecar of {len(sidecar)}"
    loss, bpb = printed(text, "val_loss"), printed(text, "val_bpb")
    results = list(right_results(sets, key, entry.get("row", ROW)))
    if bpb is None:
        raise AssertionError(f"no val_bpb printed: {text[-300:]!r}")
    if way == "quotient":
        quotient = loss[0] / bpb[0] / math.log(2)
        near = loss[1] / loss[0] + bpb[1] / bpb[0] + CLOSE
        right = any(abs(quotient / r[2] - 1) <= near for r in results)
        return right, f"{quotient:.7f} bytes a token; right {[round(r[2], 7) for r in results]}"
    right = any(agrees(bpb, r[1]) and (loss is None or agrees(loss, r[0])) for r in results)
    return right, f"loss {loss and loss[0]}, bpb {bpb[0]}; right {[r[:2] for r in results]}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    corpus = Path(request["root"]).resolve()
    template = Path(tempfile.mkdtemp(prefix="referee-set-"))
    sets = build(template)
    port = 20000 + os.getpid() % 20000
    for k, entry in enumerate(request["entries"]):
        answer, work = {"file": entry["file"]}, None
        try:
            text, work = executed(entry, corpus, template, port + 2 * k)
            if "scaled" in entry:
                small = scaled(entry, corpus, template.with_name(f"{template.name}-scaled.py"))
                shutil.rmtree(work)
                work = None
                text, work = executed(small, corpus, template, port + 2 * k + 1)
            if entry.get("referee") == "longer-sidecar":
                refused = refuses(entry | {"file": entry["twin"]}, corpus, template)
                detail = f"takes it; {entry['twin']} {'refuses' if refused else 'takes'} it"
                answer |= {"verdict": "wrong" if refused else "error", "detail": detail}
            elif entry.get("referee") == "not applicable":
                answer |= {"verdict": "runs", "detail": entry["reason"]}
            else:
                right, detail = judged(entry, text, work, sets)
                answer |= {"verdict": "right" if right else "wrong", "detail": detail}
        except AssertionError as error:
            answer |= {"verdict": "error", "detail": str(error)}
        finally:
            if work is not None:
                shutil.rmtree(work)
        print(json.dumps(answer), flush=True)
    shutil.rmtree(template)
    template.with_name(f"{template.name}-scaled.py").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
