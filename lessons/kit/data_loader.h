// Windows of a text, in the batches that PyTorch's DataLoader makes.
#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace gradus::lessons {

/// Tokens, and for each the one that follows it.
struct Window {
  Tensor inputs, targets;  // (T), or (B, T) for a batch
};

/// The windows of T tokens that begin at 0, T, 2 T, ...
std::vector<Window> windows_of(const std::vector<int64_t>& ids, int64_t T);

/// One epoch: all windows in batches of B. `shuffle` puts them in a random order and leaves out a
/// last batch that is not full. An epoch draws as many random numbers as PyTorch's DataLoader does,
/// so that dropout draws the same masks afterwards.
std::vector<Window> epoch(const std::vector<Window>& windows, size_t B, bool shuffle);

}  // namespace gradus::lessons
