# Packages are compiled for one processor and one standard library. A build for another one sets
# GRADUS_HEADERS, the folder in which the headers of fmt, nlohmann_json and CLI11 are installed.
# GoogleTest is then compiled from the source package of Debian and Ubuntu.
foreach(package IN ITEMS fmt/fmt nlohmann_json/nlohmann CLI11/CLI)
  get_filename_component(name ${package} DIRECTORY)
  get_filename_component(folder ${package} NAME)
  # Links, because the folder itself also has the headers of this system's C library.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/headers)
  file(CREATE_LINK ${GRADUS_HEADERS}/${folder} ${PROJECT_BINARY_DIR}/headers/${folder} SYMBOLIC)
  add_library(${name}::${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${name}::${name} INTERFACE ${PROJECT_BINARY_DIR}/headers)
endforeach()
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)

if(GRADUS_TESTS)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
endif()

if(NOT GRADUS_WASM)
  message(STATUS "text/ and gpt/ are left out: they need PCRE2's library for this processor")
endif()
