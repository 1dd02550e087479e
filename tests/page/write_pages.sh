#!/bin/sh
# write_pages.sh FOLDER WASM_PROGRAMS WRITE_PAGES [PROGRAM...]: the pages that the tests look at, in
# a fresh folder. A PROGRAM, a lesson or a page to play with, writes one with --page: play_memory
# writes play_memory.html. If WASM_PROGRAMS has it, the page contains it. arguments.tsv has a line
# for each page: its file and the arguments of the program. course_page, the last one, writes the
# index.
set -eu
folder=$1
wasm=$2
write_pages=$3
shift 3
rm -rf "$folder"
mkdir -p "$folder"
"$write_pages" "$folder"
for program in "$@"; do
  name=$(basename "$program")
  if [ "$name" = course_page ]; then
    "$program" "$folder" <"$folder/index.tsv"
    continue
  fi
  arguments=
  code=
  case $name in
    play_bottleneck) arguments="--steps 0 --seeds 1" ;;  # training takes half a minute
    lesson_*)
      about=$("$program" --about)
      case $about in *"option quick"*)
        arguments=--quick
        # Training enlarges differences: the page gets the numbers of the code that it contains.
        code="GRADUS_CPU=portable OMP_NUM_THREADS=1" ;;
      esac ;;
  esac
  printf '%s\t%s\n' "$name.html" "$arguments" >>"$folder/arguments.tsv"
  set -- --page "$folder/$name.html"
  if [ -f "$wasm/$name.wasm.gz" ]; then set -- "$@" --wasm "$wasm/$name.wasm.gz"; fi
  env $code "$program" $arguments "$@" >/dev/null </dev/null
  case $name in
    play_*) printf 'play\t%s.html\n' "$name" ;;
    *)
      about_line() { printf '%s\n' "$about" | sed -n "s/^$1 //p"; }
      printf 'lesson\t%s.html\tLesson %s: %s\t%s\t%s\t%s\t%s\n' "$name" "${name#lesson_}" \
        "$(about_line title)" "$(about_line builds)" "$(about_line seconds)" "${arguments#--}" \
        "$(about_line exercise | tr '\n' ' ')" ;;
  esac >>"$folder/index.tsv"
done
