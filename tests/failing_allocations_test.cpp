// Every allocation inside every op and its backward fails once. That is an Error, and all nodes are
// freed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "autograd/engine.h"
#include "gradus.h"
#include "tests/ops_table.h"

namespace {

/// How many allocations of this thread succeed before one fails; negative: all succeed.
thread_local int64_t allocations_left = -1;
thread_local int64_t allocations = 0;

void* allocate(size_t bytes) noexcept {
  ++allocations;
  if (allocations_left == 0) {
    allocations_left = -1;
    return nullptr;
  }
  if (allocations_left > 0) --allocations_left;
  return std::malloc(bytes);
}

}  // namespace

void* operator new(size_t bytes) {
  if (void* const memory = allocate(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace gradus::tests {
namespace {

void forward_and_backward(const Row& row, const Tensors& inputs) {
  const Tensor y = row.f(inputs);
  if (y.requires_grad()) y.sum().backward();
}

/// What happens when the allocation after `k` others fails.
std::string fault_after(int64_t k, const Row& row, const Tensors& inputs) {
  const int64_t nodes = autograd::live_nodes();
  std::string fault;
  allocations_left = k;
  try {
    forward_and_backward(row, inputs);
  } catch (const Error&) {
  } catch (const std::bad_alloc&) {
    fault = "std::bad_alloc";
  }
  allocations_left = -1;
  if (autograd::live_nodes() != nodes) fault += " and nodes that are not freed";
  return fault;
}

TEST(FailingAllocations, OfEveryOpAndItsBackwardAreErrors) {
  int64_t failed = 0;
  for (const Row& row : op_table()) {
    if (row.name == "split into sizes") continue;  // its vectors belong to the caller, too
    Tensors inputs;
    for (const Tensor& x : row.inputs)
      inputs.push_back(is_floating_point(x.dtype()) ? x.detach().clone().requires_grad_() : x);
    forward_and_backward(row, inputs);  // allocates what a thread keeps
    allocations = 0;
    forward_and_backward(row, inputs);
    const int64_t all = allocations;
    // The vector of tensors is allocated by the caller.
    const bool takes_vector = row.op == "cat" || row.op == "stack" || row.op == "index_put" ||
                              row.op == "index_put_" || row.name == "einsum of itself" ||
                              row.name == "index by a list of tensors";
    for (int64_t k = takes_vector ? 1 : 0; k < all; ++k)
      EXPECT_EQ(fault_after(k, row, inputs), "") << row.name << ", after " << k << " allocations";
    failed += all;
  }
  EXPECT_GT(failed, 1000);
}

}  // namespace
}  // namespace gradus::tests
