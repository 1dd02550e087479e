#include "lessons/machines/prediction.h"

#include <algorithm>
#include <cmath>

#include "lessons/machines/network.h"

namespace gradus::lessons {
namespace {

constexpr double kLargeBucket = 4 << 20;

}  // namespace

double operations_per_token(const Workload& work) {
  const auto attention = static_cast<double>(12 * work.layers * work.C * work.T);
  return 6 * work.parameters + attention;
}

double seconds_waited(double backward, double communication, int64_t buckets, Sending sending) {
  if (sending == Sending::after) return communication;
  const auto B = static_cast<double>(buckets);
  // Sending begins when the first bucket is computed, and ends after the last one is.
  const double end = std::max(backward / B + communication, backward + communication / B);
  return end - backward;
}

StepTime predict(const Workload& work, int64_t P, double operations_per_second,
                 const distributed::NetworkSpeed& network, Sending sending) {
  const auto processes = static_cast<double>(P);
  const auto tokens = static_cast<double>(std::max<int64_t>(1, work.sequences / P) * work.T);
  const double computing = tokens * operations_per_token(work) / operations_per_second;
  const double n = work.parameters;
  const int64_t buckets = std::max<int64_t>(1, std::llround(4 * n / kLargeBucket));
  const double one_bucket = seconds_of_all_reduce(network, P, n / static_cast<double>(buckets));
  const double communication = static_cast<double>(buckets) * one_bucket;
  double waiting = seconds_waited(computing * 2 / 3, communication, buckets, sending);
  if (sending == Sending::zero)
    waiting += (processes - 1) * network.seconds_per_message +
               4 * n * (processes - 1) / processes / network.bytes_per_second;
  return {.computing = computing, .waiting = waiting};
}

double training_bytes(double parameters, int64_t P, bool zero) {
  const double state = zero ? 8.0 / static_cast<double>(P) : 8.0;
  return parameters * (8 + state);
}

}  // namespace gradus::lessons
