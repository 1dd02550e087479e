# The target wasm_programs: every program of lessons/, page/play/ and tests/wasm/ as a file
# build/wasm/programs/NAME.wasm.gz, which a page contains (page/report.h) and wasm/run.mjs runs. The
# files that a program reads are in it, as custom sections "file:PATH" (wasm/wasi.js).
get_filename_component(bin ${CMAKE_AR} DIRECTORY)
find_program(WASM_OBJCOPY NAMES llvm-objcopy-${GRADUS_WASM_CLANG} llvm-objcopy HINTS ${bin})
set(programs_folder ${PROJECT_BINARY_DIR}/programs)
file(MAKE_DIRECTORY ${programs_folder})
add_custom_target(wasm_programs ALL)

# wasm_program(TARGET [FILES...]): the program as a file of wasm_programs. The paths of files are
# relative to the root of the tree, and the program finds them there.
function(wasm_program target)
  set(sections "")
  set(paths "")
  foreach(file IN LISTS ARGN)
    list(APPEND sections --add-section=file:${file}=${PROJECT_SOURCE_DIR}/${file})
    list(APPEND paths ${PROJECT_SOURCE_DIR}/${file})
  endforeach()
  set(program ${programs_folder}/${target}.wasm)
  add_custom_command(
    OUTPUT ${program}.gz
    COMMAND ${WASM_OBJCOPY} ${sections} $<TARGET_FILE:${target}> ${program}
    COMMAND gzip -9nf ${program}
    DEPENDS ${target} ${paths}
    COMMENT "Packing ${target}.wasm.gz"
    VERBATIM)
  add_custom_target(${target}_wasm DEPENDS ${program}.gz)
  add_dependencies(wasm_programs ${target}_wasm)
endfunction()

foreach(folder lessons page/play tests/wasm)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
    continue()
  endif()
  get_directory_property(targets DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "EXECUTABLE" OR NOT target MATCHES "^(lesson|play|wasm)_")
      continue()
    endif()
    set(files "")
    if(target MATCHES "^lesson_")
      set(files lessons/golden/lessons.tsv lessons/golden/lessons.json lessons/golden/text.tsv)
    endif()
    if(target STREQUAL "wasm_test_runtime")
      set(files tests/wasm/given.txt)
    endif()
    wasm_program(${target} ${files})
  endforeach()
endforeach()
