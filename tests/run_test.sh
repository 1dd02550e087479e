#!/bin/sh
# run_test.sh ROOT SCRATCH TEST: tests ./run in a copy of the tree. The programs that it calls
# (cmake, apt-get, sudo, ...) are stubs that log their calls, and PATH has nothing else, so that a
# test takes a second. Every test runs under every kind of sh that this machine has.
# ctest calls each function test_... on its own.
set -eu
root=$1
scratch=$2
name=$3

for part in support downloads browser pages wasm; do . "$root/tests/run_$part.sh"; done

# Paths

test_clone_through_a_symbolic_link_is_configured_once() {
  ln -s "$clone" "$scratch/link"
  elsewhere=$scratch/link
  clone=$scratch/link
  call lesson 4
  call lesson 4
  times_called 1 "cmake -S"
  # cmake --preset release, called by hand in that folder, keeps the logical path.
  echo "CMAKE_HOME_DIRECTORY:INTERNAL=$scratch/link" >"$clone/build/release/CMakeCache.txt"
  call lesson 4
  times_called 1 "cmake -S"
}

test_script_may_be_a_symbolic_link() {
  mkdir "$scratch/tools"
  ln -s "../a clone/run" "$scratch/tools/first"
  ln -s "$scratch/tools/first" "$scratch/tools/gradus"
  status=0
  (in_copy sh "$scratch/tools/gradus" lesson 4) >"$out" 2>&1 || status=$?
  ends_with 0
  called "started lesson_04"
}

test_copied_clone_is_built_again() {
  call lesson 4
  mv "$clone" "$scratch/moved"
  cp -R "$scratch/moved" "$clone"
  echo "CMAKE_HOME_DIRECTORY:INTERNAL=$scratch/moved" >"$clone/build/release/CMakeCache.txt"
  call lesson 4
  times_called 2 "cmake -S"
}

test_programs_start_in_the_callers_folder() {
  for command in "lesson 4" "exercise list" "bench" "lessons" "bench ops" "train a.txt" \
    "finetune a.tsv" "chat" "generate" "tokenize"; do
    call $command
    ends_with 0
    says "here: $elsewhere"
  done
  call tests -R softmax
  ends_with 0
  called "$elsewhere"
  called "-R softmax"
}

test_nightly_tests_run_only_if_asked_for() {
  call tests
  ends_with 0
  not_called "Nightly"
  call tests --nightly -R lesson
  ends_with 0
  called "-C Nightly -R lesson"
}

test_pairs_takes_the_callers_file() {
  echo "Ich gehe. :: I go." >"$elsewhere/a=b list.txt"
  call pairs "a=b list.txt"
  ends_with 0
  says "i go ."
  for wrong in /dev/zero "$elsewhere" missing.txt; do
    call pairs "$wrong"
    ends_with 1
    says "is not a file that can be read"
  done
}

# The course

test_map_of_the_course() {
  call lessons --map
  ends_with 0
  says "> 01            3 min  part 01"
  says "  04            3 min  part 04"
  not_called started
  mkdir -p "$clone/my/course"
  echo "done 9 0.4" >"$clone/my/course/01"
  echo "reading 7 -" >"$clone/my/course/02"
  echo 02 >"$clone/my/course/last"
  call lessons --map
  says "  01  done        1 s  part 01"
  says "> 02  step 7    3 min  part 02"
  echo "done 9 64.6" >"$clone/my/course/02"
  call lessons --map
  says "  02  done       64 s  part 02"
  says "> 04            3 min  part 04"
  echo "nonsense" >"$clone/my/course/02"
  call lessons --map
  ends_with 0
  says "> 01  done        1 s  part 01"
}

test_course_goes_on_where_the_reader_stopped() {
  has_terminal || skip "needs script(1)"
  mkdir -p "$clone/my/course"
  echo "reading 7 -" >"$clone/my/course/02"
  echo 02 >"$clone/my/course/last"
  two_enters() { echo; wait_until grep -q "started lesson_02" "$log"; echo; }
  settings="READ_TO=done_9_2"
  call_in_terminal two_enters lessons
  ends_with 0
  says "Enter: lesson 02, step 7"
  called "lesson_02 --step --from 7"
  not_called "started lesson_01"
  called "started lesson_04"
}

test_reader_chooses_a_lesson_and_leaves_it() {
  has_terminal || skip "needs script(1)"
  choose() { echo 9; echo 4; }
  settings="READ_TO=reading_3_-"
  call_in_terminal choose lessons --seed 1
  ends_with 0
  says "There is no lesson 09."
  called "lesson_04 --seed 1"
  not_called "--step"
  call_in_terminal "echo q" lessons
  ends_with 0
  times_called 1 "started"
}

