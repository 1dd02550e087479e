// What messages cost: measured, and fitted to the alpha-beta model.
#pragma once
#include "lessons/machines/processes.h"

namespace gradus::lessons {

/// How long an all_reduce of so many float32 takes: the mean of several in a row, and the least of
/// several such means.
struct Measured {
  int64_t elements;
  double seconds;
};

/// all_reduce between processes of this machine, for vectors of 1 to `most` elements.
std::vector<Measured> measure_all_reduce(int64_t processes, int64_t most);
NamedTensors all_reduce_task(const NamedTensors& input);

/// The time of an all_reduce of n float32 among P = 2^k processes: each sends 2 log2(P) messages,
/// which together have 2 n (P - 1) / P elements (distributed/collectives.h).
double seconds_of_all_reduce(const distributed::NetworkSpeed& speed, int64_t P, double n);
/// The alpha and beta with the smallest relative errors (least squares). P is that of the
/// measurement.
distributed::NetworkSpeed fit(const std::vector<Measured>& measured, int64_t P);

}  // namespace gradus::lessons
