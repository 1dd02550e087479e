#include "autograd/engine.h"
#include "autograd/node.h"
#include "autograd/ops.h"

namespace gradus::autograd {

std::vector<Tensor> vjp(const Definition& f, const std::vector<Tensor>& inputs, const Tensor& dy) {
  std::vector<Tensor> aliases;
  std::vector<Tensor> differentiated;
  for (const Tensor& x : inputs) {
    aliases.push_back(needs_grad(x) ? alias(x) : x);
    if (needs_grad(x)) differentiated.push_back(aliases.back());
  }
  const std::vector<Tensor> found =
      grad({f(aliases)}, differentiated, {dy}, /*retain_graph=*/true, /*create_graph=*/true,
           /*allow_unused=*/true);
  std::vector<Tensor> gradients;
  size_t next = 0;
  for (const Tensor& x : inputs)
    gradients.push_back(needs_grad(x) ? found[next++] : Tensor());
  return gradients;
}

}  // namespace gradus::autograd
