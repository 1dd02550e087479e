#!/bin/sh
# write_pages.sh FOLDER WRITE_PAGES [PROGRAM...]: the pages that the tests look at, in a fresh
# folder. A PROGRAM (a lesson or a page to play with) writes one with --page; play_memory writes
# play_memory.html.
set -eu
folder=$1
write_pages=$2
shift 2
rm -rf "$folder"
mkdir -p "$folder"
"$write_pages" "$folder"
for program in "$@"; do
  "$program" --page "$folder/$(basename "$program").html" >/dev/null
done
