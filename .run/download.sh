# A part of ./run: gets the files that .run/downloads.txt lists, and checks their sums.

downloads() { grep -v '^#' .run/downloads.txt; }

sum_of() { { sha256sum "$1" || shasum -a 256 "$1"; } 2>/dev/null | cut -c 1-64; }

get() { # ADDRESS FILE
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --output-document="$2" "$1"
  else
    say "neither curl nor wget is installed"
    return 1
  fi
}

download() {
  if ! downloads | cut -d ' ' -f 1 | grep -qxF -e "${1-}"; then
    fail "there is no '${1-}' to download; there is: $(downloads | cut -d ' ' -f 1 | uniq)"
  fi
  downloads | while read -r what name sum address; do
    if [ "$what" != "$1" ]; then continue; fi
    file=my/data/$name
    if [ -f "$file" ] && [ "$(sum_of "$file")" = "$sum" ]; then
      say "$file is there already"
      continue
    fi
    mkdir -p "${file%/*}"
    if ! get "$address" "$file.part"; then
      rm -f "$file.part"
      fail "$address cannot be fetched; get it in another way and put it there: $root/$file"
    fi
    if [ "$(sum_of "$file.part")" != "$sum" ]; then
      rm -f "$file.part"
      fail "$address has changed: its SHA-256 is not $sum"
    fi
    mv "$file.part" "$file"
    say "$file"
  done
}
