# Installs the public headers: gradus.h, page/show.h, those that docs/distributed.md names, and what
# they include, directly or not. The
# other headers, such as those of the kernels, are not part of the interface and are not installed.
#   ROOT   the source directory
cmake_policy(VERSION 3.22)
set(to_read gradus.h page/show.h distributed/data_parallel.h distributed/gradient_sum.h
            distributed/sampler.h distributed/zero_redundancy_optimizer.h)
set(headers "")
while(to_read)
  list(POP_FRONT to_read header)
  if(header IN_LIST headers)
    continue()
  endif()
  list(APPEND headers ${header})
  file(STRINGS ${ROOT}/${header} includes REGEX "^#include \"")
  list(TRANSFORM includes REPLACE "^#include \"([^\"]+)\".*" "\\1")
  list(APPEND to_read ${includes})
endwhile()

set(destination ${CMAKE_INSTALL_PREFIX}/include/gradus)
foreach(header IN LISTS headers)
  get_filename_component(folder ${header} DIRECTORY)
  file(INSTALL DESTINATION ${destination}/${folder} TYPE FILE FILES ${ROOT}/${header})
endforeach()
