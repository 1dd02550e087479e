# Makes a program and a test of every ```cpp block with a main function in README.md and docs/*.md.
# The program must print the ```text block that follows it. .ci/run runs the ```sh blocks of the
# README; extending.cmake uses the other ```cpp blocks of docs/extending.md.

# add_programs(PAGE PREFIX): the programs of a page, named PREFIX_1, PREFIX_2, ...
function(add_programs page prefix)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
  file(READ ${page} rest)
  set(number 0)
  while(rest MATCHES "```cpp\n")
    take_block("cpp")
    if(NOT block MATCHES "int main\\(")
      continue()
    endif()
    math(EXPR number "${number} + 1")
    set(program ${CMAKE_CURRENT_BINARY_DIR}/readme/${prefix}_${number})
    file(CONFIGURE OUTPUT ${program}.cpp CONTENT "${block}" @ONLY)
    take_block("text")
    file(CONFIGURE OUTPUT ${program}.txt CONTENT "${block}" @ONLY)
    add_executable(${prefix}_${number} ${program}.cpp)
    target_link_libraries(${prefix}_${number} PRIVATE gradus::gradus)
    add_test(NAME ${prefix}_${number}
             COMMAND sh -c "'$<TARGET_FILE:${prefix}_${number}>' | diff '${program}.txt' -")
  endwhile()
  math(EXPR all "${programs} + ${number}")
  set(programs ${all} PARENT_SCOPE)
endfunction()

# take_block(LANGUAGE): moves the next block of that language from `rest` to `block`. What comes
# before it is dropped.
macro(take_block language)
  string(FIND "${rest}" "```${language}\n" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${page}: a program has no ```text block with its output")
  endif()
  string(SUBSTRING "${rest}" ${position} -1 rest)
  string(FIND "${rest}" "\n" position)
  math(EXPR position "${position} + 1")
  string(SUBSTRING "${rest}" ${position} -1 rest)
  string(FIND "${rest}" "```\n" position)
  string(SUBSTRING "${rest}" 0 ${position} block)
  math(EXPR position "${position} + 4")
  string(SUBSTRING "${rest}" ${position} -1 rest)
endmacro()

set(programs 0)
add_programs(${PROJECT_SOURCE_DIR}/README.md readme)
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
foreach(page ${pages})
  get_filename_component(name ${page} NAME_WE)
  add_programs(${page} readme_${name})
endforeach()
if(programs LESS 5)
  message(FATAL_ERROR "README.md and docs/: found only ${programs} programs")
endif()

if(TARGET lesson_04)
  add_test(NAME readme_numbers
           COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DLESSON=$<TARGET_FILE:lesson_04>
                   -P ${CMAKE_CURRENT_LIST_DIR}/readme_numbers.cmake)
endif()
