#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# variants.sh PHOTOS EVAL OUT [STEPS]
#
# Trains each variant of the network from nothing on the same number of patches, and prints what it costs and where it got to:
# the table of variants in MODEL.md. The last line of each log in OUT has the figures.

set -eu
photos=$1 eval=$2 out=$3 steps=${4:-250}
here=$(dirname "$0")

while read -r name channels layers options; do
  # shellcheck disable=SC2086
  [ -f "$out/$name.log" ] || python3 "$here/train.py" --photos "$photos" --val "$eval" --out "$out/$name" --steps "$steps" --patch 96 --batch 20 \
    --denoise .3 --guess-sweeps 0 --self-condition 0 --channels "$channels" --layers "$layers" $options >"$out/$name.part"
  [ ! -f "$out/$name.part" ] || mv "$out/$name.part" "$out/$name.log"
  printf '%s: %s; %s\n' "$name" "$(sed -n '1s/.*masks; //p' "$out/$name.log")" "$(tail -1 "$out/$name.log")"
done <<'END'
base 64,96,160,192 1
no-skip 64,96,160,192 1 --guess-deviation 0
attention 64,96,160,192 1 --mid-attention
no-norm 64,96,160,192 1 --groups 0
two-blocks 48,80,128,160 2
deep-heavy 48,96,192,256 1
unfold-4 128,192,288 1 --unshuffle 4
adamw 64,96,160,192 1 --optimizer adamw
gaussian 64,96,160,192 1 --robust 0
END
