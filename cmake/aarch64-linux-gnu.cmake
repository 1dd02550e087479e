# Toolchain file: builds for 64-bit Arm with the cross compiler of Debian and Ubuntu
# (g++-aarch64-linux-gnu) and runs the tests with qemu-user.
#   cmake --preset release -B build/aarch64 --toolchain cmake/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(sysroot /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${sysroot})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(GRADUS_HEADERS /usr/include)

# One thread: qemu-user 7.2 can hang in std::thread::join. tests/emulated.h reads GRADUS_EMULATED.
set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64 -L ${sysroot} -E OMP_NUM_THREADS=1 -E GRADUS_EMULATED=1)
