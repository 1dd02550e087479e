# cmake -DPROGRAM=random_programs -P random_programs_find_faults.cmake
# Tests the test: plants a fault for each comparison and requires random_programs to find it.
if(NOT EXISTS ${PROGRAM})
  message(STATUS "random_programs is not built")
  return()
endif()

# run(ARGUMENTS...): sets status and output.
macro(run)
  execute_process(COMMAND ${PROGRAM} ${ARGN}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
endmacro()

# expect(FAULT VARIANT OP SEED): from that seed on the fault is found, with the comparison and the
# op in the first line and a program of at most 5 lines. Without the fault there is no finding. The
# first seeds are near the finding only to save time.
function(expect fault variant op seed)
  run(--plant ${fault} --seed ${seed} --count 400)
  set(finding "# seed ([0-9]+): ${variant}, with ([^\n]*)\n#[^\n]*\n(.*)")
  if(NOT status EQUAL 1 OR NOT output MATCHES "${finding}")
    message(FATAL_ERROR "${fault}: status ${status}, '${output}${errors}'")
  endif()
  set(found_seed ${CMAKE_MATCH_1})
  set(ops ", ${CMAKE_MATCH_2},")
  string(REGEX REPLACE "\n\n.*" "\n" program "${CMAKE_MATCH_3}")
  string(REGEX MATCHALL "\n" lines "${program}")
  list(LENGTH lines count)
  if(NOT ops MATCHES ", ${op}," OR count GREATER 5)
    message(FATAL_ERROR "${fault}: expected ${op} in a program of at most 5 lines: '${output}'")
  endif()
  math(EXPR count "${found_seed} - ${seed} + 1")
  run(--seed ${seed} --count ${count})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "without ${fault}: status ${status}, '${output}${errors}'")
  endif()
endfunction()

run(--plant no_such_fault)
if(NOT status EQUAL 2 OR NOT errors MATCHES "there is no fault no_such_fault")
  message(FATAL_ERROR "an unknown fault: status ${status}, '${output}${errors}'")
endif()

set(python "$ENV{GRADUS_PYTHON}")
set(ENV{GRADUS_PYTHON} false)  # these comparisons need no PyTorch
expect(throws_in_backward "an Error and none" sigmoid 21)
expect(throws_in_float32 "float32 and float64" gelu 1)
expect(recording "recording and not recording" exp 1)
expect(in_place "in place and out of place" mul_ 381)
expect(strides "contiguous and strided" neg 901)
expect(float32 "float64 and float32" tanh 1)
expect(threads "one thread and three[^,]*" sum 1)

# A wrong derivative is the same in every comparison of Gradus with itself.
set(ENV{GRADUS_PYTHON} "${python}")
run(--count 0)
if(output MATCHES "no PyTorch")
  message(STATUS "no PyTorch: the faults of derivatives are left out")
else()
  expect(gradient "Gradus and PyTorch" sin 51)
  expect(second_derivative "Gradus and PyTorch" cos 1)
  expect(hook "Gradus and PyTorch" hooked 1)
  expect(output "Gradus and PyTorch" product_and_difference 1)
endif()
