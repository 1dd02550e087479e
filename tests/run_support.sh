# A part of run_test.sh: the copy of the tree, the stubs, the calls, and what is expected of them.

clone="$scratch/a clone"
bin=$scratch/bin
log=$scratch/log
out=$scratch/out
elsewhere="$scratch/the caller's folder"

stub() { # NAME, the script on standard input
  { printf '#!%s\n' "$real_sh" && echo 'echo "${0##*/} $*" >>"$LOG"' && cat; } >"$bin/$1"
  chmod +x "$bin/$1"
}
real_sh=$(command -v dash || command -v sh)

make_copy() { # SHELL
  rm -rf "$scratch"
  mkdir -p "$clone/lessons/translation" "$clone/docs" "$clone/tests/page" "$clone/wasm" "$bin" \
    "$elsewhere"
  cp -R "$root/run" "$root/.run" "$clone"
  cp "$root/docs/tested.md" "$clone/docs"
  cp "$root/tests/page/run_tests.sh" "$clone/tests/page"
  cp "$root/tests/needs.sh" "$clone/tests"
  cp "$root/wasm/toolchain.cmake" "$clone/wasm"
  for number in 01 02 04; do
    printf '    .number = 1,\n    .builds = "part %s",\n    .seconds = 170,\n' $number \
      >"$clone/lessons/${number}_topic.cpp"
  done
  cp "$root/lessons/translation/pairs_from_trans.awk" "$clone/lessons/translation"
  : >"$log"
  for tool in awk cat chmod cp cut date dirname env getconf grep head kill ln ls mkdir mv printf \
    ps readlink rm rmdir sed setsid sleep stty touch tr true uname; do
    for folder in /usr/bin /bin; do
      if [ -x $folder/$tool ]; then ln -sf $folder/$tool "$bin/$tool"; fi
    done
  done
  ln -s "$(command -v "$1")" "$bin/sh"
  stub ninja </dev/null
  stub ctest <<'END'
pwd >>"$LOG"
END
  stub c++ <<'END'
case $* in *--version*) echo "c++ 12.2.0" ;; esac
if [ -n "${MISSING-}" ]; then
  case $(cat) in *$MISSING*) exit 1 ;; esac
fi
END
  stub id <<'END'
echo "${FAKE_USER-0}"
END
  stub sudo <<'END'
if [ "$1" = -n ]; then shift; fi
exec "$@"
END
  stub cmake <<'END'
case $1 in
  --version) echo "cmake version ${CMAKE_IS-3.25.1}" ;;
  -S)
    mkdir -p build/release
    : >build/release/build.ninja
    echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >build/release/CMakeCache.txt ;;
  --build)
    if ! mkdir build/busy; then echo "TWO BUILDS AT ONCE"; exit 1; fi
    echo "[0/2] Re-checking globbed directories..."
    if [ -n "${WORK-}" ]; then echo "[100/200] Building CXX object a.o"; fi
    while [ -n "${HOLD-}" ] && [ ! -e "$LOG.go" ]; do sleep 0.1; done
    rmdir build/busy
    if [ -n "${BROKEN-}" ]; then echo "a.cpp: error: no ;"; exit 1; fi
    for program in lessons/lesson_01 lessons/lesson_02 lessons/lesson_04 \
      lessons/course_page page/play/play_memory page/play/play_bottleneck \
      exercises/exercise_grader gpt/gradus tests/bench/bench tests/bench/bench_ops; do
      mkdir -p "build/release/${program%/*}"
      cp "$LESSON" "build/release/$program"
    done ;;
esac
END
  stub lesson_stub <<'END'
echo "started ${0##*/}" >>"$LOG"
echo "here: $PWD"
if [ -n "${READ_TO-}" ]; then
  mkdir -p "$GRADUS_COURSE"
  echo "$READ_TO" | tr _ ' ' >"$GRADUS_COURSE/${0##*_}"
  echo "${0##*_}" >"$GRADUS_COURSE/last"
fi
while [ -n "${HOLD_LESSON-}" ]; do sleep 0.1; done
END
  mv "$bin/lesson_stub" "$scratch/lesson_stub"
}

# Waits until a command succeeds.
wait_until() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries = 300 ]; then fail "in vain waited for: $*"; fi
    sleep 0.1
  done
}

# Calls ./run in the caller's folder with the stubs and the settings in $settings.
settings=
in_copy() {
  cd "$elsewhere"
  env -i PATH="$bin" PWD="$PWD" LOG="$log" LESSON="$scratch/lesson_stub" $settings "$@"
}
call() {
  status=0
  (in_copy sh "$clone/run" "$@") >"$out" 2>&1 </dev/null || status=$?
}
# The same in a terminal of $window columns, where a command types.
window=80
has_terminal() { script -qec true /dev/null </dev/null >/dev/null 2>&1; }
call_in_terminal() { # TYPING ARGUMENTS...
  typing=$1
  shift
  line=
  for word in "$@"; do line="$line '$word'"; done
  status=0
  cat >"$scratch/in_terminal" <<END
stty cols $window
cd "$elsewhere" || exit
exec env -i PATH="$bin" TERM=xterm LOG="$log" LESSON="$scratch/lesson_stub" $settings \
  sh "$clone/run" $line
END
  $typing | script -qec "$real_sh '$scratch/in_terminal'" /dev/null >"$out" 2>&1 || status=$?
}

fail() {
  echo "$name under $shell: $*"
  echo "--- status $status, output:"
  cat "$out"
  echo "--- calls:"
  cat "$log"
  exit 1
}
says() { grep -qF -e "$1" "$out" || fail "does not say: $1"; }
does_not_say() { ! grep -qF -e "$1" "$out" || fail "says: $1"; }
called() { grep -qF -e "$1" "$log" || fail "not called: $1"; }
not_called() { ! grep -qF -e "$1" "$log" || fail "called: $1"; }
ends_with() { [ "$status" = "$1" ] || fail "status $status, expected $1"; }
times_called() { [ "$(grep -cF -e "$2" "$log")" = "$1" ] || fail "not called $1 times: $2"; }

skip() {
  echo "skipped: $*"
  exit 0
}
