// Sizes that 32 bits cannot hold are an Error, not a tensor of fewer bytes.
#include <cstdint>
#include <cstdio>
#include <string>

#include "tensor/factories.h"
#include "tensor/memory.h"

namespace {

int faults = 0;

void expect_error(const gradus::Shape& shape) {
  try {
    const gradus::Tensor x = gradus::zeros(shape);
    std::printf("wrong: a tensor of %lld elements was made\n", static_cast<long long>(x.numel()));
    ++faults;
  } catch (const gradus::Error& e) {
    const std::string message = e.what();
    if (message.find("out of memory") != std::string::npos) return;
    std::printf("wrong: %s\n", message.c_str());
    ++faults;
  }
}

}  // namespace

int main() {
  expect_error({int64_t{1} << 30});        // 4 GiB: 32 zeros
  expect_error({int64_t{1} << 32});        // 16 GiB, and the number of elements is 0 in 32 bits
  expect_error({int64_t{1} << 20, 4096});  // the same in two dimensions
  expect_error({(int64_t{1} << 30) + 1});  // would be 4 bytes
  expect_error({(int64_t{1} << 29) + 1});  // more than a block may have
  const gradus::Tensor x = gradus::ones({1 << 20});  // 4 MiB
  if (x.sum().item<float>() != 1 << 20 || gradus::memory_stats().in_use < 4 << 20) ++faults;
  if (faults == 0) std::puts("sizes have 64 bits");
  return faults == 0 ? 0 : 1;
}
