# A part of run: the programs in WebAssembly that pages contain (./run pages --wasm).

# The packages of Debian and Ubuntu that are missing.
missing_for_wasm() {
  wasm_clang=$(sed -n 's/^set(GRADUS_WASM_CLANG \([0-9]*\))$/\1/p' wasm/toolchain.cmake)
  llvm=${GRADUS_LLVM-/usr/lib/llvm-$wasm_clang}
  libraries=$llvm/lib/wasm32-wasi
  runtime=$llvm/lib/clang/$wasm_clang/lib/wasi
  while read -r package file; do
    case $file in
      /*) if [ -e "$file" ]; then continue; fi ;;
      *) if command -v "$file" >/dev/null; then continue; fi ;;
    esac
    printf ' %s' "$package"
  done <<END
clang-$wasm_clang clang++-$wasm_clang
lld-$wasm_clang wasm-ld-$wasm_clang
llvm-$wasm_clang llvm-objcopy-$wasm_clang
libc++-$wasm_clang-dev-wasm32 $libraries/libc++.a
libc++abi-$wasm_clang-dev-wasm32 $libraries/libc++abi.a
libclang-rt-$wasm_clang-dev-wasm32 $runtime/libclang_rt.builtins-wasm32.a
wasi-libc ${GRADUS_WASI-/usr/include/wasm32-wasi}/stdio.h
END
}

# Builds the programs. Where the compiler for it is missing, says what to install; the pages then
# show what was computed here and cannot run their program.
build_wasm() {
  missing=$(missing_for_wasm)
  if [ -n "$missing" ]; then
    say "The pages will contain no programs: for these, install$missing" \
      "(on Debian and Ubuntu: apt-get install$missing)."
    wasm=
    return
  fi
  build=build/wasm
  build_target wasm_programs "the programs in the pages (the first time: about three minutes)" \
    --toolchain wasm/toolchain.cmake -DCMAKE_BUILD_TYPE=MinSizeRel -DGRADUS_TESTS=OFF
  build=build/release
}
