#!/usr/bin/env bash
# Tests and measures the GPU side on a machine with a GPU, without Node and without network.
#
#   bash gpu-check.sh PIECES OUT
#
# PIECES is a folder with what scripts/gpu-pack.mjs made, or some of it: pieces are kept in
# BPB_GPU_STORE (default /tmp/bpb-gpu), and the run starts when the last one is there. OUT gets the
# results. Needs bash, tar, sha256sum and the NVIDIA driver; CMake and nvcc where the scorer was not
# packed, and for the kernel laboratory; PyTorch (PYTHON, default python3) for the peers.
#
# BPB_GPU_STEPS chooses: "build doctor lab tests models end-to-end sotu" by default. Each step's output
# is OUT/<step>.log, and its exit code a line of OUT/steps. Exit 0 when all steps did, else 1.
set -uo pipefail

pieces=${1:?usage: gpu-check.sh PIECES OUT}
out=${2:?usage: gpu-check.sh PIECES OUT}
store=${BPB_GPU_STORE:-/tmp/bpb-gpu}
python=${PYTHON:-python3}
mkdir -p "$out" "$store/pieces"
out=$(cd "$out" && pwd)

# The list of pieces comes with every load; a piece is kept only when it is whole.
[ -f "$pieces/bpb-gpu.sha256" ] && cp "$pieces/bpb-gpu.sha256" "$store/pieces/"
[ -f "$store/pieces/bpb-gpu.sha256" ] || { echo "no bpb-gpu.sha256 in $pieces"; exit 2; }
total=0 missing=0
while read -r sum name; do
  total=$((total + 1))
  whole() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sum" ]; }
  if ! whole "$store/pieces/$name"; then
    if whole "$pieces/$name"; then
      cp "$pieces/$name" "$store/pieces/$name"
    else
      missing=$((missing + 1))
      echo "missing: $name"
    fi
  fi
done <"$store/pieces/bpb-gpu.sha256"
if [ "$missing" -gt 0 ]; then
  echo "$((total - missing)) of $total pieces are here; bring the others"
  exit 0
fi

tree=$store/tree
if ! cmp -s "$store/pieces/bpb-gpu.sha256" "$tree/.unpacked"; then
  rm -rf "$tree" && mkdir -p "$tree"
  cut -c67- "$store/pieces/bpb-gpu.sha256" | (cd "$store/pieces" && xargs cat) | tar -xz -C "$tree" || exit 1
  cp "$store/pieces/bpb-gpu.sha256" "$tree/.unpacked"
fi
cd "$tree" || exit 1
export PATH="$tree:$PATH" BPB_TEST_ORT_LIB="$tree/ort" BPB_TEST_REQUIRE_GPU=1 PYTHON="$python" BPB_PYTHON="$python"

# CUDA's libraries as pip installs them lie in folders that no loader looks into.
found=$("$python" - <<'PY' 2>/dev/null
import glob, site, sys
roots = site.getsitepackages() + [p for p in sys.path if p.endswith("site-packages")]
print(":".join(dict.fromkeys(d for r in roots for d in sorted(glob.glob(r + "/nvidia/*/lib")))))
PY
)
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:$found:/usr/local/cuda/lib64"

failed=0
step() { # name, command...
  local name=$1; shift
  case " ${BPB_GPU_STEPS:-build doctor lab tests models end-to-end sotu} " in *" $name "*) ;; *) return 0 ;; esac
  echo "== $name: $*"
  local start=$SECONDS
  "$@" >"$out/$name.log" 2>&1
  local code=$?
  echo "$name $code $((SECONDS - start)) s" | tee -a "$out/steps"
  if [ $code -ne 0 ]; then failed=1; tail -n 15 "$out/$name.log"; fi
}

scorer() {
  if [ -f native/build/Release/libbpb_cuda.so ]; then echo "the packed libbpb_cuda.so"; return 0; fi
  cmake -S native/cuda -B native/build/cuda "-DBPB_CUDA_OUTPUT=$tree/native/build/Release" &&
    cmake --build native/build/cuda && [ -f native/build/Release/libbpb_cuda.so ]
}
machine() {
  date -u +%FT%TZ; uname -a; nvidia-smi
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory --format=csv
  nvcc --version; "$python" -c 'import torch; print("torch", torch.__version__)'
  true
}
sotu() { # the trained model, CPU and GPU beside each other, as exported and rewritten
  local code=0
  node dist/cli/main.js score models/sotu-8x256 --device cpu --json >"$out/sotu-cpu.json" || code=1
  node dist/cli/main.js score models/sotu-8x256 --device cuda:0 --ort-lib ort --allow-cpu-nodes --json \
    >"$out/sotu-cuda.json" || code=1
  # Rewritten to fp16, chunk and sliding: proved, verified, and without a node on the CPU.
  node dist/cli/main.js score models/sotu-8x256 --device cuda:0 --ort-lib ort --optimize --json \
    >"$out/sotu-optimized.json" || code=1
  for optimize in "" --optimize; do
    node dist/cli/main.js score models/sotu-8x256 --device cuda:0 --ort-lib ort --allow-cpu-nodes \
      --window sliding --seq-len 512 --stride 64 --limit-docs 20 $optimize --json \
      >"$out/sotu-sliding$optimize.json" || code=1
  done
  return $code
}

: >"$out/steps"
machine >"$out/machine.log" 2>&1
step build scorer
step doctor node dist/cli/main.js doctor --ort-lib ort --require cuda
step lab bash native/bench/run.sh "$out/kernel-lab.md"
step tests node node_modules/vitest/vitest.mjs run test/gpu test/native-cuda test/engine/3 test/score/40 test/score/50
step models "$python" bench/gpu/make_models.py "$store/models"
step end-to-end node bench/gpu/run.mjs "$store/models" "$out" --ort-lib ort
step sotu sotu
exit $failed
