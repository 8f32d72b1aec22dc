#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# gpu.sh [--dry-run] PHOTOS EVAL OUT [TRAIN-OPTION...]
#
# One training from the bundled weights on a bare machine with one GPU, PyTorch and no network, in about a quarter of
# an hour: 10 minutes of training in bfloat16 with the largest batch that fits, then the figures.
#   PHOTOS   a folder of photographs, or a .tar of one (pack.py makes them small)
#   EVAL     the evaluation folder of evaluate.py, "" for no figures
#   OUT      gets log, figures, model/ with the weights in pieces of at most 15 MiB (weights.00, weights.01, ...), and
#            state/ in parts of that size, from which the same command goes on
# --dry-run: the same on the CPU for some seconds with tiny batches, to see that nothing is missing.
#
#   cat OUT/model/weights.?? >OUT/model/unet/diffusion_pytorch_model.safetensors

set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

dry=
[ "${1-}" != --dry-run ] || { dry=1; shift; }
[ $# -ge 3 ] || { sed -n '4,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
photos=$1 eval=$2 out=$3
shift 3

mkdir -p "$out"
case $photos in
  *.tar) mkdir -p "$out/photos"; tar -xf "$photos" -C "$out/photos" --strip-components=1; photos=$out/photos ;;
esac

if [ -n "$dry" ]; then
  set -- --device cpu --steps 2 --patch 32 --batch 4 "$@"
  figures='--device cpu --every 34'
else
  set -- --device cuda --minutes 10 --decay 3 --patch 128 --batch 0 --lr 2e-3 --compile --save 2 "$@"
  figures='--device cuda'
fi

"$python" "$here/train.py" --photos "$photos" --out "$out" --init "$here/model" --part-mib 15 "$@" 2>&1 | tee -a "$out/log"

# Where the learning rate did not fall there is no final.
run=$out/final
[ -d "$run" ] || run=$out/state
"$python" "$here/export.py" "$run" "$out/model"

if [ -n "$eval" ]; then
  # shellcheck disable=SC2086
  { "$python" "$here/evaluate.py" "$out/model" --eval "$eval" $figures
    [ -n "$dry" ] || "$python" "$here/evaluate.py" "$out/model" --eval "$eval" --fill --steps 1 $figures
  } | tee "$out/figures"
fi

weights=$out/model/unet/diffusion_pytorch_model.safetensors
split -b 15M -d -a 2 "$weights" "$out/model/weights."
rm "$weights"