test_without_a_terminal_all_lessons_run_in_order() {
  mkdir -p "$clone/my/course"
  echo "reading 7 -" >"$clone/my/course/02"
  echo 02 >"$clone/my/course/last"
  call lessons --quiet
  ends_with 0
  times_called 3 "started"
  does_not_say "The course"
  not_called "--from"
}

# The lock

test_two_at_once_wait_for_each_other() {
  settings="HOLD=yes"
  (in_copy sh "$clone/run" lesson 4) >"$scratch/first" 2>&1 &
  first=$!
  wait_until test -d "$clone/build/busy"
  call lesson 1 &
  second=$!
  wait_until grep -q "Waiting for ./run lesson, which is building" "$out"
  : >"$log.go"
  wait $first || fail "the first: $(cat "$scratch/first")"
  wait $second
  says "If process "
  does_not_say "TWO BUILDS"
  called "started lesson_04"
  called "started lesson_01"
  [ ! -e "$clone/build/build.lock" ] || fail "the lock is still there"
}

test_many_at_once_after_a_stale_lock() {
  mkdir "$clone/build"
  echo "999999999 - ./run tests" >"$clone/build/build.lock"
  all=
  for i in 1 2 3 4 5; do
    (in_copy sh "$clone/run" lesson 4) >>"$out" 2>&1 &
    all="$all $!"
  done
  status=0
  for process in $all; do wait "$process" || status=$?; done
  ends_with 0
  does_not_say "TWO BUILDS"
}

test_lock_of_a_killed_run_is_stale_once_its_cmake_has_ended() {
  settings="HOLD=yes"
  (in_copy sh -c 'echo $$ >"$LOG.pid" && exec sh "$0" lesson 4' "$clone/run") \
    >"$scratch/first" 2>&1 &
  wait_until test -d "$clone/build/busy"
  kill -9 "$(cat "$log.pid")"
  call lesson 1 &
  second=$!
  wait_until grep -q "Waiting for ./run lesson" "$out"
  : >"$log.go"
  wait $second
  does_not_say "TWO BUILDS"
  called "started lesson_01"
}

test_number_of_another_process_in_a_stale_lock() {
  mkdir "$clone/build"
  if [ ! -e /proc/self/stat ]; then skip "the start of a process is not in /proc"; fi
  echo "$$ 1 ./run tests" >"$clone/build/build.lock"
  call lesson 4
  ends_with 0
  does_not_say Waiting
}

# Disks

test_folder_that_cannot_be_written() {
  if [ "$(id -u)" = 0 ]; then
    command -v setpriv >/dev/null || skip "needs setpriv, to be a user other than root"
    as_user="$(command -v setpriv) --reuid=65534 --clear-groups"
  else
    as_user=
  fi
  mkdir -p "$clone/build"
  echo "an old log" >"$clone/build/log.txt"
  chmod -R a+rX "$scratch"
  chmod a+w "$log"
  chmod 555 "$clone" "$clone/build"
  if ! $as_user ls "$clone" >/dev/null 2>&1; then skip "the user nobody does not see $clone"; fi
  status=0
  (in_copy $as_user sh "$clone/run" lesson 4) >"$out" 2>&1 || status=$?
  chmod 755 "$clone" "$clone/build"
  ends_with 1
  says "cannot write to $clone/build"
  does_not_say "an old log"
}

test_full_disk() {
  mkdir "$clone/build"
  if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=8k none "$clone/build" 2>/dev/null; then
    skip "this user cannot mount a small disk"
  fi
  call lesson 4
  umount "$clone/build"
  ends_with 1
  says "cannot write to $clone/build: the disk is full"
}

# Installing

missing_library() { settings="MISSING=fmt/format.h $settings"; }

test_nothing_is_installed_without_being_asked() {
  stub apt-get </dev/null
  missing_library
  call lesson 4
  ends_with 1
  not_called apt-get
  says "Missing: fmt. This installs it: apt-get install -y --no-install-recommends libfmt-dev"
  says "./run --yes lesson"
}

test_yes_and_no_install() {
  stub apt-get </dev/null
  missing_library
  call --no-install lesson 4
  ends_with 0
  not_called apt-get
  call lesson --yes 4 --quiet
  rm -rf "$clone/build"
  call lesson --yes 4 --quiet
  ends_with 0
  called "apt-get update"
  called "apt-get install -y --no-install-recommends libfmt-dev"
  called "lesson_04 --quiet"
}

test_asks_on_a_terminal() {
  has_terminal || skip "needs script(1)"
  stub apt-get </dev/null
  missing_library
  call_in_terminal "echo n" lesson 4
  ends_with 0
  says "Install it now? [Y/n]"
  not_called apt-get
  rm -rf "$clone/build"
  call_in_terminal echo lesson 4
  called "apt-get install"
}

test_failing_repository_and_unknown_package() {
  stub apt-get <<'END'
case $* in
  update) exit 100 ;;
  *libfmt-dev\ *) echo "E: Unable to locate package libfmt-dev"; exit 100 ;;
