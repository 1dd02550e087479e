# cmake -DPROGRAM=.../gradus -DMPIRUN=... -P train.cmake: a training in 1, 2 and 4 processes writes
# the same files, bit for bit, also if another number of processes continues it.
get_filename_component(name ${PROGRAM} NAME)
set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}_runs)
file(REMOVE_RECURSE ${folder})
file(MAKE_DIRECTORY ${folder})
set(line "To be, or not to be, that is the question: whether 'tis nobler in the mind. ")
string(REPEAT "${line}" 60 text)
file(WRITE ${folder}/text.txt "${text}")

# train(NAME STEPS PROCESSES OPTIONS...): continues the run of that name if there is one.
function(train run steps processes)
  set(command ${PROGRAM} train text.txt --out ${run} --steps ${steps} --processes ${processes}
      --allow-run-as-root --yes ${ARGN})
  if(EXISTS ${folder}/${run}/checkpoint.safetensors)
    list(APPEND command --resume)
  else()
    list(APPEND command --layers 2 --heads 2 --width 32 --block 32 --batch 8 --accumulate 4
                --dropout 0.2 --eval-every 4 --seed 5)
  endif()
  execute_process(COMMAND ${command} WORKING_DIRECTORY ${folder} RESULT_VARIABLE status
                  OUTPUT_VARIABLE output ERROR_VARIABLE errors TIMEOUT 120)
  if(NOT status STREQUAL 0)
    message(FATAL_ERROR "${command}: ${status}\n${output}${errors}")
  endif()
  string(REGEX MATCHALL "step [0-9]+: training loss [0-9.]+, validation loss [0-9.]+" losses
         "${output}")
  set(losses "${losses}" PARENT_SCOPE)
endfunction()

function(expect_same run)
  foreach(file checkpoint.safetensors model.safetensors)
    file(SHA256 ${folder}/one/${file} expected)
    file(SHA256 ${folder}/${run}/${file} hash)
    if(NOT hash STREQUAL expected)
      message(FATAL_ERROR "${run}/${file} is not that of one process")
    endif()
  endforeach()
endfunction()

train(one 8 1)
set(expected "${losses}")
list(LENGTH expected count)
if(NOT count EQUAL 3)
  message(FATAL_ERROR "the losses are ${expected}")
endif()
train(two 8 2)
if(NOT losses STREQUAL expected)
  message(FATAL_ERROR "two processes have the losses\n${losses}\nexpected\n${expected}")
endif()
expect_same(two)
train(four 8 4 --zero)
if(NOT losses STREQUAL expected)
  message(FATAL_ERROR "four processes have the losses\n${losses}\nexpected\n${expected}")
endif()
expect_same(four)

# A run that is continued, each time by another number of processes.
train(one 12 1)
train(two 12 4 --zero)
expect_same(two)
train(four 12 2)
expect_same(four)

# Processes that would not train the same are told so, and nothing is written. "rank" is the number
# of the process.
set(ENV{OMPI_ALLOW_RUN_AS_ROOT} 1)
set(ENV{OMPI_ALLOW_RUN_AS_ROOT_CONFIRM} 1)
function(expect_disagreement message arguments)
  set(script "rank=\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; exec '${PROGRAM}' train ${arguments}")
  string(APPEND script " --steps 4 --layers 1 --width 16 --heads 2 --block 16 --yes")
  execute_process(
    COMMAND ${MPIRUN} -n 2 sh -c "${script}"
    WORKING_DIRECTORY ${folder} RESULT_VARIABLE status OUTPUT_VARIABLE output
    ERROR_VARIABLE errors TIMEOUT 60)
  if(status STREQUAL 0 OR NOT errors MATCHES "${message}" OR EXISTS ${folder}/disagreement)
    message(FATAL_ERROR "${arguments}: status ${status}\n${output}${errors}")
  endif()
endfunction()
file(WRITE ${folder}/text0.txt "${text}")
file(WRITE ${folder}/text1.txt "${text} And more.")
expect_disagreement("different texts: process 1 not as process 0"
                    "text\$rank.txt --out disagreement")
expect_disagreement("different settings: process 1 not as process 0"
                    "text.txt --out disagreement --lr 0.00\$((rank + 1))")
