#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# in-debian.sh [--suite trixie|forky] [--packages NAME] COMMAND [ARGUMENT...]
#
# Runs COMMAND in the top folder of this tree on a Debian that has GIMP 3: on
# this machine where it is one, else in a root of that Debian, which is made
# once (mmdebstrap, from this machine's own apt sources) and kept in
# ${XDG_CACHE_HOME:-~/.cache}/gimp-diffusion.  No network inside.
#
#   tests/in-debian.sh gimp-console-3.0 --version
#   tests/in-debian.sh sh -c 'meson setup /var/tmp/b && ninja -C /var/tmp/b'
#
# --packages: those of NAME-packages.txt beside this script and no others, in a
# root of their own; else those of debian-packages.txt. Where some are another
# processor's (libc6-dev:arm64) there is a root also on a Debian with GIMP 3.
#
# In a root the tree is /src and ../shared, where there is one, is /shared;
# /var/tmp outlives the command, /tmp does not.  Set in either case:
# DIFFUSION_TREE     the tree's path outside, one name for one tree
# DIFFUSION_SHARED   where ../shared lies; unset where there is none

set -eu

die () { echo "in-debian.sh: $*" >&2; exit 125; }

here=$(cd "$(dirname "$0")" && pwd -P)
tree=$(dirname "$here")

suite="" needs=debian
while :; do
  case ${1-} in
    --suite)    suite=${2-}; shift 2 || die "--suite needs a name" ;;
    --suite=*)  suite=${1#*=}; shift ;;
    --packages) needs=${2-}; shift 2 || die "--packages needs a name" ;;
    *)          break ;;
  esac
