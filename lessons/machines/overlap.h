// How much of the communication a step hides behind backward.
#pragma once
#include "lessons/machines/processes.h"

namespace gradus::lessons {

/// A step of two processes: the fastest of several, as process 0 measures it. Seconds.
struct Overlap {
  int64_t parameters = 0;
  struct Alone {
    double seconds;
    double forward, backward;
  } alone{};  // nothing is sent
  struct After {
    double seconds;
    double communication;
  } after{};  // forward, backward, then communication
  struct Bucket {
    int64_t bytes;
    double begin, end;  // backward begins at 0
  };
  struct Beside {
    double seconds;
    double waited;    // of it, in which the process could only wait
    double backward;  // until it ends
    std::vector<Bucket> buckets;
  } beside{};  // communication while backward computes
};
/// Measured with a GPT, in a network of this speed.
Overlap measure_overlap(const distributed::NetworkSpeed& network, bool quick);
NamedTensors overlap_task(const NamedTensors& input);

}  // namespace gradus::lessons
