# cmake -DMPIRUN=... -DPROGRAM=... -P processes.cmake: runs the program with several processes.
# All modes succeed, and what is printed does not depend on the number of processes.

# Open MPI starts no process for root, and no more than there are cores, unless told.
set(ENV{OMPI_ALLOW_RUN_AS_ROOT} 1)
set(ENV{OMPI_ALLOW_RUN_AS_ROOT_CONFIRM} 1)
set(ENV{OMPI_MCA_rmaps_base_oversubscribe} 1)
set(ENV{PRTE_MCA_rmaps_default_mapping_policy} :oversubscribe)
set(ENV{OMP_NUM_THREADS} 1)

function(run processes mode)
  execute_process(COMMAND ${MPIRUN} -n ${processes} ${PROGRAM} ${mode}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors TIMEOUT 60)
  set(status "${status}" PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

run(1 adamw)
set(expected_adamw "${output}")
set(expected_zero "${output}")
set(expected_average "averaged\n")
set(expected_unused "unused\n")
set(expected_zero_memory "memory\n")
run(1 collectives)
set(expected_collectives "${output}")
if(NOT expected_adamw MATCHES "step 4: .*exp_avg" OR NOT expected_collectives MATCHES "^examples ")
  message(FATAL_ERROR "one process prints\n${expected_adamw}${expected_collectives}${errors}")
endif()
foreach(mode adamw zero zero_memory average unused collectives)
  foreach(processes 2 4 8)
    if(processes EQUAL 8 AND NOT mode MATCHES "adamw|zero")
      continue()
    endif()
    run(${processes} ${mode})
    if(NOT status STREQUAL 0 OR NOT output STREQUAL expected_${mode})
      message(FATAL_ERROR "${processes} processes, ${mode}: status ${status}\n${output}${errors}\n"
                          "expected\n${expected_${mode}}")
    endif()
  endforeach()
endforeach()

run(2 overlap)
if(NOT output STREQUAL "overlap\n")
  message(FATAL_ERROR "overlap: status ${status}\n${output}${errors}")
endif()

# Every process prints its error, or is ended by mpirun because another one has.
set(error_different_calls "the processes make different calls: process")
set(error_different_models "different models: process(es)? 1( and 2)? not as process 0")
set(error_one_ends "")
foreach(mode different_calls different_models one_ends)
  foreach(processes 2 3)
    run(${processes} ${mode})
    if(status STREQUAL 0 OR status MATCHES timeout OR NOT errors MATCHES "${error_${mode}}")
      message(FATAL_ERROR "${processes} processes, ${mode}: status ${status}\n${output}${errors}")
    endif()
  endforeach()
endforeach()
