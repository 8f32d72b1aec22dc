#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# format.sh [--check]: brings all C and Python of the tree into its one format
# (.clang-format; black).  --check: changes nothing and fails where a file differs.
#
#   tests/in-debian.sh sh tests/format.sh

set -eu
cd "$(dirname "$0")/.."

clang='-i' black='--quiet'
[ "${1-}" != --check ] || { clang='--dry-run --Werror'; black='--quiet --check --diff'; }

code=0
# shellcheck disable=SC2086
find core plugin ui tests weights -name '*.[ch]' -print0 | xargs -0 clang-format $clang || code=1
# shellcheck disable=SC2086
find plugin tests weights po -name '*.py' -print0 |
  xargs -0 black --line-length 120 --skip-string-normalization $black || code=1
exit $code
