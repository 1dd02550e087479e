# A part of run_test.sh: the tests of ./run pages.

# The stub of a lesson writes its page and describes itself.
make_pages() {
  mkdir -p "$clone/page"
  cat >"$scratch/lesson_stub" <<END
#!$real_sh
END
  cat >>"$scratch/lesson_stub" <<'END'
case "$*" in
  --about)
    printf 'number %s\ntitle Topic\nbuilds a part\nseconds 170\n' "${0##*_}"
    if [ "${0##*_}" = 02 ]; then printf 'option quick\nexercise softmax\nexercise gelu\n'; fi
    exit ;;
esac
echo "started ${0##*/} $*" >>"$LOG"
case ${0##*/} in
  course_page) cat >"$1/index.html"; exit ;;
esac
if [ "${0##*_}" = "${FAILS-}" ]; then echo "first line"; echo "no such file" >&2; exit 1; fi
if [ "${0##*_}" = "${STOPS-}" ]; then exit 130; fi
echo "a page" >"$2"
END
  chmod +x "$scratch/lesson_stub"
}

test_pages_of_all_lessons_and_an_index() {
  make_pages
  call pages
  ends_with 0
  for number in 01 02 04; do
    [ -f "$clone/my/pages/lesson_$number.html" ] || fail "no page of lesson $number"
    says "lesson $number: Topic"
  done
  says "[1/5] play_memory"
  says "[5/5] lesson 04: Topic"
  says "file://$(echo "$clone" | sed 's/ /%20/g')/my/pages/index.html"
  grep -q "^play	play_memory.html" "$clone/my/pages/index.html" || fail "the index lacks a page"
  grep -qx "lesson	lesson_02.html	Lesson 02: Topic	a part	170	quick	softmax gelu " \
    "$clone/my/pages/index.html" || fail "the index has: $(cat "$clone/my/pages/index.html")"
  called "started lesson_02 --page $clone/my/pages/lesson_02.html --quiet --quick"
  not_called "lesson_01.html --quiet --quick"
}

test_pages_keep_trained_models_until_the_program_changes() {
  make_pages
  models=$clone/build/release/play_bottleneck.json
  call pages
  called "started play_bottleneck --page $clone/my/pages/play_bottleneck.html --save $models"
  touch -t 203701010000 "$models"
  call pages
  called "started play_bottleneck --page $clone/my/pages/play_bottleneck.html --trained $models"
}

test_full_pages_train_completely() {
  make_pages
  call pages --full
  ends_with 0
  not_called "--quick"
  ! grep -q "	quick	" "$clone/my/pages/index.html" || fail "the index says quick"
}

test_pages_go_to_the_callers_folder() {
  make_pages
  for option in "--out=a b/c" "--out"; do
    if [ "$option" = --out ]; then call pages --out "d e"; else call pages "$option"; fi
    ends_with 0
  done
  for folder in "a b/c" "d e"; do
    [ -f "$elsewhere/$folder/index.html" ] || fail "no index in $folder"
  done
}

test_a_lesson_that_fails_is_named_and_the_others_are_written() {
  make_pages
  mkdir -p "$clone/my/pages"
  echo "of an earlier run" >"$clone/my/pages/lesson_02.html"
  settings="FAILS=02"
  call pages
  ends_with 1
  says "lesson 02: Topic: failed"
  says "    no such file"
  says "not written, or not as expected: lesson 02"
  [ -f "$clone/my/pages/lesson_04.html" ] || fail "lesson 04 was not written"
  [ ! -e "$clone/my/pages/lesson_02.html" ] || fail "the page of an earlier run is still there"
  ! grep -q "lesson_02" "$clone/my/pages/index.html" || fail "the index has lesson 02"
}

test_stopped_pages_say_so() {
  make_pages
  settings="STOPS=02"
  call pages
  ends_with 130
  says "Stopped. The pages that were finished are in"
  not_called "started lesson_04"
}

test_wrong_options_of_pages() {
  make_pages
  echo text >"$elsewhere/file"
  call pages --out file
  ends_with 1
  says "run: --out: "
  not_called "cmake --build"
  call pages --out
  says "--out: which folder?"
  call pages --fast
  ends_with 1
  says "pages: unknown option '--fast'"
  call pages --help
  ends_with 0
  says "./run pages [--out DIR]"
  for option in "--page x.html" --page=x.html --json; do
    call lessons $option
    ends_with 1
    says "./run pages writes a page for each"
  done
}
