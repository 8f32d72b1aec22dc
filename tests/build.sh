#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced, or run by itself as  tests/in-debian.sh sh tests/build.sh :
# builds the tree outside of itself and installs it into a folder of its own.
# Sets  build, DIFFUSION_PLUGINS (exported): the build folder, and a folder to
# be named in GIMP's plug-in-path.  Ends the script when the build fails.
# tests=false before it: without the tests' programs.

place=/var/tmp/gimp-diffusion-$(printf %s "${DIFFUSION_TREE:?run this through tests/in-debian.sh}" | cksum | cut -d' ' -f1)
build=$place/build
export DIFFUSION_PLUGINS="$place/prefix/plug-ins"
mkdir -p "$place"

# The tests build the same sources several times, in copies and in other ways: what was compiled once is taken again,
# also where the copy lies elsewhere.
export CCACHE_DIR=/var/tmp/gimp-diffusion-ccache CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G

# Two builds of one tree wait for each other; held until the script ends.
exec 9>"$place/lock"
flock 9

configure ()
{
  meson setup --reconfigure -Dwerror=true -Dtests="${tests-true}" --prefix="$place/prefix" -Dplugindir="$DIFFUSION_PLUGINS" "$build"
}

# A folder of another meson cannot be configured again, hence the second try.
# Installed afresh each time: a file that is no longer installed must be missed.
{
  { [ -d "$build" ] && configure; } || { rm -rf "$build" && configure; }
} >"$place/log" 2>&1 </dev/null &&
ninja -C "$build" >>"$place/log" 2>&1 </dev/null &&
rm -rf "$place/prefix" &&
meson install -C "$build" --no-rebuild --quiet >>"$place/log" 2>&1 </dev/null ||
  { cat "$place/log" >&2; echo 'The build failed.' >&2; exit 3; }
