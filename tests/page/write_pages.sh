#!/bin/sh
# write_pages.sh FOLDER WRITE_PAGES: the pages that the tests look at, in a fresh folder.
set -eu
folder=$1
rm -rf "$folder"
mkdir -p "$folder"
"$2" "$folder"
