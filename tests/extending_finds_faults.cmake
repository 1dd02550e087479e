# cmake -DROOT=... -DSCRATCH=... -P extending_finds_faults.cmake
# Tests the test: extending.cmake refuses a page that states another number of files for a section.
file(READ ${ROOT}/docs/extending.md page)
string(REGEX MATCHALL "\\*\\*[0-9]+[ \n]files?\\*\\*" counts "${page}")
list(LENGTH counts number)
if(number LESS 3)
  message(FATAL_ERROR "docs/extending.md: found only ${number} counts")
endif()

# expect_status(PAGE WANTED): the status of extending.cmake for that text, counting only.
function(expect_status text wanted)
  file(WRITE ${SCRATCH}/page.md "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${ROOT} -DSCRATCH=${SCRATCH} -DCOUNT_ONLY=ON
                          -DPAGE=${SCRATCH}/page.md -P ${CMAKE_CURRENT_LIST_DIR}/extending.cmake
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake wraps messages
  if((wanted STREQUAL "right" AND NOT status EQUAL 0) OR
     (wanted STREQUAL "wrong" AND NOT output MATCHES "states [0-9]+ files and touches"))
    message(FATAL_ERROR "a page that is ${wanted}: status ${status}, '${output}'")
  endif()
endfunction()

expect_status("${page}" right)
list(REMOVE_DUPLICATES counts)
foreach(count ${counts})
  string(REPLACE "${count}" "**9 files**" changed "${page}")
  expect_status("${changed}" wrong)
endforeach()
