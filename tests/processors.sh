#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# processors.sh [--suite NAME] [PROCESSOR [TEST...]]
#
# Builds the tree for other processors and runs core's tests there, or those
# named, in qemu:
#   nehalem   x86-64 without AVX
#   haswell   x86-64 with AVX2, without AVX-512
#   aarch64   ARM of 64 bits: the plug-in, and core's tests
#   i686      x86 of 32 bits: the same
#   s390x     numbers begin with their large end
# On a Debian for x86-64. Takes hours, so CI does not run it. Last line: "N passed, N failed".

set -eu

if [ -z "${DIFFUSION_INSIDE-}" ]; then
  suite=""
  case ${1-} in --suite) suite=${2:?--suite needs a name}; shift 2 ;; esac
  all='nehalem haswell aarch64 i686 s390x' passed=0 failed=0
  case " $all " in
    *" ${1-$all} "*) ;;
    *) sed -n '4,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  log=$(mktemp); trap 'rm -f "$log"' EXIT; trap 'exit 130' INT TERM HUP
  for processor in ${1:-$all}; do
    [ $# = 0 ] || shift
    packages=processors
    [ "$processor" != s390x ] || packages=s390x
    DIFFUSION_INSIDE=1 sh "$(dirname "$0")/in-debian.sh" ${suite:+--suite "$suite"} --packages "$packages" \
      sh tests/processors.sh "$processor" "$@" </dev/null >"$log" || echo '0 passed, 1 failed' >>"$log"
    sed "s/^/$processor: /" "$log"
    ran=$(sed -n '$s/ passed.*//p' "$log") fell=$(sed -n '$s/.*, \(.*\) failed/\1/p' "$log")
    # A processor that ran nothing has failed.
    [ "${ran:-0}" -gt 0 ] || fell=$((${fell:-0} + 1))
    passed=$((passed + ${ran:-0})) failed=$((failed + ${fell:-0}))
  done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
  exit
fi

processor=$1 wrapper=""; shift
place=/var/tmp/gimp-diffusion-$(printf %s "${DIFFUSION_TREE:?run this through tests/in-debian.sh}" | cksum | cut -d' ' -f1)
case $processor in
  nehalem) machine='x86_64 x86_64 x86_64 little' wrapper='qemu-x86_64 -cpu Nehalem' ;;
  haswell) machine='x86_64 x86_64 x86_64 little' wrapper='qemu-x86_64 -cpu Haswell' ;;
  aarch64) machine='aarch64 aarch64 aarch64 little qemu-aarch64' ;;
  # OpenBLAS takes what qemu is by itself for an Athlon, which it is not.
  i686)    machine='x86 i686 i386 little qemu-i386'; export QEMU_CPU=Nehalem ;;
  s390x)   machine='s390x s390x s390x big qemu-s390x' ;;
esac
build=$place/${machine%% *}
mkdir -p "$build.none"
exec 9>"$build.lock"
flock 9
unset OPENBLAS_CORETYPE # speaks of this processor
export CCACHE_DIR=/var/tmp/gimp-diffusion-ccache CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G LC_ALL=C.UTF-8

# What Meson asks for and core has no use for, where Debian has no such package.
for name in gegl-0.4 gimp-3.0 gimpui-3.0 gtk+-3.0; do
  printf 'Name: %s\nDescription: none\nVersion: 3.0\n' "$name" >"$build.none/$name.pc"
done

# configure FAMILY COMPILER FOLDER ENDIAN [RUNNER]: the build folder; FOLDER of /usr/lib.
configure ()
{
  kind=--cross-file runner=""
  [ "$1" != x86_64 ] || kind=--native-file
  [ -z "${5-}" ] || runner="exe_wrapper = '$5'"
  cat >"$build.ini" <<END
[binaries]
c = ['ccache', '$2-linux-gnu-gcc']
ar = '$2-linux-gnu-ar'
strip = '$2-linux-gnu-strip'
pkg-config = 'pkg-config'
xvfb-run = 'false'
$runner
[properties]
needs_exe_wrapper = $([ -n "$runner" ] && echo true || echo false)
pkg_config_libdir = ['/usr/lib/$3-linux-gnu/pkgconfig', '/usr/share/pkgconfig', '$build.none']
[host_machine]
system = 'linux'
cpu_family = '$1'
cpu = '$1'
endian = '$4'
END
  rm -rf "$build"
  meson setup -Dwerror=true -Dplugindir=/nowhere "$kind" "$build.ini" "$build"
}

# What Meson knows of the tests of core's areas: $1 is "name" or "target"
core_tests ()
{
  meson introspect --tests "$build" | python3 -c '
import json, sys
areas = "base kernels format layers network process picture model patches inpaint denoise".split()
for test in json.load(sys.stdin):
    if test["protocol"] == "tap" and not "python3" in test["cmd"][0] and test["suite"][0].rpartition(":")[2] in areas:
        print(test["name"] if sys.argv[1] == "name" else "tests/test-" + test["name"])' "$1"
}

# shellcheck disable=SC2046,SC2086
{
  configure $machine &&
  case $processor in
    aarch64 | i686) ninja -C "$build" ;;
    *)              ninja -C "$build" $(core_tests target) ;;
  esac
} >"$build.log" 2>&1 </dev/null || { tail -n 100 "$build.log" >&2; echo 'The build failed.' >&2; exit 3; }

if [ $# = 0 ]; then
  names=$(core_tests name)
  [ -n "$names" ] || { echo 'There are no tests.' >&2; exit 3; }
  # shellcheck disable=SC2086
  set -- $names
fi
# Seconds become minutes.
export DIFFUSION_SLOWER=60
meson test -C "$build" --no-rebuild --timeout-multiplier 60 ${wrapper:+--wrapper "$wrapper"} "$@" >&2 9>&- || true
python3 tests/support/count.py "$build/meson-logs" || true
