# Looks for an installed package first and fetches a pinned version only if there is none. Without a
# network, FETCHCONTENT_SOURCE_DIR_FMT and the like name folders that have the sources, and git's
# setting url.MIRROR.insteadOf replaces an address. Fetching was tried from local copies of all five
# repositories, not over a network.
include(FetchContent)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})  # FindPCRE2.cmake

if(GRADUS_HEADERS)
  include(${CMAKE_CURRENT_LIST_DIR}/dependencies_from_headers.cmake)
endif()

function(gradus_dependency package minimum repository tag)
  if(TARGET ${package}::${package} OR TARGET ${package}::gtest)
    return()
  endif()
  find_package(${package} ${minimum} QUIET)
  if(${package}_FOUND)
    return()
  endif()
  message(STATUS "${package} ${minimum} or newer is not installed: "
                 "fetching ${tag} from ${repository}")
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
    set(system SYSTEM)
  endif()
  FetchContent_Declare(${package} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON
                       ${system})
  FetchContent_MakeAvailable(${package})
endfunction()

if(NOT GRADUS_WASM)
  find_package(Threads REQUIRED)
endif()

set(FMT_INSTALL ON)
gradus_dependency(fmt 8.1 https://github.com/fmtlib/fmt.git 11.0.2)
gradus_dependency(nlohmann_json 3.10 https://github.com/nlohmann/json.git v3.11.3)
if(GRADUS_GPT OR GRADUS_LESSONS OR GRADUS_BENCH)
  gradus_dependency(CLI11 2.1 https://github.com/CLIUtils/CLI11.git v2.4.2)
endif()
if(GRADUS_TESTS OR (GRADUS_LESSONS AND NOT GRADUS_HEADERS))
  set(INSTALL_GTEST OFF)
  gradus_dependency(GTest 1.11 https://github.com/google/googletest.git v1.14.0)
endif()
if(GRADUS_GPT AND NOT GRADUS_HEADERS)
  set(PCRE2_SUPPORT_JIT ON CACHE BOOL "Compile patterns to machine code")
  set(PCRE2_BUILD_PCRE2GREP OFF CACHE BOOL "Build pcre2grep")
  set(PCRE2_BUILD_TESTS OFF CACHE BOOL "Build the tests of PCRE2")
  set(PCRE2_SHOW_REPORT OFF CACHE BOOL "Show PCRE2's configuration")
  gradus_dependency(PCRE2 10.34 https://github.com/PCRE2Project/pcre2.git pcre2-10.44)
  if(NOT TARGET PCRE2::8BIT)
    add_library(PCRE2::8BIT INTERFACE IMPORTED)
    target_link_libraries(PCRE2::8BIT INTERFACE pcre2-8-static)
  endif()
endif()
