# cmake -DPROGRAM=tree_rules -DSCRATCH=... -P tree_rules_find_faults.cmake
# Tests the test: plants faults in a small tree and requires tree_rules to name each of them.

# expect(FILE TEXT ANSWER): in a sound tree with TEXT in FILE, tree_rules fails and prints ANSWER.
# An empty ANSWER requires success.
function(expect file text answer)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/tensor/kernels/sound.h "#include <vector>\nint f();\n")
  file(WRITE ${SCRATCH}/tensor/sound.h "#include \"tensor/kernels/sound.h\"\n\n// note\nint g();\n")
  file(WRITE ${SCRATCH}/build/release/generated.h "#include \"nowhere.h\"\n")
  file(WRITE ${SCRATCH}/${file} "${text}")
  execute_process(COMMAND ${PROGRAM} ${SCRATCH} RESULT_VARIABLE status
                  OUTPUT_QUIET ERROR_VARIABLE output)
  if(answer STREQUAL "")
    set(wanted_status 0)
  else()
    set(wanted_status 1)
  endif()
  string(FIND "${output}" "${answer}" position)
  if(NOT status EQUAL wanted_status OR position EQUAL -1)
    message(FATAL_ERROR "${file}: expected status ${wanted_status} and '${answer}', "
                        "got status ${status} and '${output}'")
  endif()
endfunction()

# File size: 300 lines of code are allowed, 400 in a test; comments and blank lines are free.
string(REPEAT "int x;\n" 300 lines_300)
string(REPEAT "int x;\n" 400 lines_400)
string(REPEAT "\n  // comment\n" 300 free)
set(too_long "file size: 301 lines of code; at most 300 are allowed")
expect(nn/a.cpp "${lines_300}${free}" "")
expect(nn/a.cpp "${lines_300}int y;\n" "nn/a.cpp: ${too_long}")
expect(lessons/01_a.cpp "${lines_300}int y;\n" "lessons/01_a.cpp: ${too_long}")
expect(exercises/01_a/mutants/b.cpp "${lines_300}y" "exercises/01_a/mutants/b.cpp: ${too_long}")
expect(tests/a_test.cpp "${lines_400}${free}" "")
expect(tests/a_test.cpp "${lines_400}int y;\n"
       "tests/a_test.cpp: file size: 401 lines of code; at most 400 are allowed")
expect(tests/bench/a.cpp "${lines_400}int y;\n" "tests/bench/a.cpp: file size: 401 lines of code")

# Columns: 100 are allowed. A character of several bytes is one column.
string(REPEAT "x" 97 x_97)
string(REPEAT "ü" 97 u_97)
expect(nn/a.cpp "// ${x_97}\n// ${u_97}\n" "")
expect(nn/a.cpp "\n// ${x_97}y\n" "nn/a.cpp:2: columns: 101 columns; at most 100 are allowed")
expect(nn/a.cpp "// ${u_97}y\n" "nn/a.cpp:1: columns: 101 columns")
expect(.run/a.sh "#  ${x_97}y\n" ".run/a.sh:1: columns: 101 columns")
expect(tests/CMakeLists.txt "#  ${x_97}y\n" "tests/CMakeLists.txt:1: columns: 101 columns")

# Includes: FILE|PATH, where the include of PATH in FILE points up.
foreach(pair
        "tensor/kernels/a.cpp|tensor/shape.h" "tensor/kernels/simd/a.cpp|tensor/shape.h"
        "tensor/a.h|autograd/node.h" "autograd/a.cpp|nn/linear.h" "nn/a.cpp|check/a.h"
        "nn/a.h|gradus.h" "nn/a.h|text/a.h" "check/a.cpp|distributed/a.h"
        "check/a.cpp|lessons/kit/a.h" "text/a.h|gpt/a.h" "distributed/a.h|gpt/a.h"
        "gpt/a.cpp|page/a.h" "page/a.cpp|lessons/kit/a.h"
        "lessons/kit/a.cpp|exercises/grader/a.h" "exercises/grader/a.cpp|tests/a.h")
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 file)
  list(GET pair 1 path)
  set(answer "${file}:2: includes: ${path} points up")
  expect(${file} "#include <vector>\n  # include \"${path}\"\n" "${answer}")
  expect(${file} "\n#include <${path}>\n" "${answer}")
endforeach()
expect(check/a.cpp "#include \"text/a.h\"\n" "check/a.cpp:1: includes: text/a.h points sideways")
expect(tensor/a.h "#include \"shape.h\"\n"
       "tensor/a.h:1: includes: shape.h is not a path from the root of the tree")
expect(lessons/01_a.cpp "#include <gradus.h>\n#include \"lessons/kit/a.h\"\n" "")
expect(gpt/main.cpp "#include \"text/a.h\"\n#include \"distributed/a.h\"\n" "")

# Folders: only those of the map.
set(unknown "folders: the map does not have this folder")
expect(extra/a.cpp "int x;\n" "extra: ${unknown}")
expect(extra/note.txt "text\n" "extra: ${unknown}")
expect(nn/more/a.h "int x;\n" "nn/more: ${unknown}")
expect(tensor/build/a.h "int x;\n" "tensor/build: ${unknown}")
expect(exercises/more/a.h "int x;\n" "exercises/more: ${unknown}")
expect(a.cpp "int x;\n" "a.cpp: folders: a C++ file must be in a folder of the map")
expect(my/a.cpp "#include \"nowhere.h\"\n" "")
expect(exercises/16_more/mutants/a.cpp "int x;\n" "")

# Test files: in a folder of the process.
set(shared "test files: a folder that other processes write to")
expect(tests/a_test.cpp "path = testing::TempDir() + name;\n" "tests/a_test.cpp:1: ${shared}")
expect(tests/a.h "\n  fs::temp_directory_path() / name\n" "tests/a.h:2: ${shared}")
expect(tests/temporary.h "temp_directory_path()\n" "")

# A folder without any source file is not a tree that keeps the rules.
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})
execute_process(COMMAND ${PROGRAM} ${SCRATCH} RESULT_VARIABLE status
                OUTPUT_QUIET ERROR_VARIABLE output)
if(status EQUAL 0 OR NOT output MATCHES "no source file was found")
  message(FATAL_ERROR "an empty folder: status ${status}, '${output}'")
endif()
