// The threads of parallel_for.
#pragma once

#include <cstdint>

namespace gradus::kernels {

constexpr int kMostThreads = 1024;

/// Calls part(context, i) once for each i < parts, in the calling thread and in up to parts - 1
/// others, and returns when all calls have returned. Returns false and calls nothing if the calling
/// thread is itself in such a call, if another thread has the pool, if no other thread can be
/// started, or if other programs need the cores. parts is 2 to kMostThreads; `part` must not throw.
///
/// The threads are started when they are first needed. A thread without work looks for some for a
/// millisecond at most, then it sleeps. A child of fork() starts its own.
bool run_in_pool(int parts, void (*part)(const void* context, int i), const void* context);

}  // namespace gradus::kernels
