# cmake -DROOT=... -DSCRATCH=... -DGENERATOR=... -DCXX=... -P dependencies.cmake
# Tests that CMake downloads the libraries that are not installed, without a network: a setting of
# git replaces each address by a small local repository, which has the tag and the target only.
cmake_minimum_required(VERSION 3.22)
find_program(GIT git)
if(NOT GIT)
  message("skipped: needs git")
  return()
endif()
file(REMOVE_RECURSE ${SCRATCH})

function(run_git folder)
  execute_process(COMMAND ${GIT} -c user.name=test -c user.email=test@localhost ${ARGN}
                  WORKING_DIRECTORY ${folder} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Every call gradus_dependency(PACKAGE MINIMUM REPOSITORY TAG)
file(STRINGS ${ROOT}/cmake/dependencies.cmake calls REGEX "^ *gradus_dependency\\(.*https:")
set(targets fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11 GTest::gtest pcre2-8-static)
set(number 0)
set(options "")
foreach(call target IN ZIP_LISTS calls targets)
  string(REGEX REPLACE "^[^(]*\\(|\\).*" "" call "${call}")
  separate_arguments(call)
  list(GET call 0 package)
  list(GET call 2 address)
  list(GET call 3 tag)
  set(mirror ${SCRATCH}/mirrors/${package})
  file(WRITE ${mirror}/CMakeLists.txt "add_library(${package}_here INTERFACE)\n"
                                      "add_library(${target} ALIAS ${package}_here)\n")
  run_git(${mirror} init --quiet)
  run_git(${mirror} add .)
  run_git(${mirror} commit --quiet -m "a small copy")
  run_git(${mirror} tag ${tag})
  set(ENV{GIT_CONFIG_KEY_${number}} "url.file://${mirror}.insteadOf")
  set(ENV{GIT_CONFIG_VALUE_${number}} ${address})
  math(EXPR number "${number} + 1")
  list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
endforeach()
set(ENV{GIT_CONFIG_COUNT} ${number})
if(NOT number EQUAL 5)
  message(FATAL_ERROR "cmake/dependencies.cmake: found ${number} calls, expected 5")
endif()

list(JOIN targets " " targets)
file(WRITE ${SCRATCH}/source/CMakeLists.txt "
cmake_minimum_required(VERSION 3.22)
project(downloads LANGUAGES CXX)
set(GRADUS_TESTS ON)
set(GRADUS_LESSONS ON)
set(GRADUS_GPT ON)
include(\"${ROOT}/cmake/dependencies.cmake\")
foreach(target ${targets})
  if(NOT TARGET \${target})
    message(FATAL_ERROR \"\${target} was not downloaded\")
  endif()
endforeach()
")
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SCRATCH}/source -B ${SCRATCH}/build -G ${GENERATOR}
          -DCMAKE_CXX_COMPILER=${CXX} ${options}
  COMMAND_ERROR_IS_FATAL ANY)
