# A part of run: the pages of all lessons, the pages to play with, and their index, in one folder.

pages_usage() {
  cat <<'END'
./run pages [--out DIR] [--full] [--wasm]

Writes a page for every lesson, the pages to play with and index.html, the map of the course. They
are for a browser, and need no network: a page is one file, which you can keep and send. A lesson
that trains for long trains for a few steps only, and its page says so.

  --out DIR   the folder for the pages; otherwise my/pages
  --full      trains completely: a quarter of an hour on 2 cores
  --wasm      a page contains its program, compiled to WebAssembly, and runs it again with another
              text or seed; this needs clang and its libraries for WebAssembly (wasm/README.md)
END
}

# Sets out, full and wasm from the options of the command.
read_pages_options() {
  out=$root/my/pages
  full=
  wasm=
  while [ $# -gt 0 ]; do
    case $1 in
      --out)
        if [ -z "${2-}" ]; then fail "--out: which folder? For example: ./run pages --out pages"; fi
        out=$2
        shift ;;
      --out=?*) out=${1#--out=} ;;
      --full) full=yes ;;
      --wasm) wasm=yes ;;
      --help | -h)
        pages_usage
        exit 0 ;;
      *)
        pages_usage >&2
        fail "pages: unknown option '$1'" ;;
    esac
    shift
  done
  case $out in /*) ;; *) out=$caller/$out ;; esac
}

# The folder with its full path; it is made before anything is built.
make_pages_folder() {
  if ! error=$(mkdir -p "$out" 2>&1); then fail "--out: $error"; fi
  if ! out=$(cd "$out" 2>/dev/null && pwd) || ! [ -w "$out" ]; then
    fail "--out: $out is not a folder that can be written"
  fi
}

# The pages to play with: the programs that page/play/ builds.
play_programs() {
  for name in one_page memory backward bottleneck matmul; do
    if [ -x "$build/page/play/play_$name" ]; then echo "play_$name"; fi
  done
}

# Writes one page. Every program that has a page is called here.
write_page() { # PROGRAM OPTIONS...
  program=$1
  shift
  rm -f "$out/${program##*/}.html"
  wasm_file=$root/build/wasm/programs/${program##*/}.wasm.gz
  if [ -n "$wasm" ] && [ -f "$wasm_file" ]; then set -- --wasm "$wasm_file" "$@"; fi
  (cd "$caller" && exec "$root/$build/$program" --page "$out/${program##*/}.html" "$@") \
    >"$build/page.txt" 2>&1 </dev/null
}

# One line for a page that is begun, and how it went.
page_begins() { # NAME
  pages_done=$((pages_done + 1))
  printf '[%s/%s] %s' "$pages_done" "$pages_count" "$1" >&2
}
page_ends() { # STATUS NAME
  case $1 in
    0) printf '\n' >&2 ;;
    130)
      printf '\n' >&2
      say "Stopped. The pages that were finished are in $out."
      exit 130 ;;
    *)
      printf ': failed\n' >&2
      sed -n '$s/^/    /p' "$build/page.txt" >&2
      failed="$failed $2" ;;
  esac
}

# The pages of the lessons. $index gets a line for each page that is there: the kind, the file, the
# title, what one builds, the seconds, whether the training was quick, the exercises.
write_lesson_pages() { # NUMBERS
  for number in $1; do
    about=$("$build/lessons/lesson_$number" --about)
    about_line() { printf '%s\n' "$about" | sed -n "s/^$1 //p"; }
    quick=
    case $full$about in *"option quick"*) if [ -z "$full" ]; then quick=quick; fi ;; esac
    page_begins "lesson $number: $(about_line title)"
    status=0
    write_page "lessons/lesson_$number" --quiet ${quick:+--quick} || status=$?
    page_ends $status "lesson $number"
    if [ -f "$out/lesson_$number.html" ]; then
      printf 'lesson\tlesson_%s.html\t%s\t%s\t%s\t%s\t%s\n' "$number" \
        "Lesson $number: $(about_line title)" "$(about_line builds)" "$(about_line seconds)" \
        "$quick" "$(about_line exercise | tr '\n' ' ')" >>"$index"
    fi
  done
}

# The models of play_bottleneck learn for half a minute; the build folder keeps them until the
# program changes.
write_play_pages() { # PROGRAMS
  trained=$root/$build/play_bottleneck.json
  for name in $1; do
    set --
    if [ "$name" = play_bottleneck ]; then
      set -- --save "$trained"
      if [ "$trained" -nt "$build/page/play/$name" ]; then set -- --trained "$trained"; fi
    fi
    page_begins "$name"
    status=0
    write_page "page/play/$name" "$@" || status=$?
    page_ends $status "$name"
    if [ -f "$out/$name.html" ]; then printf 'play\t%s.html\n' "$name" >>"$index"; fi
  done
}

pages() {
  read_pages_options "$@"
  make_pages_folder
  build_target pages "the pages (the first time: about ten minutes)"
  if [ -n "$wasm" ]; then build_wasm; fi
  numbers=$(lesson_numbers)
  programs=$(play_programs)
  pages_count=$(($(printf '%s\n' $numbers $programs | grep -c .)))
  pages_done=0
  failed=
  index=$root/$build/pages.txt
  : >"$index"
  write_play_pages "$programs"
  write_lesson_pages "$numbers"
  if ! "$build/lessons/course_page" "$out" <"$index"; then
    failed="$failed index.html"
  fi
  say "The pages are in $out. Open in a browser:"
  echo "file://$(printf '%s' "$out/index.html" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g')"
  if [ -n "$failed" ]; then fail "not written, or not as expected:$failed"; fi
}
