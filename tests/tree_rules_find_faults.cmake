# cmake -DSCRATCH=… -P tree_rules_find_faults.cmake: the rules of the tree are kept by scripts; here the scripts are tried.
set(here ${CMAKE_CURRENT_LIST_DIR})
file(REMOVE_RECURSE ${SCRATCH})

# expect(SCRIPT FILE TEXT ANSWER): with TEXT in FILE and a sound file beside it, SCRIPT fails saying ANSWER; "" for success.
function(expect script file text answer)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/tensor/kernels/sound.h "#include <vector>\nint f()\;\n")
  file(WRITE ${SCRATCH}/tensor/sound.h "#include \"tensor/kernels/sound.h\"\n\n// note\nint g()\;\n")
  file(WRITE ${SCRATCH}/${file} "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -P ${here}/${script} RESULT_VARIABLE status ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if((answer STREQUAL "" AND NOT status EQUAL 0) OR (NOT answer STREQUAL "" AND status EQUAL 0))
    message(FATAL_ERROR "${script} with ${file}: status ${status}, said: ${output}")
  endif()
  string(FIND "${output}" "${answer}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${script} with ${file}: expected '${answer}', said: ${output}")
  endif()
endfunction()

foreach(pair "tensor/kernels/a.cpp|tensor/shape.h" "tensor/a.h|autograd/node.h" "autograd/a.cpp|nn/linear.h"
        "nn/a.cpp|check/a.h" "check/a.cpp|lessons/kit/a.h"
        "nn/a.h|gradus.h")
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 file)
  list(GET pair 1 path)
  expect(include_direction.cmake ${file} "#include <vector>\n  # include \"${path}\"\n" "${file}: the include of ${path} points up")
  expect(include_direction.cmake ${file} "#include <${path}>\n" "${file}: the include of ${path} points up")
endforeach()
expect(include_direction.cmake tensor/a.h "#include \"shape.h\"\n" "tensor/a.h: shape.h is no path from the root")
expect(include_direction.cmake lessons/01_a.cpp "#include <gradus.h>\n#include \"lessons/kit/a.h\"\n" "")
