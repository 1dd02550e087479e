#!/bin/sh
# run_tests.sh WASM_PROGRAMS NATIVE_PROGRAMS TEST FILE: a test of the programs in WebAssembly, under
# Node. NATIVE_PROGRAMS: folders, separated by colons. Where Node or the programs are missing, it
# says so and ends with 77 (skipped); with CI=true that is a failure.
set -eu
missing=
if ! command -v node >/dev/null; then
  missing="node 18 or newer"
elif [ ! -f "$1/lesson_06.wasm.gz" ]; then
  missing="the programs in WebAssembly: cmake --preset wasm && cmake --build --preset wasm"
fi
if [ -n "$missing" ]; then
  echo "skipped: these tests need $missing"
  if [ "${CI-}" = true ]; then
    echo "with CI=true they must run"
    exit 1
  fi
  exit 77
fi
WASM_PROGRAMS=$1
NATIVE_PROGRAMS=$2
export WASM_PROGRAMS NATIVE_PROGRAMS
exec node --test --test-reporter=spec "$3"
