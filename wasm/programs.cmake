# The target wasm_programs: every program of lessons/, page/play/ and tests/wasm/ as a file
# build/wasm/programs/NAME.wasm.gz, which a page contains (page/report.h) and wasm/run.mjs runs. The
# files that a program reads are in it, as custom sections "file:PATH" (wasm/wasi.js).
get_filename_component(bin ${CMAKE_AR} DIRECTORY)
find_program(WASM_OBJCOPY NAMES llvm-objcopy-${GRADUS_WASM_CLANG} llvm-objcopy HINTS ${bin})
set(programs_folder ${PROJECT_BINARY_DIR}/programs)
file(MAKE_DIRECTORY ${programs_folder})
add_custom_target(wasm_programs ALL)

# wasm_program(TARGET [PATH=FILE...]): the program as a file of wasm_programs, and with it these
# files, which it finds under these paths.
function(wasm_program target)
  set(sections "")
  set(files "")
  foreach(pair IN LISTS ARGN)
    list(APPEND sections --add-section=file:${pair})
    string(REGEX REPLACE ".*=" "" file ${pair})
    list(APPEND files ${file})
  endforeach()
  set(program ${programs_folder}/${target}.wasm)
  add_custom_command(
    OUTPUT ${program}.gz
    COMMAND ${WASM_OBJCOPY} ${sections} $<TARGET_FILE:${target}> ${program}
    COMMAND gzip -9nf ${program}
    DEPENDS ${target} ${files}
    COMMENT "Packing ${target}.wasm.gz"
    VERBATIM)
  add_custom_target(${target}_wasm DEPENDS ${program}.gz)
  add_dependencies(wasm_programs ${target}_wasm)
endfunction()

# golden_tensors(FILE LESSON): those golden tensors whose section the lesson names, and the usual
# mistakes. All of them would be a tenth of the program.
function(golden_tensors file lesson)
  set(sections 11_pitfalls)
  get_target_property(sources ${lesson} SHOWN_SOURCES)
  foreach(source IN LISTS sources)
    file(READ ${PROJECT_SOURCE_DIR}/${source} text)
    string(REGEX MATCHALL "[0-9][0-9]_[a-z_]+" found "${text}")
    list(APPEND sections ${found})
  endforeach()
  list(REMOVE_DUPLICATES sections)
  list(JOIN sections "|" pattern)
  set(all ${PROJECT_SOURCE_DIR}/lessons/golden/lessons.tsv)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${all})
  file(STRINGS ${all} lines REGEX "^(${pattern})/")
  list(JOIN lines "\n" text)
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}\n" @ONLY)
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
      set(tensors ${PROJECT_BINARY_DIR}/golden/${target}.tsv)
      golden_tensors(${tensors} ${target})
      set(golden ${PROJECT_SOURCE_DIR}/lessons/golden)
      set(files lessons/golden/lessons.tsv=${tensors}
                lessons/golden/lessons.json=${golden}/lessons.json
                lessons/golden/text.tsv=${golden}/text.tsv)
    elseif(target STREQUAL "wasm_test_runtime")
      set(files tests/wasm/given.txt=${PROJECT_SOURCE_DIR}/tests/wasm/given.txt)
    endif()
    wasm_program(${target} ${files})
  endforeach()
endforeach()
