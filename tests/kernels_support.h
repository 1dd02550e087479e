#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

/// n numbers between -1 and 1, always the same for a seed.
template <class T = float>
std::vector<T> numbers(int64_t n, uint64_t seed = 1) {
  std::vector<T> x(static_cast<size_t>(n));
  for (T& value : x) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<T>(static_cast<double>(seed >> 40) / static_cast<double>(1 << 23) - 1);
  }
  return x;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Each of a is within tolerance of b; NaN and infinities must be the same.
template <class T>
void expect_near(const std::vector<T>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) || std::isinf(b[i])) {
      EXPECT_TRUE((std::isnan(b[i]) && std::isnan(a[i])) || static_cast<double>(a[i]) == b[i])
          << i << ": " << a[i];
    } else {
      EXPECT_NEAR(static_cast<double>(a[i]), b[i], tolerance) << i;
    }
  }
}

inline std::vector<double> in_double(const std::vector<float>& x) { return {x.begin(), x.end()}; }
inline const std::vector<double>& in_double(const std::vector<double>& x) { return x; }

/// compute() must return the same bits with 1, 2, 3 and 7 threads; returns them.
template <class Compute>
auto for_all_thread_counts(const Compute& compute) {
  const int before = get_num_threads();
  set_num_threads(1);
  const auto one = compute();
  for (int threads : {2, 3, 7}) {
    set_num_threads(threads);
    EXPECT_TRUE(same_bits(one, compute())) << threads << " threads";
  }
  set_num_threads(before);
  return one;
}

}  // namespace gradus::kernels
