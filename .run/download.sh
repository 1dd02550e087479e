# A part of ./run: gets the files that .run/downloads.txt lists, and checks their sums.

downloads() { grep -v '^#' .run/downloads.txt; }

sum_of() { { sha256sum "$1" || shasum -a 256 "$1"; } 2>/dev/null | cut -c 1-64; }
has_sum() { [ -f "$1" ] && [ "$(sum_of "$1")" = "$2" ]; } # FILE SUM

# Appends to the file what it does not have yet. A terminal shows the progress.
get() { # ADDRESS FILE
  progress=
  if [ -t 2 ]; then progress=yes; fi
  if command -v curl >/dev/null; then
    if [ -n "$progress" ]; then set -- "$@" --progress-bar; else set -- "$@" -sS; fi
    curl --fail --location --continue-at - --output "$2" "$3" "$1"
  elif command -v wget >/dev/null; then
    if [ -n "$progress" ]; then wget -c -O "$2" "$1"; else wget -q -c -O "$2" "$1"; fi
  else
    say "neither curl nor wget is installed"
    return 1
  fi
}

# Gets a file with this sum. An interrupted download goes on where it stopped, and starts anew if
# the server cannot do that (curl's status 33) or has another file by now.
get_checked() { # ADDRESS FILE SUM
  if [ -s "$2" ]; then
    if has_sum "$2" "$3"; then return; fi
    say "continuing after $(wc -c <"$2" | tr -d ' ') bytes"
    status=0
    get "$1" "$2" || status=$?
    if [ $status = 0 ] && has_sum "$2" "$3"; then return; fi
    if [ $status != 0 ] && [ $status != 33 ]; then return 1; fi
    rm -f "$2"
  fi
  get "$1" "$2" || return 1
  if ! has_sum "$2" "$3"; then
    rm -f "$2"
    fail "$1 has changed: its SHA-256 is not $3"
  fi
}

# The files of one set go into my/data, or into a folder that the caller names.
download() { # WHAT [--to DIR]
  what=
  to=
  while [ $# -gt 0 ]; do
    case $1 in
      --to)
        if [ -z "${2-}" ]; then fail "--to needs a folder"; fi
        to=$2
        shift ;;
      --to=?*) to=${1#--to=} ;;
      *)
        if [ -n "$what" ]; then fail "one download at a time: '$what' or '$1'?"; fi
        what=$1 ;;
    esac
    shift
  done
  if ! downloads | cut -d ' ' -f 1 | grep -qxF -e "$what"; then
    fail "there is no '$what' to download; there is:" $(downloads | cut -d ' ' -f 1 | uniq)
  fi
  case $to in '' | /*) ;; *) to=$caller/$to ;; esac
  if [ -z "$(sum_of run)" ]; then fail "neither sha256sum nor shasum is installed"; fi
  downloads | while read -r set name sum address; do
    if [ "$set" != "$what" ]; then continue; fi
    if [ -n "$to" ]; then file=$to/${name##*/}; else file=my/data/$name; fi
    download_file "$file" "$sum" "$address"
  done
}

download_file() { # FILE SUM ADDRESS
  if has_sum "$1" "$2"; then
    say "$1 is there already"
    return
  fi
  if [ -n "$to" ] && [ -e "$1" ]; then fail "$1 is another file; choose another folder"; fi
  mkdir -p "${1%/*}"
  case $1 in /*) path=$1 ;; *) path=$root/$1 ;; esac
  say "$3"
  if ! get_checked "$3" "$1.part" "$2"; then
    if [ -s "$1.part" ]; then say "what was downloaded is kept: the same command continues"; fi
    fail "$3 cannot be fetched; get it in another way and put it there: $path"
  fi
  mv "$1.part" "$1"
  say "$1"
}
