#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# fuzz.sh NAME SECONDS [FOLDER]
#
# Builds the fuzzer NAME (folder, config or names) with clang, ASan and UBSan, and lets it run
# for so long, from the inputs in tests/fuzz/seeds/NAME on.  What is new in what it finds is
# kept in FOLDER, where one is named, and what fails is printed.  For hours, on a machine's
# Debian or in a root of it:
#
#   tests/in-debian.sh sh tests/fuzz/fuzz.sh folder 7200 /var/tmp/fuzz-folder

set -eu

name=$1 seconds=$2
here=$(cd "$(dirname "$0")" && pwd -P)
top=$(dirname "$(dirname "$here")")
corpus=${3:-$(mktemp -d)}
build=/var/tmp/gimp-diffusion-fuzz-$(printf %s "${DIFFUSION_TREE:-$top}" | cksum | cut -d' ' -f1)

log=$(mktemp)
mkdir -p "$corpus"
(
  flock 8
  [ -f "$build/build.ninja" ] || { rm -rf "$build"; CC=clang meson setup --buildtype=debugoptimized -Doptimization=1 \
    -Dfuzzers=true -Db_sanitize=address,undefined -Db_lundef=false "$build" "$top"; }
  ninja -C "$build" "tests/fuzz-$name"
) 8>"$build.lock" >"$log" 2>&1 </dev/null || { cat "$log"; exit 1; }

# gegl, gimp and glib keep things until the end: only what is in use wrongly is an error.
export DIFFUSION_DATA="$top/tests/data" ASAN_OPTIONS=detect_leaks=0 \
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 OPENBLAS_NUM_THREADS=1
cd "$corpus"
code=0
"$build/tests/fuzz-$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=2048 \
  -dict="$here/$name.dict" -print_final_stats=1 -verbosity=1 -artifact_prefix="$corpus/" \
  "$corpus" "$here/seeds/$name" >"$log" 2>&1 || code=$?
if [ "$code" -eq 0 ]; then grep -E 'INITED|DONE|stat::|accepted|found' "$log"; else tail -n 80 "$log"; fi
for file in "$corpus"/crash-* "$corpus"/timeout-* "$corpus"/oom-*; do
  [ ! -f "$file" ] || { echo "--- $file"; cat "$file"; }
done
rm -f "$log"
[ $# -ge 3 ] || rm -rf "$corpus"
exit "$code"
