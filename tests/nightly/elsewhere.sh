#!/bin/sh
# elsewhere.sh ROOT SCRATCH [COMMAND...]: runs a command of ./run (all tests) in a new clone, under
# conditions that differ from a developer's: a path with spaces, a user other than root, no network,
# temporary files elsewhere, the locale C. Conditions that need root are left out without it.
set -eu
root=$1
scratch=$2
shift 2
if [ $# = 0 ]; then set -- tests; fi

rm -rf "$scratch"
mkdir -p "$scratch/a clone with spaces" "$scratch/temporary files" "$scratch/home"
clone="$scratch/a clone with spaces/gradus"
git -c safe.directory="$root/.git" clone --quiet "$root" "$clone"

as_user=
if [ "$(id -u)" = 0 ]; then
  chown -R 65534:65534 "$scratch"
  as_user="setpriv --reuid=65534 --regid=65534 --clear-groups"
  if unshare -n true 2>/dev/null; then as_user="unshare -n $as_user"; fi
fi
if ! $as_user ls "$clone" >/dev/null 2>&1; then
  echo "skipped: the user nobody does not see $clone"
  exit 0
fi
cd "$clone"
$as_user env -u CCACHE_DIR HOME="$scratch/home" TMPDIR="$scratch/temporary files" LC_ALL=C \
  ./run --no-install "$@"
rm -rf "$scratch"
