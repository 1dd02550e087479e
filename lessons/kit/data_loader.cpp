#include "lessons/kit/data_loader.h"

#include <algorithm>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

/// The order of n windows. A DataLoader first draws a seed for processes that it may start; a
/// shuffled one draws another, for a generator of its own.
std::vector<size_t> order_of(size_t n, bool shuffle) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  const LockedGenerator locked;
  int64_t seed = 0;
  fill_random(*locked, &seed, 1);
  if (shuffle) {
    fill_random(*locked, &seed, 1);
    Generator own(static_cast<uint64_t>(seed));
    randperm(own, order.data(), std::ssize(order));
  }
  return {order.begin(), order.end()};
}

}  // namespace

std::vector<Window> windows_of(const std::vector<int64_t>& ids, int64_t T) {
  const Tensor all = tensor(ids, kInt64);
  std::vector<Window> windows;
  for (int64_t begin = 0; begin < std::ssize(ids) - T; begin += T)
    windows.push_back({all.narrow(0, begin, T), all.narrow(0, begin + 1, T)});
  return windows;
}

std::vector<Window> epoch(const std::vector<Window>& windows, size_t B, bool shuffle) {
  const std::vector<size_t> order = order_of(windows.size(), shuffle);
  std::vector<Window> batches;
  for (size_t begin = 0; begin < order.size(); begin += B) {
    const size_t end = std::min(begin + B, order.size());
    if (shuffle && end - begin < B) break;
    std::vector<Tensor> inputs;
    std::vector<Tensor> targets;
    for (size_t i = begin; i < end; ++i) {
      inputs.push_back(windows[order[i]].inputs);
      targets.push_back(windows[order[i]].targets);
    }
    batches.push_back({stack(inputs), stack(targets)});
  }
  return batches;
}

}  // namespace gradus::lessons
