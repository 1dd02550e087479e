# A part of run_test.sh: the tests of ./run pages --wasm.

# What compiles for WebAssembly, and a cmake that builds the program of lesson 01.
make_wasm() {
  version=$(sed -n 's/^set(GRADUS_WASM_CLANG \([0-9]*\))$/\1/p' "$root/wasm/toolchain.cmake")
  for tool in clang++ wasm-ld llvm-objcopy; do stub $tool-"$version" </dev/null; done
  llvm=$scratch/llvm
  mkdir -p "$llvm/lib/wasm32-wasi" "$llvm/lib/clang/$version/lib/wasi" "$scratch/wasi"
  touch "$llvm/lib/wasm32-wasi/libc++.a" "$llvm/lib/wasm32-wasi/libc++abi.a" \
    "$llvm/lib/clang/$version/lib/wasi/libclang_rt.builtins-wasm32.a" "$scratch/wasi/stdio.h"
  settings="GRADUS_LLVM=$llvm GRADUS_WASI=$scratch/wasi"
  mv "$bin/cmake" "$bin/native_cmake"
  stub cmake <<'END'
case $* in
  "--build build/wasm "*)
    mkdir -p build/wasm/programs
    : >build/wasm/programs/lesson_01.wasm.gz ;;
  *"-B build/wasm "*) mkdir -p build/wasm ;;
  *) exec native_cmake "$@" ;;
esac
END
}

test_pages_contain_their_programs() {
  make_pages
  make_wasm
  call pages --wasm
  ends_with 0
  called "cmake --build build/wasm --parallel"
  called "--toolchain wasm/toolchain.cmake"
  program=$clone/build/wasm/programs/lesson_01.wasm.gz
  called "started lesson_01 --page $clone/my/pages/lesson_01.html --wasm $program --quiet"
  called "started lesson_04 --page $clone/my/pages/lesson_04.html --quiet"
}

test_pages_without_the_option_contain_no_programs() {
  make_pages
  make_wasm
  mkdir -p "$clone/build/wasm/programs"
  : >"$clone/build/wasm/programs/lesson_01.wasm.gz"
  call pages
  ends_with 0
  not_called "wasm"
}

test_what_is_missing_for_programs_in_pages() {
  make_pages
  make_wasm
  rm "$bin/wasm-ld-$version" "$scratch/wasi/stdio.h"
  call pages --wasm
  ends_with 0
  says "The pages will contain no programs: for these, install lld-$version wasi-libc"
  says "apt-get install lld-$version wasi-libc)"
  not_called "build/wasm"
  [ -f "$clone/my/pages/lesson_01.html" ] || fail "no page of lesson 01"
}
