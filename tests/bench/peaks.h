// The peak performance of this machine, measured with loops of our own.
#pragma once
#include <string>

namespace bench {

struct Peaks {
  double flops;      // fused multiply-adds of float32, counted as two, per second
  double bandwidth;  // bytes per second, read from memory that is in no cache
};

/// Each loop runs several times for about `seconds`; the best time counts.
Peaks measure_peaks(int threads, double seconds);

std::string processor_name();

}  // namespace bench
