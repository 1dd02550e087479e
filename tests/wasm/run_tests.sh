#!/bin/sh
# run_tests.sh WASM_PROGRAMS NATIVE_PROGRAMS TEST FILE: a test of the programs in WebAssembly, under
# Node. NATIVE_PROGRAMS: folders, separated by colons. Where Node or the programs are missing, it
# says so and ends with 77 (skipped); with CI=true that is a failure.
set -eu
. "$(dirname "$0")/../needs.sh"
need_node
if [ ! -f "$1/lesson_06.wasm.gz" ]; then
  need "the programs in WebAssembly (cmake --preset wasm && cmake --build --preset wasm)"
fi
skip_if_missing "the tests of the programs in WebAssembly"
WASM_PROGRAMS=$1
NATIVE_PROGRAMS=$2
export WASM_PROGRAMS NATIVE_PROGRAMS
exec node --test --test-reporter=spec "$3"
