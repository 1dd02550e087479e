# Makes a program and a test of every ```cpp block of the README; the ```text block behind it is what it must print.
# The README's ```sh blocks are run by .ci/run.
set(readme ${PROJECT_SOURCE_DIR}/README.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${readme})
file(READ ${readme} rest)

# Cuts the text up to `until` off `rest`, into `part`.
macro(cut_until until)
  string(FIND "${rest}" "${until}" at)
  string(SUBSTRING "${rest}" 0 ${at} part)
  string(LENGTH "${until}" length)
  math(EXPR at "${at} + ${length}")
  string(SUBSTRING "${rest}" ${at} -1 rest)
endmacro()

set(number 0)
while(rest MATCHES "```cpp\n")
  math(EXPR number "${number} + 1")
  set(program ${CMAKE_CURRENT_BINARY_DIR}/readme/readme_${number})
  cut_until("```cpp\n")
  cut_until("```\n")
  file(CONFIGURE OUTPUT ${program}.cpp CONTENT "${part}" @ONLY)
  cut_until("```text\n")
  cut_until("```\n")
  file(CONFIGURE OUTPUT ${program}.txt CONTENT "${part}" @ONLY)
  add_executable(readme_${number} ${program}.cpp)
  target_link_libraries(readme_${number} PRIVATE gradus::gradus)
  add_test(NAME readme_${number} COMMAND sh -c "'$<TARGET_FILE:readme_${number}>' | diff '${program}.txt' -")
endwhile()
if(number LESS 4)
  message(FATAL_ERROR "README.md: found only ${number} programs")
endif()

if(TARGET lesson_04)
  add_test(NAME readme_numbers COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DLESSON=$<TARGET_FILE:lesson_04>
                                       -P ${CMAKE_CURRENT_LIST_DIR}/readme_numbers.cmake)
endif()
