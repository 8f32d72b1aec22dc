#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# package.sh: is the Debian package good? It is built twice, looked at by
# lintian, installed, used, upgraded, removed and purged. Speaks TAP.
#
# Run by tests/run.sh --matrix; in a Debian with nothing but what the package asks for:
#   sh tests/in-debian.sh --packages package sh tests/package/package.sh

set -eu

# try WHAT COMMAND...: a line of the result; what the command said where it failed
try ()
{
  what=$1; shift
  if ("$@") >"$log" 2>&1; then echo "ok - $what"; else
    echo "not ok - $what"; tail -n 100 "$log" | sed 's/^/# /'; failed=1
  fi
}
failed=0

# ---------------------------------------- in the layer: /mnt has the packages --

# Every file there is, but for what dpkg and fonts keep of their own and others write meanwhile.
files ()
{
  find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/tmp -o -path /tmp -o -path /mnt -o -path /src \
    -o -path /dev -o -path /proc -o -path /sys \) -prune -o -type d -printf '%p %m\n' -o -printf '%p %m %s %l\n' | LC_ALL=C sort
}

things='
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/gimp-diffusion
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/model/unet/diffusion_pytorch_model.safetensors
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/model/PHOTOS.tsv
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/help/en/gimp-help.xml
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/locale/de/LC_MESSAGES/gimp-diffusion.mo
  /usr/lib/*/gimp/3.0/plug-ins/gimp-diffusion/locale/fr/LC_MESSAGES/gimp-diffusion.mo
  /usr/share/metainfo/org.gimp.GIMP.Plugin.Diffusion.metainfo.xml
  /usr/share/icons/hicolor/scalable/apps/org.gimp.GIMP.Plugin.Diffusion.svg
  /usr/share/doc/gimp-diffusion/copyright'
# shellcheck disable=SC2086
all_there () { for thing in $things; do [ -s "$thing" ] || { echo "there is no $thing"; return 1; }; done; }

version () { dpkg-query -W -f '${Version}' gimp-diffusion; }
knows () { gimp-console-3 -nidfs --batch-interpreter=plug-in-script-fu-eval --quit -b '(script-fu-use-v3)
  (display (if (defined? (quote plug-in-diffusion-denoise)) "It is there." "It is not there."))'; }
says () { "$@" >"$log.said" 2>&1 || { cat "$log.said"; return 1; }; cat "$log.said"; grep -q "$word" "$log.said"; }

# What the user has beside the package: a model, presets.
kept () { sha256sum --check /tmp/belongings; }

if [ "${1-}" = installed ]; then
  log=/tmp/log HOME=/tmp/home; export HOME
  mkdir -p "$HOME/.config/GIMP/3.0/gimp-diffusion/models/mine" "$HOME/.config/GIMP/3.0/plug-in-settings"
  cp -r tests/data/unet-attention/unet tests/data/unet-attention/scheduler "$HOME/.config/GIMP/3.0/gimp-diffusion/models/mine"
  echo '# settings' >"$HOME/.config/GIMP/3.0/plug-in-settings/GimpProcedureConfig-run-plug-in-diffusion-inpaint.presets"
  find "$HOME" -type f -exec sha256sum {} + >/tmp/belongings
  files >/tmp/before

  try 'it is installed' dpkg -i /mnt/package.deb
  try 'everything is where it belongs' all_there
  try 'AppStream takes its metainfo' appstreamcli validate --no-net --override=url-homepage-missing=info /usr/share/metainfo/org.gimp.GIMP.Plugin.Diffusion.metainfo.xml
  try 'both filters work' env DIFFUSION_HOME="$HOME" sh debian/tests/filters
  try 'a newer version takes its place' dpkg -i /mnt/newer.deb
  try 'which is the newer one' test "$(version)" = "$(dpkg-deb -f /mnt/newer.deb Version)"
  word='It is there' try 'and which GIMP finds' says knows
  try "the user's models and presets are kept" kept
  try 'it is removed' dpkg -r gimp-diffusion
  word='It is not there' try 'GIMP starts without it' says knows
  try 'it is purged' dpkg -P gimp-diffusion
  files >/tmp/after
  try 'nothing is left' diff /tmp/before /tmp/after
  try "but the user's models and presets" kept
  exit "$failed"
fi

# -------------------------------------------------------------- in the Debian --

export DIFFUSION_INSIDE=1
cd "$(dirname "$0")/../.."
work=$(mktemp -d /var/tmp/gimp-diffusion-package-XXXXXX)
log=$work/log
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/first" "$work/second" "$work/layer"

echo 1..17
try 'it is built' env -i PATH="$PATH" DIFFUSION_INSIDE=1 LC_ALL=C.UTF-8 TZ=UTC sh plugin/package.sh "$work/first"
# From the source package, with another folder, language, time, mask and number of jobs.
again ()
{
  umask 027
  cd "$work/second"
  dpkg-source -x "$work"/first/*.dsc source
  cd source
  env -i PATH="$PATH" LC_ALL=de_DE.UTF-8 TZ=Pacific/Chatham HOME=/nonexistent DEB_BUILD_OPTIONS=parallel=1 \
    dpkg-buildpackage --build=binary --no-sign
}
try 'and once more from its sources' again
[ "$failed" = 0 ] || exit 1

same ()
{
  for file in "$work"/first/*.deb; do
    cmp "$file" "$work/second/${file##*/}" || { diffoscope --text - "$file" "$work/second/${file##*/}"; return 1; }
  done
}
try 'both times the same to the byte' same

# No mail is read for the project yet; of what is said of the .changes nothing can be overridden.
look ()
{
  lintian --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog --allow-root --profile debian \
    --display-info --pedantic --tag-display-limit 0 --fail-on error,warning,info,pedantic "$work"/first/*.changes
}
try 'lintian finds nothing' look

# The package, and a newer one to upgrade to.
mv "$work"/first/gimp-diffusion_*.deb "$work/package.deb"
dpkg-deb -R "$work/package.deb" "$work/newer"
sed -i 's/^Version: .*/&+newer/' "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -Znone -b "$work/newer" "$work/newer.deb" >"$log"

# The layer: over this Debian, in memory, gone at the end.
# shellcheck disable=SC2016
unshare --mount --propagation unchanged --pid --fork --kill-child sh -euc '
  mount --make-rprivate / 2>/dev/null || true # in a root it is, and / no mount
  mount -t tmpfs tmpfs "$1/layer"
  cd "$1/layer"
  mkdir upper work root
  mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
  mount --rbind /dev root/dev
  mount --rbind /sys root/sys
  mount -t proc proc root/proc
  mount -t tmpfs -o mode=1777 tmpfs root/tmp
  mount --bind "$1" root/mnt
  mkdir -p root/src
  mount --bind "$2" root/src
  exec chroot root sh -c "cd /src && exec sh tests/package/package.sh installed"
' sh "$work" "$PWD" || failed=1
exit "$failed"
