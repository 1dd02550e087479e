# A part of run: the map of the course, and where a reader is in it.

# One file for each lesson, which the lesson writes (lessons/kit/bookmark.h): reading, done or quick
# (gone through with --quick only), the number of the step, and the seconds that the lesson took.
# The file last has the number of the lesson that was read last.
course=$root/my/course

# A field of a lesson's description of itself: about_field 04 builds
about_field() {
  sed -n -e "s/^ *\.$2 = \"\(.*\)\",\$/\1/p" -e "s/^ *\.$2 = \([0-9]*\),\$/\1/p" lessons/"$1"_*.cpp
}

# Sets state, step and seconds; they are empty if the lesson was never read.
read_bookmark() { # NUMBER
  state= step= seconds=
  if [ -r "$course/$1" ]; then read -r state step seconds <"$course/$1" || :; fi
  case $step in '' | *[!0-9]*) state= ;; esac
  case $seconds in '' | *[!0-9.]*) seconds= ;; esac
}

# Sets here to the lesson where the reader goes on, and from to the step.
find_reader() { # NUMBERS
  here= from=1 last= is_next=
  if [ -r "$course/last" ]; then read -r last <"$course/last" || :; fi
  read_bookmark "$last"
  for number in $1; do
    if [ -n "$is_next" ]; then here=$number is_next=; fi
    if [ "$number" = "$last" ]; then
      case $state in
        reading) here=$number from=$step ;;
        done) is_next=yes ;;
      esac
    fi
  done
  if [ -z "$here" ]; then here=${1%%[!0-9]*}; fi
}

duration() { # SECONDS, perhaps with a fraction
  whole=${1%%.*}
  if [ "${whole:-0}" -ge 90 ]; then
    echo "$(((whole + 30) / 60)) min"
  elif [ "${whole:-0}" -lt 1 ]; then
    echo "1 s"
  else
    echo "$whole s"
  fi
}

# The lessons: where the reader is, how long each computes, and what it builds.
print_map() { # NUMBERS
  printf 'The lessons: where you are, how long each computes, and what you build in it:\n\n'
  quick=
  for number in $1; do
    read_bookmark "$number"
    case $state in
      reading) place="step $step" ;;
      quick) place=quick quick=yes ;;
      *) place=$state ;;
    esac
    pointer=' '
    if [ "$number" = "$here" ]; then pointer='>'; fi
    printf '%s %s  %-8s %6s  %s\n' "$pointer" "$number" "$place" \
      "$(duration "${seconds:-$(about_field "$number" seconds)}")" "$(about_field "$number" builds)"
  done
  printf '\nComputing times: as measured here, otherwise on 2 cores.\n'
  if [ -n "$quick" ]; then
    printf 'quick: gone through with --quick, which trains for a few steps only.\n'
  fi
}

# Shows the map and lets the reader choose. Sets here and from; returns 1 if the reader stops.
choose_lesson() { # NUMBERS
  print_map "$1"
  while true; do
    offer="lesson $here"
    if [ "$from" -gt 1 ]; then offer="$offer, step $from"; fi
    printf '\nEnter: %s (or the number of a lesson; q: stop): ' "$offer"
    read -r answer || return 1
    case $answer in
      '') return 0 ;;
      q) return 1 ;;
      [0-9]) answer=0$answer ;;
    esac
    for number in $1; do
      if [ "$number" = "$answer" ]; then
        here=$number from=1
        return 0
      fi
    done
    printf 'There is no lesson %s.' "$answer"
  done
}
