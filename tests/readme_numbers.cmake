# cmake -DROOT=... -DLESSON=... -P readme_numbers.cmake
# Checks the sizes of the folders in README.md, the lines that it quotes of lesson 04, and its own
# length.
#   cmake -DROOT=. -DWRITE=ON -P tests/readme_numbers.cmake     writes the sizes into README.md
cmake_minimum_required(VERSION 3.22)
file(READ ${ROOT}/README.md readme)

# A size may differ by 10% from the real one, so that small changes need not touch the README.
foreach(folder tensor tensor/kernels autograd nn check text distributed gpt page wasm lessons
               exercises/grader tests)
  if(NOT readme MATCHES "\\| `${folder}/` \\| ([0-9]+) \\|")
    message(FATAL_ERROR "README.md: the table of folders has no line count for ${folder}/")
  endif()
  set(stated ${CMAKE_MATCH_1})
  set(depth "-maxdepth 1")
  if(folder MATCHES "^(tests|tensor/kernels|page|wasm)$")
    set(depth "")
  elseif(folder STREQUAL lessons)
    set(depth "-maxdepth 2")
  endif()
  execute_process(
    COMMAND sh -c "find ${folder} ${depth} \\( -name '*.h' -o -name '*.cpp' \\) -print0 |
                   xargs -0 grep -hvE '^[[:space:]]*(//.*)?$' | wc -l"
    WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE)
  math(EXPR difference "(${stated} - ${lines}) * 100 / ${lines}")
  if(WRITE)
    string(REPLACE "| `${folder}/` | ${stated} |" "| `${folder}/` | ${lines} |" readme "${readme}")
  elseif(difference GREATER 10 OR difference LESS -10)
    message(SEND_ERROR "README.md: ${folder}/ has ${lines} lines of code, not ${stated}; "
                       "cmake -DROOT=. -DWRITE=ON -P tests/readme_numbers.cmake corrects it")
  endif()
endforeach()
if(WRITE)
  file(WRITE ${ROOT}/README.md "${readme}")
  return()
endif()

execute_process(COMMAND ${LESSON} --color=never OUTPUT_VARIABLE output RESULT_VARIABLE status)
string(REGEX MATCH "```text\n([^`]*)```" block "${readme}")
string(FIND "${output}" "${CMAKE_MATCH_1}" position)
if(NOT status EQUAL 0 OR position EQUAL -1)
  message(SEND_ERROR "README.md: lesson 04 does not print the lines that are quoted of it")
endif()

string(REGEX MATCHALL "\n" lines "${readme}")
list(LENGTH lines lines)
if(NOT lines LESS 300)
  message(SEND_ERROR "README.md: ${lines} lines; it must have less than 300")
endif()
