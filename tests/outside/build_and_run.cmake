# Builds the program of this folder as a user of Gradus would and runs it.
# METHOD is find_package (of an installed Gradus) or add_subdirectory (of its source).
set(ENV{CMAKE_BUILD_PARALLEL_LEVEL} 2)
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
if(METHOD STREQUAL "find_package")
  file(REMOVE_RECURSE ${SCRATCH}/prefix)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${GRADUS_BUILD} --prefix ${SCRATCH}/prefix
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

  # Exactly the headers that a compiler reads for these are installed.
  set(public gradus.h page/show.h distributed/data_parallel.h distributed/gradient_sum.h
             distributed/sampler.h distributed/zero_redundancy_optimizer.h)
  set(include_dir ${SCRATCH}/prefix/include/gradus)
  file(GLOB_RECURSE installed RELATIVE ${include_dir} ${include_dir}/*)
  execute_process(COMMAND ${CXX} -std=c++20 -MM -MG -I. ${public}
                  WORKING_DIRECTORY ${include_dir} OUTPUT_VARIABLE rules
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "[a-z_]+\\.o:" "" rules "${rules}")
  string(REGEX MATCHALL "[^ \\\n]+" read "${rules}")
  list(REMOVE_DUPLICATES read)
  list(SORT installed)
  list(SORT read)
  if(NOT installed STREQUAL read)
    message(FATAL_ERROR "installed:\n${installed}\nread:\n${read}")
  endif()
  if(installed MATCHES "/simd/" OR EXISTS ${include_dir}/tensor/kernels/gemm.h)
    message(FATAL_ERROR "headers of the kernels are installed: ${installed}")
  endif()

  list(APPEND options -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
else()
  # Several files of the library at once: that takes a third of the time.
  list(APPEND options -DGRADUS=${GRADUS} -DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON)
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${SCRATCH}/build ${options}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH}/build COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${SCRATCH}/build/outside WORKING_DIRECTORY ${SCRATCH}
                OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
if(NOT output STREQUAL "2 4 6\n")
  message(FATAL_ERROR "expected '2 4 6', got '${output}'")
endif()
file(READ ${SCRATCH}/outside.html page)
if(NOT page MATCHES "\"shape\":\\[3\\]")
  message(FATAL_ERROR "the page does not have the tensor:\n${page}")
endif()
