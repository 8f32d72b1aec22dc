#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# run.sh [--suite trixie|forky] [--matrix] [--checks] [NAME...]
#
# Builds the tree with warnings as errors and runs its tests, or those named,
# on a Debian with GIMP 3 (tests/in-debian.sh).  --matrix: the longer runs too.
# --checks: also clang-tidy, coverage, the fuzzers, and more tests in the builds with sanitizers (checks/).
# Last line: "N passed, N failed".  Skipped counts as failed.

set -eu

if [ -z "${DIFFUSION_INSIDE-}" ]; then
  suite="" code=0
  while :; do
    case ${1-} in
      --suite)  suite=${2:?--suite needs a name}; shift 2 ;;
      --matrix) export DIFFUSION_MATRIX=1; shift ;;
      --checks) export DIFFUSION_CHECKS=1; shift ;;
      -*)       sed -n '4,9s/^# //p' "$0" >&2; exit 2 ;;
      *)        break ;;
    esac
  done
  DIFFUSION_INSIDE=1 sh "$(dirname "$0")/in-debian.sh" ${suite:+--suite "$suite"} \
    sh tests/run.sh "$@" </dev/null || code=$?
  # 0 and 1 have said their numbers; anything else never came to the tests.
  [ "$code" -le 1 ] || echo '0 passed, 1 failed'
  [ "$code" -eq 0 ] || code=1
  exit "$code"
fi

. tests/build.sh
# A start of GIMP takes and gives back hundreds of megabytes, page by page: in large pages it costs a third of the
# processor's time. Tests that measure memory do without.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
rm -f "$build"/meson-logs/testlog*
if [ $# = 0 ]; then
  [ -n "${DIFFUSION_CHECKS-}" ] || set -- --no-suite long-checks --no-suite fuzz
  [ -n "${DIFFUSION_MATRIX-}" ] || set -- "$@" --no-suite package
fi
meson test -C "$build" --no-rebuild --print-errorlogs "$@" 9>&- || true
exec python3 tests/support/count.py "$build/meson-logs"
