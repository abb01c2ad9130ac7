#!/usr/bin/env bash
# PyTorch's turn in the end-to-end comparison, one process a shape:  peer.sh SHAPE PRECISION [WINDOW]
set -euo pipefail
shape=$1 precision=$2 only=${3:-}
{ read -r chunk; read -r sliding; } < <(node bench/gpu/shard.mjs "$MODELS" "$shape")
windows=(--chunk "$chunk")
[ -n "$only" ] || windows+=(--sliding "$sliding")
exec "$PYTHON" bench/gpu/peer.py "$shape" "$MODELS/$shape" "$precision" "$RESULTS/end-to-end.jsonl" "${windows[@]}"
