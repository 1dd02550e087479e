#include "tensor/random.h"

#include <atomic>

namespace gradus {
namespace {
std::atomic<DropoutStyle> style_of_dropout{DropoutStyle::book};
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

std::mutex& generator_mutex() {
  static std::mutex mutex;
  return mutex;
}

void manual_seed(uint64_t seed) { (*LockedGenerator()).manual_seed(seed); }

void set_dropout_style(DropoutStyle style) { style_of_dropout = style; }
DropoutStyle dropout_style() { return style_of_dropout; }

}  // namespace gradus
