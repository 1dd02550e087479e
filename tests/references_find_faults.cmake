# cmake -DPROGRAM=references -DSCRATCH=... -P references_find_faults.cmake
# Tests the test: plants names of things that do not exist and requires `references` to find each.

# expect(FILE TEXT ANSWER): in a sound tree with TEXT in FILE, references fails and prints ANSWER.
# An empty ANSWER requires success.
function(expect file text answer)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/run
       "usage\n./run lesson N   one lesson\n./run exercise NAME   one exercise\n")
  file(WRITE ${SCRATCH}/README.md "# Sound\n\nSee lesson 4.\n\n## Rules about `size`\n")
  file(WRITE ${SCRATCH}/lessons/04_sound.cpp ".exercises = {\"softmax\", \"two_words\"}\n")
  file(WRITE ${SCRATCH}/exercises/01_softmax/README.md "**Follows** lesson 04 (weights).\n")
  file(WRITE ${SCRATCH}/exercises/02_two_words/README.md
       "**Follows** lesson 04 and exercise `softmax`.\n")
  file(WRITE ${SCRATCH}/nn/sound.h "int f();\n")
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

# Lessons and exercises, alone and in lists.
expect(docs/a.md "lesson 4, lessons 04 and 4\nExercises 01 and 02\nbook 3.3, exercise 9.1\n" "")
expect(docs/a.md "sound\nin lesson 5\n" "docs/a.md:2: there is no lesson 5")
expect(docs/a.md "Lessons 04, 4 and 10\n" "docs/a.md:1: there is no lesson 10")
expect(nn/a.h "// exercise 03 has it\n" "nn/a.h:1: there is no exercise 03")
expect(lessons/04_sound.cpp ".exercises = {\"softmax\",\n  \"gelu\"}\n" "there is no exercise gelu")
expect(lessons/04_sound.cpp ".exercises = {\"two_words\"}\n"
       "exercises/01_softmax/README.md:0: there is no 'softmax' in .exercises of lesson 04")
expect(docs/a.md "exercise `softmax`, `./run exercise two_words`, ./run exercise list\n" "")
expect(docs/a.md "as in exercise `gone`\n" "docs/a.md:1: there is no exercise gone")
expect(docs/a.md "./run exercise gone\n" "docs/a.md:1: there is no exercise gone")

# The order of the exercises is that of the lessons.
expect(exercises/02_two_words/README.md "A page.\n"
       "exercises/02_two_words/README.md:0: the line **Follows** lesson NN is missing")
expect(exercises/02_two_words/README.md "**Follows** lesson 05.\n"
       "there is no 'two_words' in .exercises of lesson 05")
expect(exercises/02_two_words/README.md "**Follows** lesson 03.\n"
       "02_two_words/README.md:0: it follows lesson 03, the exercise before it lesson 04")
expect(lessons/05_other.cpp ".exercises = {\"two_words\"}\n"
       "exercises/02_two_words/README.md:0: lesson 05 names it, too")
expect(lessons/03_early.cpp ".exercises = {\"softmax\"}\n" "lesson 03 names it, too")
expect(exercises/01_softmax/README.md "**Follows** lesson 04 and exercise `two_words`.\n"
       "it follows exercise two_words, which is not before it")
expect(tests/a_test.cpp "expect_error(\"there is no lesson 99\");\n" "")

# Files: with a folder of this tree. Placeholders are no files.
expect(docs/a.md "`nn/sound.h`, nn/sound.h: exercises/NN_name/name.h build/a.h usr/a.h\n" "")
expect(docs/a.md "as in `nn/gone.h`.\n" "docs/a.md:1: there is no file nn/gone.h")
expect(nn/a.h "\n// see exercises/01_softmax/hints.md\n" "nn/a.h:2: there is no file exercises/01")
expect(CMakeLists.txt "# nn/gone.cmake\n" "CMakeLists.txt:1: there is no file nn/gone.cmake")
expect(docs/a.md "<!-- in nn/added.h -->\nnn/added.h\n" "")

# Links, sections, commands.
expect(docs/a.md "[a](../README.md#rules-about-size) [b](#c) [d](https://d.org/e)\n# c\n" "")
expect(docs/a.md "[a](gone.md)\n" "docs/a.md:1: there is no file gone.md")
expect(docs/a.md "[a](../README.md#gone)\n" "docs/a.md:1: there is no section #gone")
expect(nn/a.h "// the README's \"Sound\"\n" "")
expect(nn/a.h "// the README's \"Gone\"\n" "there is no section \"Gone\" in README.md")
expect(docs/a.md "`./run lesson 4`\n" "")
expect(docs/a.md "`./run gone`\n" "docs/a.md:1: there is no command ./run gone")
