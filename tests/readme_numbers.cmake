# cmake -DROOT=… -DLESSON=… -P readme_numbers.cmake: what the README says of the code's size, and what it quotes of a lesson.
file(READ ${ROOT}/README.md readme)

foreach(folder tensor tensor/kernels autograd nn check lessons exercises/grader tests)
  if(NOT readme MATCHES "\\| `${folder}/` \\| ([0-9]+) \\|")
    message(FATAL_ERROR "README.md: the map has no line count for ${folder}/")
  endif()
  set(said ${CMAKE_MATCH_1})
  set(depth "-maxdepth 1")
  if(folder MATCHES "^(tests|tensor/kernels)$")
    set(depth "")
  elseif(folder STREQUAL lessons)
    set(depth "-maxdepth 2")
  endif()
  execute_process(
    COMMAND sh -c "find ${ROOT}/${folder} ${depth} \\( -name '*.h' -o -name '*.cpp' \\) -print0 |
                   xargs -0 grep -hvE '^[[:space:]]*(//.*)?$' | wc -l"
    OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE)
  math(EXPR difference "(${said} - ${lines}) * 100 / ${lines}")
  if(difference GREATER 10 OR difference LESS -10)
    message(SEND_ERROR "README.md: ${folder}/ has ${lines} lines of code, not ${said}")
  endif()
endforeach()

execute_process(COMMAND ${LESSON} --color=never OUTPUT_VARIABLE output RESULT_VARIABLE status)
string(REGEX MATCH "```text\n([^`]*)```" block "${readme}")
string(FIND "${output}" "${CMAKE_MATCH_1}" at)
if(NOT status EQUAL 0 OR at EQUAL -1)
  message(SEND_ERROR "README.md: the lesson does not print what is quoted of it")
endif()