done
[ $# -gt 0 ] || die "usage: in-debian.sh [--suite trixie|forky] [--packages NAME] COMMAND [ARGUMENT...]"
list=$here/$needs-packages.txt
[ -r "$list" ] || die "there is no $list"

ID="" VERSION_ID="" VERSION_CODENAME=""
# shellcheck source=/dev/null
. /etc/os-release
own=$VERSION_CODENAME

# The machine itself is good enough from Debian 13 on; testing has no number.
if [ -z "$suite" ]; then
  if [ "$ID" = debian ] && [ "${VERSION_ID:-99}" -ge 13 ]; then suite=$own; else suite=trixie; fi
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/gimp-diffusion
mkdir -p "$cache"

export LANG=C.UTF-8 DIFFUSION_TREE="$tree"
unset LC_ALL LANGUAGE DIFFUSION_SHARED

# ---------------------------------------------------------------- packages --

packages () { sed 's/#.*//; s/[[:space:]]//g; /./!d' "$list"; }

# The other processors that packages are for.
others=$(packages | sed -n 's/.*://p' | sort -u | paste -sd' ' -)

installed () { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# missing NAME...: those of them that this machine lacks
missing () { for p; do installed "$p" || printf '%s ' "$p"; done; }

# provide NAME...: installs on this machine what is missing, one caller at a time
provide ()
{
  [ -n "$(missing "$@")" ] || return 0
  as=
  # shellcheck disable=SC2046
  (
    flock 8
    set -- $(missing "$@")
    [ $# -gt 0 ] || exit 0
    cure="as root, run 'apt-get install $*'"
    if [ "$(id -u)" != 0 ]; then
      as=sudo
      command -v sudo >/dev/null || die "packages are missing, and neither root nor sudo is here: $cure"
    fi
    { $as apt-get -qq update &&
      $as env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@"
    } >&2 </dev/null || die "could not install the missing packages: $cure"
  ) 8>"$cache/apt.lock" || exit 125
}

# ------------------------------------------------------- on this very machine --

if [ -z "$others" ] && { [ "$suite" = "$own" ] || { [ "$ID" != debian ] && pkg-config --exists gimp-3.0 2>/dev/null; }; }; then
  # shellcheck disable=SC2046
  [ "$ID" != debian ] || provide $(packages)
  # German is what the tests of translations speak.
  if [ "$(id -u)" = 0 ] && ! locale -a | grep -qx de_DE.utf8; then
    localedef -i de_DE -f UTF-8 de_DE.UTF-8 || true
  fi
  cd "$tree"
  if [ -d ../shared ]; then DIFFUSION_SHARED=$(cd ../shared && pwd -P); export DIFFUSION_SHARED; fi
  exec "$@"
fi

[ -z "$others" ] || { [ "$ID" = debian ] && [ "$(dpkg --print-architecture)" = amd64 ]; } ||
  die "the packages of other processors need a Debian for x86-64"
[ "$ID" = debian ] || die "this machine has neither Debian nor GIMP 3's development files: install GIMP 3 with its headers (pkg-config gimp-3.0), or run this on a Debian 12 or newer"

# ------------------------------------------------------------- in a root of it --

root=$cache/root-$suite
[ "$needs" = debian ] || root=$root-$needs

# An ordinary user is root in a namespace of their own user numbers.
user=
[ "$(id -u)" = 0 ] || user='--user --map-auto --map-root-user'
# shellcheck disable=SC2086
space () { unshare $user --mount "$@"; }

# This machine's Debian sources with the suite in place of its own, one "deb"
# line for each suite.
sources ()
{
  {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^[[:space:]]*deb[[:space:]]/deb /p'
    for f in /etc/apt/sources.list.d/*.sources; do
      [ ! -f "$f" ] || { grep -v '^#' "$f"; echo; }
    done | awk '
      function flush(   n, m, u, s, i, j, o) {
        if (v["types"] ~ /(^| )deb( |$)/ && tolower(v["enabled"]) !~ /no/) {
          o = ""
          if (v["signed-by"] ~ /^\//)  o = o " signed-by=" v["signed-by"]
          if (v["trusted"] != "")      o = o " trusted=" v["trusted"]
          gsub(/ +/, ",", v["architectures"])
          if (v["architectures"] != "") o = o " arch=" v["architectures"]
          if (o != "") o = "[" substr(o, 2) "] "
          n = split(v["uris"], u, " "); m = split(v["suites"], s, " ")
          for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
            print "deb " o u[i] " " s[j] " " v["components"]
        }
        split("", v)
      }
      /^[ \t]*$/ { flush(); next }
      /^[ \t]/   { sub(/^[ \t]+/, ""); v[key] = v[key] " " $0; next }
      { key = tolower(substr($0, 1, index($0, ":") - 1))
        sub(/^[^:]*:[ \t]*/, ""); v[key] = $0 }
      END { flush() }'
  } | sed -n -E "/ main( |\$)/s, (stable|oldstable|$own)(-updates|-security)? , $suite\\2 ,p" | grep -v cdrom: | sort -u
}

# Those of the lines on standard input whose repository is really there and
# signed by a key this machine trusts; and whole, where it has to be of one state
# for several processors.
existing ()
{
  whole=-oAcquire::IndexTargets::deb::Packages::DefaultEnabled=false
  for other in $others; do whole="$whole -oAPT::Architectures::=$other"; done
  [ -z "$others" ] || whole=${whole#* }
  mkdir -p "$work/lists/partial" "$work/cache"
  while read -r line; do
    echo "$line" >"$work/one.list"
    # shellcheck disable=SC2086
    if apt-get -qq update -o Dir::Etc::sourcelist="$work/one.list" -o Dir::Etc::sourceparts=- \
         -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= \
         $whole \
         -o APT::Update::Error-Mode=any >"$work/log" 2>&1 </dev/null
    then echo "$line"
    else sed "s/^/in-debian.sh: left out, $suite: /" "$work/log" >&2
    fi
  done
}

# What the machine tells apt about fetching: proxies, dates, retries...
fetch_options ()
{
  apt-config dump | grep '^Acquire::' | grep -v -E '^Acquire::(IndexTargets|cdrom|CompressionTypes|GzipIndexes|Changelogs)|Auto-?Detect|""'
}

# The last strokes inside a root, whether new or brought up to date.
finish='localedef -i de_DE -f UTF-8 de_DE.UTF-8 && apt-get clean'

make_root ()
{
  echo "Making a Debian root ($suite, with GIMP 3) in $root once (a few minutes)" >&2
  : >"$work/log"
  existing <"$work/sources" >"$work/sources.list"
  grep -q " $suite " "$work/sources.list" ||
    die "this machine's apt sources lead to no usable $suite: $(tail -n 1 "$work/log")"
  fetch_options >"$work/apt.conf"
  space rm -rf --one-file-system "$root.new"
  # shellcheck disable=SC2046
  space mmdebstrap --quiet --mode=root --variant=apt \
    ${others:+--architectures=$(dpkg --print-architecture),$(echo "$others" | tr ' ' ,)} \
    --aptopt="$work/apt.conf" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --include="$(packages | paste -sd, -)" \
    --customize-hook="chroot \"\$1\" sh -c '$finish'" \
    "$suite" "$root.new" "$work/sources.list" >"$work/log" 2>&1 </dev/null ||
    { cat "$work/log" >&2; die "making the root failed"; }
  echo "$sum" | space tee "$root.new/.made-from" >/dev/null
  mv "$root.new" "$root"
}

# The list of packages or the sources changed: bring the root up to date.
update_root ()
{
  echo "Installing what is new in tests/$needs-packages.txt in $root" >&2
  existing <"$work/sources" >"$work/sources.list"
  fetch_options >"$work/apt.conf"
  # shellcheck disable=SC2016
  space --pid --fork sh -euc '
    mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
    cat "$2/sources.list" >"$1/etc/apt/sources.list.d/0000sources.list"
    cat "$2/apt.conf" >"$1/etc/apt/apt.conf.d/99mmdebstrap"
    rm -f "$1/etc/resolv.conf"; cat /etc/resolv.conf >"$1/etc/resolv.conf"
    chroot "$1" sh -euc "export DEBIAN_FRONTEND=noninteractive
      for other in $6; do dpkg --add-architecture \$other; done
      apt-get -qq update; apt-get -qq -y --no-install-recommends --no-upgrade install $3; $4"
    echo "$5" >"$1/.made-from"
  ' sh "$root" "$work" "$(packages | paste -sd' ' -)" "$finish" "$sum" "$others" >"$work/log" 2>&1 </dev/null ||
    { cat "$work/log" >&2; die "bringing $root up to date failed"; }
}

made () { [ "$(cat "$root/.made-from" 2>/dev/null)" = "$sum" ]; }

[ -d "$root" ] || provide mmdebstrap ${user:+uidmap}
space true 2>/dev/null ||
  die "no private namespaces for you here (unshare failed): be root, or install uidmap, have a line in /etc/subuid and /etc/subgid, and let the kernel allow user namespaces"

sum=$({ packages; sources; } | sha256sum | cut -d' ' -f1)
if ! made; then
  (
    flock 9
    made && exit 0          # someone else was faster
    work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; trap 'exit 130' INT TERM HUP
    sources >"$work/sources"
    if [ -d "$root" ]; then update_root; else make_root; fi
  ) 9>"$root.lock" || exit 125
fi

# Everything below happens in namespaces of its own: when the first process in
# there ends, all others do and the mounts are gone.  HOME and /tmp are the
# root's own; no network, so nothing can be downloaded behind our back.
# shellcheck disable=SC2016
inside='
  mount -t proc proc "$1/proc"
  mount --rbind /sys "$1/sys"
  mount --rbind /dev "$1/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
  mkdir -p "$1/src" "$1/shared"
  mount --rbind "$2" "$1/src"
  if [ -d "$2/../shared" ]; then
    mount --bind -o ro "$2/../shared" "$1/shared" || mount --bind "$2/../shared" "$1/shared"
    export DIFFUSION_SHARED=/shared
  fi
  export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  # What speaks of paths and servers outside.
  unset DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS TMPDIR \
    XDG_RUNTIME_DIR XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_DATA_DIRS XDG_CONFIG_DIRS \
    LD_LIBRARY_PATH LD_PRELOAD LIBRARY_PATH CPATH C_INCLUDE_PATH PKG_CONFIG_PATH \
    PYTHONPATH PYTHONHOME GIMP3_DIRECTORY
  shift 2
  chroot "$root" sh -c "cd /src && exec \"\$@\"" sh "$@"
'
export root
# A background command gets neither standard input nor Ctrl-C: hence <&3 and
# the trap.  setpriv: a killed script takes the rest with it.
exec 3<&0
trap 'kill -KILL $child 2>/dev/null; exit 143' INT TERM HUP
# shellcheck disable=SC2086
setpriv --pdeathsig KILL unshare $user --mount --pid --fork --kill-child --ipc --net \
  sh -euc "$inside" sh "$root" "$tree" "$@" <&3 3<&- &
child=$!
code=0; wait $child || code=$?
exit $code
