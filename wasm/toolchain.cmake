# Toolchain file: builds for WebAssembly (wasm32-wasi) with the packages of Debian and Ubuntu:
#   clang-22 lld-22 libc++-22-dev-wasm32 libc++abi-22-dev-wasm32 libclang-rt-22-dev-wasm32 wasi-libc
# The preset "wasm" uses it. The version of clang is named here and nowhere else: ./run pages and
# .ci/run read this line. wasm/runtime/exceptions.cpp depends on private parts of this version's
# libc++abi, so after a change run the tests with the label wasm.
set(GRADUS_WASM_CLANG 22)

set(GRADUS_WASM ON)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-${GRADUS_WASM_CLANG})
set(CMAKE_CXX_COMPILER clang++-${GRADUS_WASM_CLANG})
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# A program links only with the runtime of wasm/, which CMake does not have when it tries the
# compiler.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(GRADUS_HEADERS /usr/include)

# The headers of wasm/ replace those that need threads, files or a terminal. libc++'s own settings
# leave out <fstream> and <filesystem>; wasm/runtime/files.cpp has what these need.
get_filename_component(wasm_folder ${CMAKE_CURRENT_LIST_DIR} ABSOLUTE)
get_filename_component(source_folder ${wasm_folder} DIRECTORY)
set(libcxx /usr/lib/llvm-${GRADUS_WASM_CLANG}/include/wasm32-wasi/c++/v1)
set(wasm_settings ${CMAKE_BINARY_DIR}/wasm_settings)
if(EXISTS ${libcxx}/__config_site AND NOT EXISTS ${wasm_settings}/__config_site)
  file(READ ${libcxx}/__config_site settings)
  string(REPLACE "_LIBCPP_HAS_FILESYSTEM 0" "_LIBCPP_HAS_FILESYSTEM 1" settings "${settings}")
  file(WRITE ${wasm_settings}/__config_site "${settings}")
endif()
string(JOIN " " CMAKE_CXX_FLAGS_INIT
       -isystem ${wasm_settings} -isystem ${wasm_folder}/include
       -msimd128 -fwasm-exceptions -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID
       -Wno-deprecated -ffile-prefix-map=${source_folder}/=)
# Not as ..._INIT, to which CMake appends -Os, and of both the compiler obeys the last one.
set(CMAKE_CXX_FLAGS_MINSIZEREL "-Oz -DNDEBUG" CACHE STRING "")
# Without --no-wasm-opt clang runs any wasm-opt that it finds; an old one breaks the program. The
# stack comes first, so that an overflow ends the program instead of overwriting data.
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT
       -fwasm-exceptions --no-wasm-opt -lwasi-emulated-signal -lwasi-emulated-getpid
       -Wl,--stack-first -Wl,-z,stack-size=4194304 -Wl,--wrap=__original_main -Wl,--wrap=fma
       -Wl,--strip-all)
