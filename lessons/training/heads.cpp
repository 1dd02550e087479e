#include "lessons/training/heads.h"

#include "autograd/engine.h"

namespace gradus::lessons {

HeadsOfGpt measure_heads(const nn::Gpt& model, const Tensor& ids) {
  const NoGradGuard no_grad;
  const int64_t T = ids.size(1);
  const Tensor at = arange(T).to(kFloat32);
  const Tensor distances = at.unsqueeze(1) - at;  // (T, T): query - key
  const Tensor is_previous = eq(distances, 1).to(kFloat32);
  std::vector<nn::AttentionTrace> traces;
  model(ids, &traces);
  std::vector<Tensor> previous;
  std::vector<Tensor> distance;
  for (const nn::AttentionTrace& trace : traces) {
    const auto mean_of = [&](const Tensor& of_pair) {
      const Tensor of_query = (trace.weights * of_pair).sum(-1);  // (B, H, T)
      return of_query.narrow(-1, 1, T - 1).mean({0, 2});          // (H)
    };
    previous.push_back(mean_of(is_previous));
    distance.push_back(mean_of(distances));
  }
  return {.previous = stack(previous), .distance = stack(distance)};
}

}  // namespace gradus::lessons
