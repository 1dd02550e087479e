/* Memory from the system, and files in memory. The memory of a WebAssembly program only grows: what
 * munmap is given stays part of it, unused. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 32
#define MAP_FAILED ((void*)-1)

#ifdef __cplusplus
extern "C" {
#endif
void* mmap(void* wanted_address, size_t bytes, int protection, int flags, int file, off_t offset);
int munmap(void* start, size_t bytes);
#ifdef __cplusplus
}
#endif
