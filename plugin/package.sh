#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# package.sh [--suite trixie|forky]
#
# Builds the Debian package of this tree in a Debian that has GIMP 3 and nothing
# but what the package asks for, and puts gimp-diffusion_VERSION_PROCESSOR.deb
# into the folder you are in. tests/package/package.sh tells whether it is good.

set -eu

if [ -z "${DIFFUSION_INSIDE-}" ]; then
  suite=""
  case ${1-} in
    --suite) suite=${2:?--suite needs a name} ;;
    ?*)      sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  tree=$(cd "$(dirname "$0")/.." && pwd -P)
  work=$(mktemp -d "$tree/.package-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  DIFFUSION_INSIDE=1 sh "$tree/tests/in-debian.sh" ${suite:+--suite "$suite"} --packages package \
    sh plugin/package.sh "${work##*/}" </dev/null >"$work/log" 2>&1 ||
    { tail -n 50 "$work/log" >&2; echo 'package.sh: building the package failed' >&2; exit 1; }
  rm -f "$work"/*-dbgsym_*
  for deb in "$work"/*.deb; do
    cp "$deb" .
    echo "$PWD/${deb##*/}"
  done
  exit
fi

# Inside: the source packages and the packages go to the folder $1.
folder=$(cd "$1" && pwd -P)
export SOURCE_DATE_EPOCH="$(dpkg-parsechangelog -STimestamp)"
version=$(dpkg-parsechangelog -SVersion)
name=gimp-diffusion-${version%-*}

# The sources as they are released: the tree without what git ignores and without the packaging.
mkdir "$folder/$name"
tar -c --exclude=./.git --exclude='./build*' --exclude='./demo-output' --exclude='./.demo-*' --exclude='./.package-*' \
  --exclude=__pycache__ --exclude='./*.deb' . | tar -x -C "$folder/$name"
find "$folder/$name" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
LC_ALL=C tar -c --sort=name --owner=0 --group=0 --numeric-owner --mode=go=u-w -C "$folder" --exclude="$name/debian" "$name" | gzip -n >"$folder/gimp-diffusion_${version%-*}.orig.tar.gz"
cd "$folder/$name"
exec dpkg-buildpackage --no-sign
