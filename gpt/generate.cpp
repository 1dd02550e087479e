#include "gpt/generate.h"

#include <algorithm>
#include <cmath>

#include "gpt/sampling.h"
#include "tensor/factories.h"

namespace gradus::gpt {
namespace {

/// Puts a model in evaluation mode, and back when it is destroyed.
class EvalGuard {
 public:
  explicit EvalGuard(const nn::Gpt& model) : model_(model), was_training_(model.is_training()) {
    if (was_training_) model_.eval();
  }
  ~EvalGuard() {
    if (was_training_) model_.train();
  }
  EvalGuard(const EvalGuard&) = delete;
  EvalGuard& operator=(const EvalGuard&) = delete;

 private:
  const nn::Gpt& model_;
  const bool was_training_;
};

void check_prompt(const nn::GptConfig& config, const Tensor& ids) {
  check(ids.dim() == 2 && ids.dtype() == kInt64,
        "generate: the ids are {} {}, expected int64 [B, T]", ids.dtype(), ids.sizes());
  const auto [B, T] = ids.sizes<2>();
  check(T > 0, "generate: the prompt is empty, expected at least one token");
  check(T <= config.context_length,
        "generate: the prompt has {} tokens, and the model reads at most {}", T,
        config.context_length);
  const Tensor in_order = ids.contiguous();
  for (int64_t i = 0; i < B * T; ++i) {
    const int64_t id = in_order.data<int64_t>()[i];
    check(id >= 0 && id < config.vocab_size,
          "generate: token {} at [{}, {}] is not in the vocabulary of {} tokens", id, i / T, i % T,
          config.vocab_size);
  }
}

}  // namespace

Generator::Generator(const nn::Gpt& model, const Tensor& ids, const GenerateOptions& options)
    : model_(model), options_(options), ids_(ids), left_(options.max_new_tokens) {
  check(left_ >= 0, "generate: max_new_tokens is {}, expected 0 or more", left_);
  check_sampling(options.temperature, options.top_k, options.top_p);
  check_prompt(model.config, ids);
  ended_ = zeros({ids.size(0)}, kBool);
}

bool Generator::finished() const {
  return left_ == 0 || ended_.to(kInt64).sum().item<int64_t>() == ended_.numel();
}

Tensor Generator::step() {
  check(!finished(), "generate: step() after the last token");
  const NoGradGuard no_grad;
  const EvalGuard in_eval(model_);
  Tensor next = choose(next_logits());  // (B)
  if (options_.eos_token_id) {
    const Tensor eos = full({}, *options_.eos_token_id, kInt64);
    next = where(ended_, eos, next);
    ended_ = next == eos;
  }
  ids_ = cat({ids_, next.unsqueeze(1)}, 1);  // (B, T + n)
  --left_;
  return next;
}

/// The logits of the tokens that follow ids_, (B, V).
Tensor Generator::next_logits() {
  const int64_t context = model_.config.context_length;
  const int64_t end = ids_.size(1);
  if (end - window_start_ > context) {
    window_start_ = end - (options_.exact_window ? context : std::max<int64_t>(1, context / 2));
    for (nn::KVCache& cache : caches_)
      cache.length = 0;
    ++refills_;
  }
  const bool with_cache = options_.use_cache && model_.config.n_layers > 0;
  const int64_t cached = caches_.empty() ? 0 : caches_[0].length;
  const int64_t start = window_start_ + cached;
  const Tensor hidden = model_.hidden(ids_.narrow(1, start, end - start), nullptr, {},
                                      with_cache ? &caches_ : nullptr);  // (B, end - start, C)
  return model_.out_head(hidden.select(1, -1));                          // (B, V)
}

Tensor Generator::choose(const Tensor& logits) const {
  const Tensor largest = logits.amax(-1).to(kFloat64).contiguous();  // (B)
  for (int64_t row = 0; row < largest.numel(); ++row)
    check(std::isfinite(largest.data<double>()[row]),
          "generate: the largest logit is {}, so the model has weights that are not numbers or "
          "much too large",
          largest.data<double>()[row]);
  if (!options_.do_sample) return logits.argmax(-1);
  const Tensor probabilities =
      next_token_probabilities(logits, options_.temperature, options_.top_k, options_.top_p);
  return multinomial(probabilities, 1).squeeze(1);
}

Tensor generate(const nn::Gpt& model, const Tensor& ids, const GenerateOptions& options,
                const std::function<void(int64_t)>& on_token) {
  Generator generator(model, ids, options);
  check(!on_token || ids.size(0) == 1, "generate: on_token with {} texts, expected one",
        ids.size(0));
  while (!generator.finished()) {
    const Tensor next = generator.step();
    if (on_token) on_token(next.item<int64_t>());
  }
  return generator.ids();
}

}  // namespace gradus::gpt
