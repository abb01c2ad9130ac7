#!/usr/bin/env bash
# Builds the kernel laboratory for this machine's GPU, checks every version, times them and PyTorch,
# and writes it all to one file.
#
#   native/bench/run.sh [FILE] [GIB]      default: out/kernel-lab.md, 1 GiB of logits
#
# Needs nvcc (PATH, CUDA_HOME or BPB_NVCC) and a GPU; PyTorch (PYTHON, default python3) for the peers,
# whose rows are left out without it. Needs no network. Takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=${1:-out/kernel-lab.md}
gib=${2:-1}
build=native/build/lab
mkdir -p "$(dirname "$file")"

command -v nvidia-smi >/dev/null || { echo "no nvidia-smi: this needs a machine with a GPU" >&2; exit 4; }
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)
cmake -S native/cuda -B "$build" -DBPB_CUDA_REPORT=ON \
  "-DBPB_CUDA_ARCHITECTURES=arch=compute_$architecture,code=sm_$architecture" >"$file.build" 2>&1
cmake --build "$build" --target bpb_lab >>"$file.build" 2>&1 ||
  { cat "$file.build"; exit 4; }
lab=$build/Release/bpb_lab

{
  echo "# Kernel laboratory, $(date -u +%FT%TZ), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo
  "$lab" device
  echo "command: native/bench/run.sh $file $gib"
  echo "spilling kernels: $(grep 'bytes stack frame' "$file.build" | grep -vc ' 0 bytes spill stores' || true)"
  echo
} | tee "$file"

# Wrong results end the run here: what is not right is not timed.
"$lab" check >"$file.check" || { grep '"ok":false' "$file.check"; exit 1; }
echo "all cases right: $(grep -c '"ok":true' "$file.check") groups and checks" | tee -a "$file"
"$lab" time "$gib" | tee -a "$file"
if "${PYTHON:-python3}" native/bench/peers.py "$gib" >"$file.peers" 2>"$file.peers.log"; then
  tee -a "$file" <"$file.peers"
else
  echo "PyTorch: not measured (see $file.peers.log)" | tee -a "$file"
fi
echo "written to $file"
