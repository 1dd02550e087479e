// The hook for the tools that watch a program: DetectAnomalyGuard and Profile (autograd/).
#pragma once
#include <atomic>

namespace gradus {

struct Storage;

namespace observers {

/// How many of the tools are in use, in all threads. While it is 0, an op only compares it with 0.
inline constinit std::atomic<int> in_use{0};
inline bool active() { return in_use.load(std::memory_order_relaxed) != 0; }

/// Called for new memory while a tool is in use. Defined in autograd/profile.cpp.
void allocated(const Storage& storage);

}  // namespace observers
}  // namespace gradus
