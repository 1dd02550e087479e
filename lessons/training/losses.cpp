#include "lessons/training/losses.h"

#include <algorithm>

#include "gradus.h"

namespace gradus::lessons {

std::pair<Tensor, Tensor> random_batch(const Tensor& ids, int64_t B, int64_t T) {
  const Tensor at = randint(0, ids.numel() - T, {B, 1}) + arange(T);  // (B, T)
  const auto tokens = [&](const Tensor& i) {
    return ids.index_select(0, i.flatten()).view({B, T});
  };
  return {tokens(at), tokens(at + 1)};
}

Tensor loss_of(const nn::Gpt& model, const Tensor& inputs, const Tensor& targets) {
  return cross_entropy(model(inputs).flatten(0, 1), targets.flatten());
}

double loss_over(const nn::Gpt& model, const Tensor& ids) {
  const NoGradGuard no_grad;
  const int64_t T = model.config.context_length;
  const int64_t windows = (ids.numel() - 1) / T;
  double sum = 0;
  for (int64_t i = 0; i < windows; i += 32) {
    const int64_t B = std::min<int64_t>(32, windows - i);
    const Tensor inputs = ids.narrow(0, i * T, B * T).view({B, T});
    const Tensor targets = ids.narrow(0, i * T + 1, B * T).view({B, T});
    sum += static_cast<double>(B) * loss_of(model, inputs, targets).item<double>();
  }
  return sum / static_cast<double>(windows);
}

double estimated_loss(const nn::Gpt& model, const Tensor& ids, int64_t batches, int64_t B) {
  const NoGradGuard no_grad;
  double sum = 0;
  for (int64_t i = 0; i < batches; ++i) {
    const auto [inputs, targets] = random_batch(ids, B, model.config.context_length);
    sum += loss_of(model, inputs, targets).item<double>();
  }
  return sum / static_cast<double>(batches);
}

}  // namespace gradus::lessons
