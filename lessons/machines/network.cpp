#include "lessons/machines/network.h"

#include <cmath>

#include "distributed/agree.h"
#include "distributed/group.h"
#include "gradus.h"

namespace gradus::lessons {
namespace {

/// The seconds of an all_reduce, when many follow each other.
double mean_seconds(const Tensor& x, int count) {
  distributed::barrier();
  const double start = distributed::seconds_now();
  for (int i = 0; i < count; ++i)
    distributed::all_reduce(x);
  return (distributed::seconds_now() - start) / count;
}

}  // namespace

NamedTensors all_reduce_task(const NamedTensors& input) {
  const std::vector<int64_t> elements = tensor_named(input, "elements").to_vector<int64_t>();
  std::vector<double> seconds;
  for (const int64_t n : elements) {
    const Tensor x = zeros({n});
    const int count = n < 100'000 ? 50 : 5;
    double least = mean_seconds(x, count);
    for (int trial = 0; trial < 5; ++trial)
      least = std::min(least, mean_seconds(x, count));
    seconds.push_back(least);
  }
  return {{"seconds", tensor(seconds, kFloat64)}};
}

std::vector<Measured> measure_all_reduce(int64_t processes, int64_t most) {
  std::vector<int64_t> elements;
  for (int64_t n = 1; n <= most; n *= 4)
    elements.push_back(n);
  const NamedTensors result =
      run_in_processes("all_reduce", processes, {{"elements", tensor(elements)}});
  const std::vector<double> seconds = tensor_named(result, "seconds").to_vector<double>();
  std::vector<Measured> measured;
  for (size_t i = 0; i < elements.size(); ++i)
    measured.push_back({elements[i], seconds.at(i)});
  return measured;
}

double seconds_of_all_reduce(const distributed::NetworkSpeed& speed, int64_t P, double n) {
  const auto messages = 2 * std::log2(static_cast<double>(P));
  const double bytes = 2 * 4 * n * static_cast<double>(P - 1) / static_cast<double>(P);
  return messages * speed.seconds_per_message + bytes / speed.bytes_per_second;
}

distributed::NetworkSpeed fit(const std::vector<Measured>& measured, int64_t P) {
  // t = a u + b v, where u is the number of messages, v that of bytes, b = 1 / beta. The equations
  // (a u + b v) / t = 1 are solved in the least squares sense.
  double uu = 0;
  double uv = 0;
  double vv = 0;
  double u1 = 0;
  double v1 = 0;
  for (const Measured& m : measured) {
    const double u = seconds_of_all_reduce({1, INFINITY}, P, static_cast<double>(m.elements));
    const double v = seconds_of_all_reduce({0, 1}, P, static_cast<double>(m.elements));
    uu += u * u / (m.seconds * m.seconds);
    uv += u * v / (m.seconds * m.seconds);
    vv += v * v / (m.seconds * m.seconds);
    u1 += u / m.seconds;
    v1 += v / m.seconds;
  }
  const double determinant = uu * vv - uv * uv;
  return {.seconds_per_message = (u1 * vv - v1 * uv) / determinant,
          .bytes_per_second = determinant / (uu * v1 - uv * u1)};
}

}  // namespace gradus::lessons
