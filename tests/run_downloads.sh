# A part of run_test.sh: the tests of ./run download.

# The copy gets a list of two files, and a curl and a wget that have them. They append to the file
# what it does not have, and stop in the middle after BREAKS_AFTER bytes.
make_downloads() {
  command -v sha256sum >/dev/null || skip "needs sha256sum"
  for tool in sha256sum tail uniq wc; do ln -sf "$(command -v $tool)" "$bin/$tool"; done
  cat >"$scratch/fetch" <<'END'
while [ "$1" != OPTION ]; do shift; done
file=$2
for address; do :; done # the last argument
if [ -n "${NO_NETWORK-}" ]; then echo "no such host" >&2; exit 6; fi
if [ -n "${NO_RANGES-}" ] && [ -s "$file" ]; then exit 33; fi
had=0
if [ -e "$file" ]; then had=$(wc -c <"$file"); fi
text="text of $address${CHANGED-}"
printf '%s\n' "$text" | tail -c +$((had + 1)) | head -c "${BREAKS_AFTER-1000}" >>"$file"
[ -z "${BREAKS_AFTER-}" ]
END
  sed 's/OPTION/--output/' "$scratch/fetch" | stub curl
  sed 's/OPTION/-O/' "$scratch/fetch" | stub wget
  for file in model words; do
    sum=$(echo "text of http://x/$file" | sha256sum | cut -c 1-64)
    echo "stories set/$file $sum http://x/$file"
  done >"$clone/.run/downloads.txt"
}

has_both_files() { # FOLDER
  for file in model words; do
    [ "$(cat "$1/$file")" = "text of http://x/$file" ] || fail "wrong text: $1/$file"
  done
  [ "$(ls "$1" | wc -l)" -eq 2 ] || fail "there are more files"
}

test_download_gets_what_is_missing() {
  make_downloads
  call download stories
  ends_with 0
  has_both_files "$clone/my/data/set"
  rm "$clone/my/data/set/words"
  echo "half a fi" >"$clone/my/data/set/model"
  call download stories
  ends_with 0
  times_called 4 curl
  call download stories
  ends_with 0
  says "my/data/set/model is there already"
  times_called 4 curl
  not_called wget
  has_both_files "$clone/my/data/set"
}

test_download_goes_on_where_it_stopped() {
  make_downloads
  for tool in curl wget; do
    settings="BREAKS_AFTER=7"
    call download stories
    ends_with 1
    says "http://x/model cannot be fetched"
    says "what was downloaded is kept: the same command continues"
    [ "$(cat "$clone/my/data/set/model.part")" = "text of" ] || fail "no part"
    settings="NO_NETWORK=yes"
    call download stories
    ends_with 1
    says "what was downloaded is kept"
    settings=
    call download stories
    ends_with 0
    says "continuing after 7 bytes"
    has_both_files "$clone/my/data/set"
    times_called 4 $tool
    rm -r "$clone/my" "$bin/$tool"
  done
}

test_download_starts_anew_if_it_cannot_go_on() {
  make_downloads
  mkdir -p "$clone/my/data/set"
  echo "part of another file" >"$clone/my/data/set/model.part"
  call download stories
  ends_with 0
  has_both_files "$clone/my/data/set"
  rm "$clone/my/data/set/model"
  printf "text of" >"$clone/my/data/set/model.part"
  settings="NO_RANGES=yes"
  call download stories
  ends_with 0
  has_both_files "$clone/my/data/set"
}

test_download_into_another_folder() {
  make_downloads
  for to in "--to models/small" "--to=models/large"; do
    call download stories $to
    ends_with 0
    has_both_files "$elsewhere/models/${to##*/}"
  done
  [ ! -e "$clone/my" ] || fail "files are in my/, too"
  echo "mine" >"$elsewhere/models/small/model"
  call download --to models/small stories
  ends_with 1
  says "/models/small/model is another file; choose another folder"
  [ "$(cat "$elsewhere/models/small/model")" = mine ] || fail "a file was replaced"
  call download stories --to
  ends_with 1
  says "--to needs a folder"
  call download stories model
  ends_with 1
  says "one download at a time: 'stories' or 'model'?"
}

test_download_says_what_went_wrong() {
  make_downloads
  settings="NO_NETWORK=yes"
  call download stories
  ends_with 1
  says "no such host"
  says "http://x/model cannot be fetched; get it in another way and put it there: $clone/my/data"
  settings="CHANGED=yes"
  call download stories
  ends_with 1
  says "http://x/model has changed"
  [ -z "$(ls "$clone/my/data/set")" ] || fail "a file was left"
  for wrong in "" story .; do
    call download "$wrong"
    ends_with 1
    says "there is no '$wrong' to download; there is: stories"
  done
  rm "$bin/curl" "$bin/wget"
  call download stories
  ends_with 1
  says "neither curl nor wget is installed"
  rm "$bin/sha256sum"
  call download stories
  ends_with 1
  says "neither sha256sum nor shasum is installed"
}
