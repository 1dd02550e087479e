#!/bin/sh
# run_fuzz.sh SECONDS [BUILD]: runs every fuzzer, the properties and the random programs from the
# committed corpus, on all cores, for about SECONDS together. Findings are kept in BUILD/findings
# (default: build/fuzz); the exit status is then 1. Without BUILD it builds first, with clang++ if
# there is one, because its libFuzzer runs the fuzzers of file readers.
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:?usage: run_fuzz.sh SECONDS [BUILD]}
build=${2-build/fuzz}
corpus=tests/fuzz/corpus
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

if [ $# -lt 2 ]; then
  if [ ! -f $build/CMakeCache.txt ]; then
    CXX=${CXX-$(command -v clang++ || command -v c++)} cmake -S . -B $build \
      -DCMAKE_BUILD_TYPE=Release -DGRADUS_FUZZ=ON >/dev/null
  fi
  cmake --build $build --parallel "$cores" --target fuzz
fi

programs=$build/tests/fuzz
findings=$build/findings
work=$build/fuzz_work
mkdir -p $findings $work
rm -f $work/failed

readers=
jobs=1
for reader in safetensors npy llama vocabulary pairs config tokenizer; do
  if [ -x $programs/fuzz_$reader ]; then
    readers="$readers $reader"
    jobs=$((jobs + 1))
  fi
done
if [ -z "$readers" ]; then echo "No libFuzzer here: the fuzzers of file readers are left out."; fi
if [ -x $programs/properties ]; then
  jobs=$((jobs + 1))
else
  echo "No rapidcheck here: the properties are left out."
fi

# As many jobs run at a time as there are cores, so each may take this long. Random programs find
# the most: they run as two jobs if there is time for it.
share=$((seconds * cores / jobs))
if [ $share -lt 1 ]; then share=1; fi
seed=${FUZZ_SEED:-$(date +%s)}
echo "$jobs jobs of $share seconds each on $cores cores, seed $seed"

# Runs a job and keeps its output. The last line says how it ended.
job() {
  name=$1
  shift
  if "$@" >$work/"$name".txt 2>&1; then
    echo "$name: no finding ($(tail -n 1 $work/"$name".txt))"
  else
    cp $work/"$name".txt $findings/"$name".txt
    echo "$name: FINDING"
    tail -n 25 $work/"$name".txt
    touch $work/failed
  fi
}

fuzz_reader() {
  mkdir -p $work/"$1"
  job "$1" env TMPDIR="$PWD/$work" $programs/fuzz_"$1" -max_total_time=$share -max_len=2048 \
    -seed="$seed" -artifact_prefix=$findings/"$1"_ -print_final_stats=0 -verbosity=0 \
    $work/"$1" $corpus/"$1"
}

# RC_PARAMS has no time limit: the properties run in rounds of a second or two.
properties() {
  end=$(($(date +%s) + share))
  round=$seed
  while :; do
    RC_PARAMS="max_success=500 seed=$round" $programs/properties || return 1
    round=$((round + 1))
    if [ "$(date +%s)" -ge $end ]; then break; fi
  done
  echo "$((round - seed)) rounds of 500 examples"
}

random_programs() {
  $programs/random_programs --corpus $corpus/programs --seed "$seed" --count 1000000000 \
    --seconds $share --findings $findings
}

# Starts a job in the background once fewer jobs than cores are running.
slots=$work/slots
rm -f $slots && mkfifo $slots
exec 9<>$slots
slot=0
while [ $slot -lt "$cores" ]; do
  echo >&9
  slot=$((slot + 1))
done
start() {
  read -r slot <&9
  { "$@"; echo >&9; } &
}

start job programs random_programs
if [ -x $programs/properties ]; then start job properties properties; fi
for reader in $readers; do start fuzz_reader "$reader"; done
wait

if [ -f $work/failed ]; then
  echo "Findings are in $findings/"
  exit 1
fi
echo "No finding."
