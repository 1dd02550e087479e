#!/usr/bin/env bash
# killed.sh PROGRAM: kills a process of a training at random moments. Each time the training ends
# within 10 seconds, one message names the process, and the last checkpoint is whole: the training
# continues, and at its end the model is that of one that nobody has disturbed.
# KILLS says how often, KILL_SEED at which moments.
set -euo pipefail
program=$1
folder=$(basename "$program")_killed
rm -rf "$folder"
mkdir "$folder"
cd "$folder"
for _ in {1..60}; do
  printf "To be, or not to be, that is the question: whether 'tis nobler in the mind. "
done >text.txt
options=(--layers 2 --heads 2 --width 32 --block 32 --batch 4 --accumulate 4 --eval-every 5
         --steps 400 --yes)
RANDOM=${KILL_SEED:-1}

fail() {
  printf 'killed.sh: %s\n' "$*" >&2
  cat errors.txt >&2
  exit 1
}

# Starts or continues the run in four processes. $ids is the folder with their ids.
start_training() {
  ids=$PWD/ids
  rm -rf "$ids"
  mkdir "$ids"
  local arguments=("${options[@]}")
  if [ -f run/checkpoint.safetensors ]; then arguments=(--resume --yes); fi
  GRADUS_PROCESSES_TEST_FOLDER=$ids "$program" train text.txt --out run "${arguments[@]}" \
    --processes 4 --allow-run-as-root >output.txt 2>errors.txt &
  training=$!
}

# Waits until a process has an id, or the training has ended.
wait_for_process() {
  for _ in {1..200}; do
    if [ -s "$ids/$1" ] || ! kill -0 $training 2>/dev/null; then return; fi
    sleep 0.05
  done
  fail "process $1 has not started"
}

expect_same_model() {
  cmp run/model.safetensors undisturbed/model.safetensors
  cmp run/checkpoint.safetensors undisturbed/checkpoint.safetensors
}

"$program" train text.txt --out undisturbed "${options[@]}" >output.txt 2>errors.txt
kills=0
while [ $kills -lt "${KILLS:-3}" ]; do
  start_training
  rank=$((RANDOM % 4))
  wait_for_process $rank
  sleep "0.$((RANDOM % 10))"
  killed=yes
  # Whoever waits for the process is slow to notice, as on a busy machine.
  waiting=$(ps -o ppid= -p "$(cat "$ids/$rank")") && kill -STOP "$waiting"
  kill -9 "$(cat "$ids/$rank")" 2>/dev/null || killed=no
  if [ -n "$waiting" ]; then
    sleep 0.3
    kill -CONT "$waiting" 2>/dev/null || true
  fi
  start=$SECONDS
  status=0
  wait $training || status=$?
  [ $((SECONDS - start)) -le 10 ] || fail "the others went on for $((SECONDS - start)) seconds"
  # A run that was killed at its end only writes its model when it is continued.
  if [ $killed = no ] || [ $status -eq 0 ] || grep -q 'all 400 steps' errors.txt; then
    [ $status -eq 0 ] || grep -q 'all 400 steps' errors.txt || fail "status $status"
    expect_same_model
    rm -rf run
    continue
  fi
  kills=$((kills + 1))
  [ "$(wc -l <errors.txt)" -eq 1 ] || fail "not one message"
  grep -q "gradus train: process $rank of 4 was ended by signal 9 " errors.txt ||
    fail "the message does not name process $rank"
done

arguments=("${options[@]}")
if [ -f run/checkpoint.safetensors ]; then arguments=(--resume --yes); fi
"$program" train text.txt --out run "${arguments[@]}" --processes 2 --allow-run-as-root \
  >output.txt 2>errors.txt || grep -q 'all 400 steps' errors.txt || fail "it does not continue"
expect_same_model
printf '%s processes were killed\n' "$kills"
