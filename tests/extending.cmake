# cmake -DROOT=... -DSCRATCH=... [-DPAGE=...] [-DCOUNT_ONLY=ON] -DCXX=... -DGENERATOR=...
#       -DLAUNCHER=... -DBUILD_TYPE=... -DWERROR=... -P extending.cmake
# Makes the changes of docs/extending.md in a copy of the source, builds the copy and runs its tests
# of ops and layers. Each section of the page states how many files it touches: this is counted.
#
# A comment on the line before a ```cpp block says where the block belongs:
#   <!-- in FILE -->                 a new file
#   <!-- in FILE after: LINE -->     below the first line that contains LINE
#   <!-- in FILE before: LINE -->    above it; LINE is the beginning of that line
cmake_minimum_required(VERSION 3.22)
if(NOT PAGE)
  set(PAGE ${ROOT}/docs/extending.md)
endif()
set(copy ${SCRATCH}/source)

# take_until(TEXT): moves the part of `rest` before TEXT to `part` and drops TEXT.
macro(take_until text)
  string(FIND "${rest}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${PAGE}: expected '${text}' after '${part}'")
  endif()
  string(SUBSTRING "${rest}" 0 ${position} part)
  string(LENGTH "${text}" length)
  math(EXPR position "${position} + ${length}")
  string(SUBSTRING "${rest}" ${position} -1 rest)
endmacro()

# insert(FILE WHERE LINE BLOCK): puts BLOCK after or before the line of FILE that contains LINE.
function(insert file where line block)
  file(READ ${copy}/${file} text)
  string(FIND "${text}" "${line}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${PAGE}: ${file} has no line '${line}'")
  endif()
  string(SUBSTRING "${text}" 0 ${position} before)
  string(SUBSTRING "${text}" ${position} -1 text)
  if(where STREQUAL "after")
    string(FIND "${text}" "\n" position)
    math(EXPR position "${position} + 1")
    string(SUBSTRING "${text}" 0 ${position} line)
    string(APPEND before "${line}")
    string(SUBSTRING "${text}" ${position} -1 text)
  endif()
  file(WRITE ${copy}/${file} "${before}${block}${text}")
endfunction()

# The copy keeps the times of files, so that a second run builds only what changed.
if(NOT COUNT_ONLY)
  file(COPY ${ROOT}/CMakeLists.txt ${ROOT}/README.md ${ROOT}/gradus.h ${ROOT}/cmake ${ROOT}/docs
            ${ROOT}/tensor ${ROOT}/autograd ${ROOT}/nn ${ROOT}/check ${ROOT}/distributed
            ${ROOT}/page ${ROOT}/tests
       DESTINATION ${copy})
endif()

# The sections that state a number of files, each with its blocks.
file(READ ${PAGE} rest)
set(part "the beginning")
set(sections 0)
set(tests "")
take_until("\n## ")
while(TRUE)
  string(FIND "${rest}" "\n## " position)
  if(position EQUAL -1)
    set(section "${rest}")
    set(next "")
  else()
    take_until("\n## ")
    set(section "${part}")
    set(next "${rest}")
  endif()

  if(section MATCHES "\\*\\*([0-9]+)[ \n]files?\\*\\*")
    set(stated ${CMAKE_MATCH_1})
    string(REGEX MATCH "^[^\n]*" title "${section}")
    set(files "")
    set(rest "${section}")
    while(rest MATCHES "<!-- in ")
      take_until("<!-- in ")
      take_until(" -->\n```cpp\n")
      set(place "${part}")
      take_until("\n```")
      set(block "${part}\n")
      string(REGEX REPLACE " (after|before): .*" "" file "${place}")
      list(APPEND files ${file})
      if(file MATCHES "^tests/([a-z_]+_test)\\.cpp$")
        list(APPEND tests ${CMAKE_MATCH_1})
      endif()
      if(COUNT_ONLY)
        continue()
      elseif(place MATCHES " (after|before): ")
        set(where ${CMAKE_MATCH_1})
        string(REGEX REPLACE ".* (after|before): " "" line "${place}")
        insert(${file} ${where} "${line}" "${block}")
      else()
        file(WRITE ${copy}/${file} "${block}")
      endif()
    endwhile()
    list(REMOVE_DUPLICATES files)
    list(LENGTH files count)
    if(NOT count EQUAL stated)
      message(FATAL_ERROR "${PAGE}: '${title}' states ${stated} files and touches ${count}: "
                          "${files}")
    endif()
    message(STATUS "${title}: ${count} files")
    math(EXPR sections "${sections} + 1")
  endif()

  if(next STREQUAL "")
    break()
  endif()
  set(rest "${next}")
endwhile()
if(sections LESS 3)
  message(FATAL_ERROR "${PAGE}: only ${sections} sections state how many files they touch")
endif()
if(COUNT_ONLY)
  return()
endif()

# With the options of the build that runs this test, and as deep in the copy as that build is in the
# source: a ccache with a base directory then finds what does not change. Several files of the
# library at once, which takes a third of the time.
set(build ${copy}/build/release)
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${copy} -B ${build} -G ${GENERATOR}
          -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
          -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DGRADUS_WERROR=${WERROR} -DCMAKE_UNITY_BUILD=ON
          -DGRADUS_LESSONS=OFF -DGRADUS_GPT=OFF
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
set(ENV{CMAKE_BUILD_PARALLEL_LEVEL} 2)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${build} --target ops_test ${tests}
                COMMAND_ERROR_IS_FATAL ANY)
foreach(test ops_test ${tests})
  execute_process(COMMAND ${build}/tests/${test} --gtest_brief=1
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
