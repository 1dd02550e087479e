// The memory that some work needs: the largest resident size of this process.
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "gradus.h"
#include "tests/bench/cases.h"

namespace bench {
namespace {

double largest_resident_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
#else
  return static_cast<double>(usage.ru_maxrss) / 1024;
#endif
}

/// Limits the address space: work that needs far more memory than expected must not bring the
/// machine down.
void forbid_more_than(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_AS, &limit);
}

double attention_beyond_its_tensors() {
  using namespace gradus;
  const Shape sizes = {1, 12, 8192, 64};
  const auto run = [](const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& dy) {
    scaled_dot_product_attention(q, k, v, {}, 0, true).backward(dy);
  };
  const auto all_ones = [](const Shape& s) { return ones(s).requires_grad_(); };
  // Starts the threads and allocates everything that is allocated only once.
  run(all_ones({1, 12, 64, 64}), all_ones({1, 12, 64, 64}), all_ones({1, 12, 64, 64}),
      ones({1, 12, 64, 64}));
  const Tensor q = all_ones(sizes);
  const Tensor k = all_ones(sizes);
  const Tensor v = all_ones(sizes);
  const Tensor dy = ones(sizes);
  const double before = largest_resident_mib();
  forbid_more_than(rlim_t{6} << 30);
  run(q, k, v, dy);
  const double outputs =
      4.0 * static_cast<double>(q.numel()) * sizeof(float) / (1 << 20);  // y and three gradients
  return largest_resident_mib() - before - outputs;
}

}  // namespace

double gradus_memory(const std::string& row) {
  if (row == "memory/attention") return attention_beyond_its_tensors();
  if (row != "memory/gpt2_step") throw std::runtime_error("no row " + row);
  const Case step = model_case("gpt2_step");
  for (int i = 0; i < 3; ++i)
    step.run();
  return largest_resident_mib();
}

}  // namespace bench
