#!/bin/sh
# run_tests.sh PAGES [TEST FILE...]: the tests of the pages in this folder, in a real browser. Where
# node, its packages or Chromium are missing, it says which and ends with 77 (skipped); with CI=true
# that is a failure. Without PAGES it only says what is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../needs.sh"

find_chromium() {
  for program in "${CHROMIUM-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Chromium.app/Contents/MacOS/Chromium" \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if [ -n "$program" ] && command -v "$program"; then return; fi
  done
  return 1
}

need_node
for package in playwright-core axe-core; do
  if [ ! -f "$here/node_modules/$package/package.json" ]; then
    need "$package (npm ci --prefix tests/page; 18 MB)"
  fi
done
if ! CHROMIUM=$(find_chromium); then
  need "Chromium or Chrome (CHROMIUM=PROGRAM names another one)"
fi
skip_if_missing "the tests of the pages"
if [ $# = 0 ]; then exit 0; fi

GRADUS_PAGES=$(cd "$1" && pwd)
export CHROMIUM GRADUS_PAGES
shift
if [ $# = 0 ]; then set -- "$here/main.mjs"; fi
exec node --test --test-reporter=spec "$@"
