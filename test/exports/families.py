"""Small random models of transformers' families, by configuration, and a tokenizer of bytes for tools
that ask for one."""

from pathlib import Path

#: Heads of 16: GroupQueryAttention with a rotation takes no smaller ones.
VOCAB, DIM, HEADS, LAYERS, LONGEST = 260, 64, 4, 2, 64

COMMON = {
    "vocab_size": VOCAB,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
#: Names that most configurations have.
MODERN = {
    "hidden_size": DIM,
    "intermediate_size": 2 * DIM,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "max_position_embeddings": LONGEST,
}
FAMILIES = {
    "gpt2": {"n_embd": DIM, "n_layer": LAYERS, "n_head": HEADS, "n_positions": LONGEST},
    "gptj": {
        "n_embd": DIM,
        "n_layer": LAYERS,
        "n_head": HEADS,
        "n_positions": LONGEST,
        "rotary_dim": 4,
    },
    "gpt_neo": {
        "hidden_size": DIM,
        "num_layers": LAYERS,
        "num_heads": HEADS,
        "max_position_embeddings": LONGEST,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 16,
    },
    "llama": MODERN,
    "qwen2": MODERN,
    "qwen3": {**MODERN, "head_dim": 16},
    "mistral": {**MODERN, "sliding_window": None},
    "gemma": {**MODERN, "head_dim": 16},
    "gemma2": {**MODERN, "head_dim": 16, "sliding_window": 64, "query_pre_attn_scalar": 16},
    "olmo2": MODERN,
    "phi": {**MODERN, "num_key_value_heads": HEADS},
    "phi3": {**MODERN, "sliding_window": None},
    "stablelm": MODERN,
    "granite": MODERN,
    "gpt_neox": {k: v for k, v in MODERN.items() if k != "num_key_value_heads"},
    "opt": {
        "hidden_size": DIM,
        "ffn_dim": 2 * DIM,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": LONGEST,
        "word_embed_proj_dim": DIM,
    },
    "bloom": {"hidden_size": DIM, "n_layer": LAYERS, "n_head": HEADS},
    "falcon": {
        "hidden_size": DIM,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "alibi": False,
        "max_position_embeddings": LONGEST,
    },
    "mpt": {"d_model": DIM, "n_layers": LAYERS, "n_heads": HEADS, "max_seq_len": LONGEST},
    "mamba": {"hidden_size": DIM, "num_hidden_layers": LAYERS, "state_size": 8},
    "lfm2": {**MODERN, "block_ff_dim": 2 * DIM, "layer_types": ["conv", "full_attention"]},
}

#: Those whose attention transformers has in no other way.
EAGER = ("gemma2", "gptj", "gpt_neo", "bloom", "mpt", "mamba")


def model(family: str, attention: str | None = None):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(7)
    config = AutoConfig.for_model(family, **COMMON, **FAMILIES[family])
    attention = attention or ("eager" if family in EAGER else "sdpa")
    made = AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()
    with torch.no_grad():  # the usual 0.02 gives logits that hardly depend on the context
        for p in made.parameters():
            if p.dim() >= 2:
                p.normal_(std=0.2)
    return made


def checkpoint(family: str, folder: Path) -> Path:
    """A folder as `save_pretrained` writes it, with the tokenizer."""
    model(family).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def tokenizer():
    """Byte b has the id b + 4, as in byte260."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    # The printable characters that stand for bytes in GPT-2's scheme, in the order of the bytes.
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    names = {byte: chr(byte) for byte in visible} | {b: chr(256 + k) for k, b in enumerate(hidden)}
    pieces = [*special, *(names[byte] for byte in range(256))]
    bpe = models.BPE(vocab={piece: k for k, piece in enumerate(pieces)}, merges=[])
    made = Tokenizer(bpe)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )
