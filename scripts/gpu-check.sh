#!/usr/bin/env bash
# Tests and measures the GPU side on a machine with a GPU, without Node and without network.
#
#   bash gpu-check.sh ARCHIVES OUT [--stages A,B] [--steps NAME,NAME] [--seconds N] [--patience N] [--again] [--list]
#
# ARCHIVES is a folder with what scripts/gpu-pack.mjs made, or some of it: archives are kept in
# BPB_GPU_STORE (default /tmp/bpb-gpu), so that each may come with a call of its own; stage A needs the
# first one only. OUT gets results.tar.gz, rewritten after every step, and summary.txt, which is printed
# last. Steps and their limits: scripts/gpu/steps. A step that has its result is not run again, unless
# --again is given; the call takes no more than --seconds (570) in all. --patience multiplies the limits of
# steps and stages, for a slower machine.
#
# Needs bash, coreutils, tar, xz or gzip as packed (or python3 for xz), and the NVIDIA driver; PyTorch
# (PYTHON, default python3) for the peers, ncu in PATH for times of single kernels.
#
# --dry-run DIR tries the whole on a machine without a GPU, on the CUDA runtime that does nothing in
# DIR, with a libcuda.so.1, libbpb_cuda.so and bpb_lab that are linked to it: steps must end with the
# answers `values not judged` and `peer absent`, which are failures on a GPU.
# Exit 0 when all steps did well, 1 when one did not, an archive is damaged or OUT cannot be written, 2 on
# wrong usage and where nothing could be run.
set -uo pipefail

usage() { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
die() { echo "gpu-check: $*" >&2; exit 2; }

archives='' out='' stages='' chosen='' total=570 patience=1 again='' list='' dry=''
while [ $# -gt 0 ]; do
  case $1 in
    --stages) stages=${2:?}; shift ;;
    --steps) chosen=${2:?}; shift ;;
    --seconds) total=${2:?}; shift ;;
    --patience) patience=${2:?}; shift ;;
    --dry-run) dry=$(cd "${2:?}" && pwd) || die "--dry-run $2: no such folder"; shift ;;
    --again) again=1 ;;
    --list) list=1 ;;
    -*) usage ;;
    *) if [ -z "$archives" ]; then archives=$1; elif [ -z "$out" ]; then out=$1; else usage; fi ;;
  esac
  shift
done
[ -n "$archives" ] && [ -n "$out" ] || usage
for number in "$total" "$patience"; do
  case $number in '' | *[!0-9]*) die "not a whole number: $number" ;; esac
done
store=${BPB_GPU_STORE:-/tmp/bpb-gpu}
export PYTHON=${PYTHON:-python3}
began=$SECONDS failed=0
mkdir -p "$out" "$store/archives" && : >"$out/.results.tar.gz" && rm "$out/.results.tar.gz" ||
  die "cannot write to $out and $store"
out=$(cd "$out" && pwd) store=$(cd "$store" && pwd)

# The list of archives comes with every load; an archive is kept only when it is whole.
list_of=$store/archives/bpb-gpu.sha256
[ -f "$archives/bpb-gpu.sha256" ] && cp "$archives/bpb-gpu.sha256" "$list_of"
[ -f "$list_of" ] || die "no bpb-gpu.sha256 in $archives"
sum_of() { sha256sum <"$1" | cut -d' ' -f1; }
missing=()
while read -r sum name; do
  kept=$store/archives/$name
  if [ -f "$kept" ] && [ "$(sum_of "$kept")" = "$sum" ]; then continue; fi
  if [ ! -f "$archives/$name" ]; then
    missing+=("$name")
  elif found=$(sum_of "$archives/$name"); [ "$found" = "$sum" ]; then
    cp "$archives/$name" "$kept"
  else
    echo "wrong sum: $archives/$name is $found, expected $sum; pack or load it again"
    missing+=("$name") failed=1
  fi
done <"$list_of"
[ ${#missing[@]} -eq 0 ] || echo "not here yet: ${missing[*]}"

unpack_to() { # tree, archive...: one archive cut in pieces
  local tree=$1 first=$2; shift
  case $first in
    *.tar.gz*) cat "$@" | tar -xz -C "$tree" ;;
    *) if command -v xz >/dev/null; then cat "$@" | xz -dc; else
         cat "$@" | "$PYTHON" -c 'import lzma,shutil,sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer)'
       fi | tar -x -C "$tree" ;;
  esac
}
tree=$store/tree
have() { # first or rest: whether it is unpacked, doing so where all of its archives are there
  local name names=()
  while read -r _ name; do
    case $1:$name in first:bpb-gpu-1.*) ;; rest:bpb-gpu-1.*) continue ;; rest:*) ;; *) continue ;; esac
    case " ${missing[*]} " in *" $name "*) return 1 ;; esac
    names+=("$store/archives/$name")
  done <"$list_of"
  [ ${#names[@]} -gt 0 ] || return 0
  cmp -s "$list_of" "$tree/.unpacked-$1" && return 0
  [ "$1" = rest ] || { rm -rf "$tree" && mkdir -p "$tree"; }
  unpack_to "$tree" "${names[@]}" || { echo "cannot unpack ${names[*]}" >&2; return 1; }
  cp "$list_of" "$tree/.unpacked-$1"
}
have first || { echo "the first archive is needed for any step"; exit $((failed > 0 ? 1 : 2)); }
rest=''
if have rest; then rest=1; fi
cd "$tree" || exit 2
if [ -n "$list" ]; then grep -v '^#' scripts/gpu/steps | cut -d' ' -f1-4; exit 0; fi

# A name that is not there would run nothing, and that would look like success.
known() { # field, names with commas: whether scripts/gpu/steps has each of them in that field
  local name
  for name in ${2//,/ }; do
    grep -v -e '^#' -e '^stage ' scripts/gpu/steps | cut -d' ' -f"$1" | grep -qxF -- "$name" ||
      die "no $([ "$1" = 1 ] && echo stage || echo step) is called $name; --list names them"
  done
}
known 1 "$stages"
known 2 "$chosen"

# Results, and what is measured with, belong to what was packed; those of a dry run are no results.
results=$store/results-$(sum_of "$list_of" | cut -c1-12)${dry:+-dry}/results
mkdir -p "$results/steps" "$results/logs"
export RESULTS=$results MODELS=${results%/*}/models ORT=$tree/ort LAB=$tree/bin/bpb_lab GIB=0.5
export PATH=$tree/bin:$PATH PYTHONPATH=$tree/peers${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1
# Token streams are written beside the models, and are no part of the tree.
if [ -d gpu-models ] && [ ! -d "$MODELS" ]; then
  # By another name until it is whole: this may be ended in the middle.
  rm -rf "$MODELS.part" && cp -r gpu-models "$MODELS.part" && mv "$MODELS.part" "$MODELS"
fi
sed "s/\"dry_run\":[a-z]*/\"dry_run\":$([ -n "$dry" ] && echo true || echo false)/" pack.json >"$results/run.json"

# CUDA's libraries as pip installs them lie in folders that no loader looks into.
libraries=$("$PYTHON" - 2>/dev/null <<'PY'
import glob, site, sys
roots = site.getsitepackages() + [p for p in sys.path if p.endswith("site-packages")]
print(":".join(dict.fromkeys(d for r in roots for d in sorted(glob.glob(r + "/nvidia/*/lib")))))
PY
)
export LD_LIBRARY_PATH=${dry:+$dry:}${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries:/usr/local/cuda/lib64
unset BPB_GPU_DRY_RUN BPB_GPU_AGAIN
[ -z "$again" ] || export BPB_GPU_AGAIN=1
if [ -z "$dry" ]; then
  PATH=$PATH:/usr/local/cuda/bin # ncu, where it is not in PATH
else
  # The least that the laboratory takes: its times mean nothing here.
  export GIB=0.25 BPB_GPU_DRY_RUN=1 LAB=$dry/bpb_lab BPB_CUDA_LIBRARY=$dry/libbpb_cuda.so BPB_CUDA_DRIVER=$dry/libcuda.so.1
fi

save() { # after every step: whatever ends this run later, these results are safe
  node scripts/gpu/summary.mjs "$results" >"$out/summary.txt" 2>&1
  tar -czf "$out/.results.tar.gz" -C "$results/.." results
  # 1 is a file that was written to meanwhile, as by what a step left running.
  if [ $? -gt 1 ] || ! mv "$out/.results.tar.gz" "$out/results.tar.gz"; then
    echo "cannot write $out/results.tar.gz; the results so far are in $results" >&2
    failed=1
  fi
}
# A step is a group of processes by the number of its `timeout`. What a step that died has left of it would
# hold the GPU while the next one is measured, and so would the step of a call that was killed.
running=${results%/*}/running
end_running() {
  local group
  read -r group <"$running" 2>/dev/null && kill -KILL -- "-$group" 2>/dev/null
  rm -f "$running"
}
if [ -f "$running" ]; then
  # Not a number that something else has by now.
  case $(tr '\0' ' ' <"/proc/$(cat "$running")/cmdline") in
    'timeout -k 3 '*) end_running ;;
  esac 2>/dev/null
fi
among() { [ -z "$1" ] || case ",$1," in *",$2,"*) ;; *) return 1 ;; esac; }
good() { [ "$1" = ok ] || { [ -n "$dry" ] && { [ "$1" = 'peer absent' ] || [ "$1" = 'values not judged' ]; }; }; }

record() { # stage name status code seconds limit when: the step's result, and what its log says last
  local answer
  # What JSON would have to escape is left out.
  answer=$(grep -a '^answer: ' "$results/logs/$2.log" 2>/dev/null | tail -n 1 | cut -c9-)
  answer=${answer//[[:cntrl:]\"\\]/}
  printf '{"step":"%s","stage":"%s","status":"%s","answer":"%s","code":%d,"seconds":%d,"limit":%d,"began":"%s","dry_run":%s}\n' \
    "$2" "$1" "$3" "$answer" "$4" "$5" "$6" "$7" "$([ -n "$dry" ] && echo true || echo false)" >"$results/steps/$2.json"
  if [ "$answer" = "$3" ]; then answer=''; fi
  echo "   $3, $5 s${answer:+: $answer}"
  good "$3" || failed=1
}
step() { # stage name limit command
  local stage=$1 name=$2 limit=$3 start=$SECONDS when code took status
  local before=$results/steps/$name.json
  if [ -z "$again" ] && [ -f "$before" ] && good "$(sed -n 's/.*"status":"\([^"]*\)".*/\1/p' "$before")"; then
    echo "== $stage $name: has its result"
    return
  fi
  echo "== $stage $name, at most $limit s"
  when=$(date -u +%FT%TZ)
  if [ "$limit" -lt 3 ]; then
    failed=1
    # What an earlier call found of it stands.
    if [ -f "$before" ]; then echo '   not begun again: no time'; return; fi
    rm -f "$results/logs/$name.log"
    record "$stage" "$name" 'not begun' 0 0 "$limit" "$when"
    return
  fi
  timeout -k 3 "$limit" bash -c "$4" >"$results/logs/$name.log" 2>&1 </dev/null &
  echo $! >"$running"
  wait $! 2>/dev/null
  code=$? took=$((SECONDS - start))
  end_running
  case $code in
    0) status=ok ;;
    10) status='peer absent' ;;
    11) status='values not judged' ;;
    124) status=timeout ;;
    *) status=failed; if [ "$code" -eq 137 ] && [ "$took" -ge "$limit" ]; then status=timeout; fi ;;
  esac
  record "$stage" "$name" "$status" "$code" "$took" "$limit" "$when"
  good "$status" || tail -n 12 "$results/logs/$name.log" | cut -c1-400
  tail -c 65536 "$results/logs/$name.log" >"$results/logs/.cut" && mv "$results/logs/.cut" "$results/logs/$name.log"
  save
}

waiting=0
while read -r -u 9 stage name seconds needs command; do
  case $stage in '#'* | '') continue ;; esac
  if [ "$stage" = stage ]; then
    stage_end=$((SECONDS + seconds * patience))
    continue
  fi
  if ! among "$stages" "$stage" || ! among "$chosen" "$name"; then continue; fi
  if [ "$needs" = all ] && [ -z "$rest" ]; then
    waiting=$((waiting + 1))
    continue
  fi
  limit=$((seconds * patience))
  for left in $((stage_end - SECONDS)) $((began + total - SECONDS)); do
    if [ "$left" -lt "$limit" ]; then limit=$left; fi
  done
  step "$stage" "$name" "$limit" "$command"
done 9<scripts/gpu/steps
save
cat "$out/summary.txt"
if [ "$waiting" -gt 0 ]; then
  echo "$waiting steps wait for ${missing[*]}"
  [ -z "$stages$chosen" ] || failed=1
fi
exit $failed