esac
END
  settings="MISSING=__has_include"
  call --yes lesson 4
  ends_with 0
  says "apt-get update failed in part"
  called "apt-get install -y --no-install-recommends libgtest-dev"
  called "started lesson_04"
}

test_user_without_sudo() {
  stub apt-get </dev/null
  rm "$bin/sudo"
  missing_library
  settings="FAKE_USER=1000 $settings"
  call --yes lesson 4
  ends_with 1
  says "this must be done as root: apt-get install"
}

test_other_package_managers() {
  settings="MISSING=json.hpp FAKE_USER=1000"
  for manager in dnf pacman zypper apk; do
    stub $manager </dev/null
    rm -rf "$clone/build"
    call --yes lesson 4
    ends_with 0
    called "sudo -n env DEBIAN_FRONTEND=noninteractive $manager"
    rm "$bin/$manager"
  done
  called "dnf install -y json-devel"
  called "pacman -S --needed --noconfirm nlohmann-json"
  called "zypper --non-interactive install nlohmann_json-devel"
  called "apk add nlohmann-json"
}

test_unknown_package_manager() {
  missing_library
  call lesson 4
  ends_with 0
  says "knows no package manager of this system: fmt"
  rm "$bin/c++"
  rm -rf "$clone/build"
  call lesson 4
  ends_with 1
  says "Gradus needs a C++20 compiler"
}

test_doctor_names_what_is_too_old() {
  stub apt-get </dev/null
  call doctor
  ends_with 0
  says "| 64-bit Arm |"
  settings="CMAKE_IS=3.20.5"
  call doctor
  ends_with 1
  says "cmake version 3.20.5: too old, Gradus needs 3.22"
  settings="MISSING=FMT_VERSION"
  call doctor
  ends_with 0
  says "older than 8.1: CMake will download it"
  settings="MISSING=__GNUC__"
  call doctor
  ends_with 1
  says "too old, Gradus needs g++ 11 or clang++ 14"
}

# What is shown

test_build_is_announced_only_if_there_is_work() {
  settings="WORK=yes"
  call lesson 4
  says "Building lesson 04"
  settings=
  call lesson 4
  does_not_say Building
}

test_progress_of_a_build_fits_the_window() {
  has_terminal || skip "needs script(1)"
  settings="WORK=yes"
  for window in 80 60 24; do
    for command in "exercise list" "lesson 4" tests bench "generate --help"; do
      call_in_terminal true $command
      ends_with 0
      says "/200]"
      tr '\r' '\n' <"$out" | awk -v w=$window '/^Building/ && length >= w { exit 1 }' ||
        fail "a line is as wide as the window of $window columns"
      if [ $window = 80 ]; then says "(the first time: "; else does_not_say "(the f"; fi
    done
  done
}

test_failed_build_shows_its_errors_only() {
  settings="WORK=yes BROKEN=yes"
  call lesson 4
  ends_with 1
  says "a.cpp: error: no ;"
  says "not built: lesson_04"
  does_not_say "/200]"
  not_called "started"
  [ ! -e "$clone/build/build.lock" ] || fail "the lock is still there"
}

test_terminal_shows_the_steps_of_a_build() {
  has_terminal || skip "needs script(1)"
  settings="WORK=yes"
  call_in_terminal true lesson 4
  says "[100/200]"
}

interrupt_lesson() {
  echo
  wait_until grep -q "started lesson_01" "$log"
  printf '\003'
}
test_interrupted_lesson_is_the_last() {
  has_terminal || skip "needs script(1)"
  settings="HOLD_LESSON=yes"
  call_in_terminal interrupt_lesson lessons
  ends_with 130
  not_called "started lesson_02"
}

interrupt_build() {
  wait_until test -d "$clone/build/busy"
  printf '\003'
}
test_interrupted_build_leaves_no_lock() {
  has_terminal || skip "needs script(1)"
  settings="HOLD=yes"
  call_in_terminal interrupt_build lesson 4
  ends_with 130
  not_called started
  [ ! -e "$clone/build/build.lock" ] || fail "the lock is still there"
  rmdir "$clone/build/busy"
  : >"$log.go"
  call lesson 4
  ends_with 0
}

test_wrong_calls() {
  call lesson
  says "which lesson?"
  ends_with 1
  for wrong in 3 lesson 4.5 -x "1 2" .; do
    call lesson "$wrong"
    says "there is no lesson '$wrong'"
    ends_with 1
  done
  call lessen
  says "unknown command 'lessen'"
  ends_with 1
  call
  says "./run doctor"
  ends_with 0
}

for shell in dash bash busybox zsh mksh; do
  if command -v $shell >/dev/null; then
    status=
    settings=
    (make_copy $shell && "$name")
  fi
done
rm -rf "$scratch"
