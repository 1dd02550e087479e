#include "exercises/19_lion/lion.h"

namespace mine {

Lion::Lion(const std::vector<Tensor>& parameters, const LionOptions& options)
    : Optimizer("lion", parameters, options.lr), options_(options) {
  // one m of zeros for each parameter, of its shape and dtype
  todo("lion: the momentum");
}

void Lion::step() {
  // parameters()[i] and its grad() -> the parameter and momentum_[i], changed
  todo("lion: step");
}

}  // namespace mine
