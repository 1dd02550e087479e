# A part of ./run: one build at a time, and what is shown of it.

# Locks

# build/NAME.lock names the process that holds the lock: its number, its start and its command. The
# programs that it started for the work add their numbers: they may survive it. A lock without a
# living process is stale.
held=

# Tells a process from a later one with the same number; empty where the system does not say.
start_of() {
  cut -d ' ' -f 22 "/proc/$1/stat" 2>/dev/null || ps -o lstart= -p "$1" 2>/dev/null | tr ' ' _ ||
    true
}

is_alive() { # NUMBER START
  if ! kill -0 "$1" 2>/dev/null && [ ! -d "/proc/$1" ]; then return 1; fi
  [ "$2" = - ] || [ "$2" = "$(start_of "$1")" ]
}

is_held() { # LOCK
  while read -r holder start rest; do
    if is_alive "$holder" "$start"; then return 0; fi
  done 2>/dev/null <"$1"
  return 1
}

# Removes a stale lock if nobody else has done so. Only the owner of the folder $lock.guard may:
# otherwise two processes could find it, and the second could remove the first one's new lock.
remove_stale() { # LOCK ITS-CONTENT TRIES
  if mkdir "$1.guard" 2>/dev/null; then
    if [ "$(cat "$1" 2>/dev/null || true)" = "$2" ]; then rm -f "$1"; fi
    rmdir "$1.guard"
  elif [ "$3" -gt 50 ]; then
    rmdir "$1.guard" 2>/dev/null || true # its owner was killed
  else
    wait_a_moment
  fi
}

make_lock() { # LOCK
  start=$(start_of $$)
  (set -C && echo "$$ ${start:--} ./run $command" >"$1") 2>/dev/null
}

take_lock() { # NAME
  check_writable
  lock=build/$1.lock
  told=
  tries=0
  until make_lock "$lock"; do
    tries=$((tries + 1))
    content=$(cat "$lock" 2>/dev/null || true)
    if is_held "$lock"; then
      if [ -z "$told" ]; then
        told=yes
        say "Waiting for $(echo "$content" | sed -n '1s/^[^ ]* [^ ]* //p'), which is building here."
        say "If process ${content%% *} is not building, delete $lock."
      fi
      wait_a_moment
    elif [ -z "$content" ] && [ $tries -lt 50 ]; then
      wait_a_moment # just made, its text is not yet written
    else
      remove_stale "$lock" "$content" $tries
    fi
  done
  held="$held $1"
}

wait_a_moment() { sleep 0.2 2>/dev/null || sleep 1; }

release_locks() {
  for name in $held; do rm -f "$root/build/$name.lock"; done
  held=
}

release_lock() { # NAME
  rm -f "build/$1.lock"
  held=$(echo " $held " | sed "s/ $1 / /")
}

# Runs a command that keeps the lock even if this script is killed.
as_holder() { # NAME COMMAND...
  lock=$root/build/$1.lock
  shift
  sh -c 'echo "$$ -" >>"$0" && exec "$@"' "$lock" "$@"
}

# Building

# A disk is full if it does not take a megabyte.
check_writable() {
  probe=build/probe.$$
  if error=$({ mkdir -p build && head -c 1000000 /dev/zero >$probe; } 2>&1); then
    rm -f $probe
    return
  fi
  rm -f $probe
  say "$error"
  fail "cannot write to $root/build: the disk is full or read-only, or the folder is another user's"
}

build_failed() { # WHAT-FAILED
  check_writable
  fail "$1"
}

# Whether the build belongs to this folder, and not to one that was copied or moved here.
is_configured() {
  if [ ! -f $build/build.ninja ] && [ ! -f $build/Makefile ]; then return 1; fi
  source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' $build/CMakeCache.txt)
  [ -n "$source" ] && [ "$(cd -P "$source" 2>/dev/null && pwd)" = "$root" ]
}

configure() { # CMAKE-OPTIONS
  if ! is_configured; then
    rm -rf $build
    install_missing
    generator=
    if command -v ninja >/dev/null; then generator="-G Ninja"; fi
    set -- $generator -DCMAKE_BUILD_TYPE=Release "$@"
  elif [ $# = 0 ]; then
    return
  fi
  if ! quietly as_holder build cmake -S . -B $build "$@"; then
    say "$output"
    build_failed "cmake could not prepare the build"
  fi
}

# The columns of the terminal that shows the errors.
columns() {
  size=$(stty size <&2 2>/dev/null) || size=
  case ${size#* } in '' | 0 | *[!0-9]*) echo 80 ;; *) echo "${size#* }" ;; esac
}

# One line that replaces the line before it. It must be shorter than the window: a line that wraps
# is not replaced. The remark in parentheses goes first, then the end of the text. The room is the
# same for every count up to [999/999], so that no line is shorter than the one that it replaces.
show_progress() { # WHAT COUNT
  room=$(($(columns) - 20))
  text=$1
  if [ ${#text} -gt $room ]; then text=${text%% (*}; fi
  if [ $room -lt 1 ]; then room=1; fi
  printf "\rBuilding %.${room}s %s" "$text" "$2" >&2
}

# Reads what cmake --build writes, and "built" or "failed". Says what is built as soon as there is
# work to do, and counts the steps on a terminal. Errors are shown at the end.
show_build() { # WHAT
  messages=
  shown=
  while IFS= read -r line; do
    case $line in
      built | failed) break ;;
      '['*Building* | '['*Linking* | '['*Re-running*)
        if [ -t 2 ]; then
          show_progress "$1" "${line%%]*}]"
        elif [ -z "$shown" ]; then
          say "Building $1"
        fi
        shown=yes ;;
      '['*/* | '['*%*) ;;
      *) messages="$messages$line
" ;;
    esac
  done
  if [ -n "$shown" ] && [ -t 2 ]; then printf '\n' >&2; fi
  if [ "$line" = built ]; then return 0; fi
  printf '%s' "$messages" >&2
  return 1
}

build_target() { # TARGET WHAT CMAKE-OPTIONS
  target=$1
  what=$2
  shift 2
  take_lock build
  configure "$@"
  if ! {
    NINJA_STATUS='[%f/%t] ' as_holder build \
      cmake --build $build --parallel "$cores" --target "$target" && echo built || echo failed
  } 2>&1 </dev/null | show_build "$what"; then
    build_failed "not built: $target"
  fi
  release_lock build
}
