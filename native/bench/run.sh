#!/usr/bin/env bash
# Builds the kernel laboratory for this machine's GPU, checks every version, times them and their
# peers, and writes it all to one folder.
#
#   native/bench/run.sh [FOLDER] [GIB]      default: out/kernel-lab, 0.5 GiB of logits
#
# Needs nvcc (PATH, CUDA_HOME or BPB_NVCC), Node and a GPU; PyTorch, Triton and QuACK (PYTHON, default python3)
# for the peers, whose rows are left out without them. Needs no network. Takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-out/kernel-lab}
gib=${2:-0.5}
python=${PYTHON:-python3}
build=native/build/lab
mkdir -p "$out"

command -v nvidia-smi >/dev/null || { echo "no nvidia-smi: this needs a machine with a GPU" >&2; exit 4; }
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)
cmake -S native/cuda -B "$build" -DBPB_CUDA_REPORT=ON \
  "-DBPB_CUDA_ARCHITECTURES=arch=compute_$architecture,code=sm_$architecture" >"$out/build.log" 2>&1
cmake --build "$build" --target bpb_lab >>"$out/build.log" 2>&1 ||
  { cat "$out/build.log"; exit 4; }
lab=$build/Release/bpb_lab
echo "spilling kernels: $(grep 'bytes stack frame' "$out/build.log" | grep -vc ' 0 bytes spill stores' || true)"

# Wrong results end the run here: what is not right is not timed.
"$lab" check >"$out/kernel-check.jsonl" || { grep '"ok":false' "$out/kernel-check.jsonl"; exit 1; }
echo "all cases right: $(grep -c '"ok":true' "$out/kernel-check.jsonl") groups and checks"
"$lab" check-operators >"$out/operators-check.jsonl" || { grep '"ok":false' "$out/operators-check.jsonl"; exit 1; }
"$lab" time "$gib" >"$out/kernel-lab.jsonl"
"$lab" time-operators >"$out/operators.jsonl"
rm -f "$out/peers.jsonl"
for who in torch triton quack; do
  "$python" native/bench/peers/measure.py "$who" "$out/peers.jsonl" "$gib" >"$out/$who.log" 2>&1 ||
    tail -n 1 "$out/$who.log"
done
{
  echo "# Kernel laboratory, $(date -u +%FT%TZ), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo
  node native/bench/table.mjs "$out/kernel-lab.jsonl" "$out/peers.jsonl" "$out/operators.jsonl" --all
} | tee "$out/kernel-lab.md"
