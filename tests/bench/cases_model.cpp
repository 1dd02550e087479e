#include <memory>
#include <stdexcept>

#include "gradus.h"
#include "tests/bench/cases.h"

namespace bench {

using namespace gradus;

namespace {

nn::Gpt make_gpt(const ModelSize& s, bool bias) {
  return nn::Gpt({.vocab_size = s.vocabulary,
                  .context_length = s.context,
                  .emb_dim = s.C,
                  .n_heads = s.heads,
                  .n_layers = s.layers,
                  .drop_rate = 0,
                  .qkv_bias = bias,
                  .tied_head = true});
}

/// zero_grad, forward, cross-entropy, backward, optional clipping, AdamW.
Case training_step(const ModelSize& s, bool bias, double clip) {
  struct State {
    nn::Gpt model;
    Tensor ids, targets;
    optim::AdamW optimizer;
  };
  const nn::Gpt model = make_gpt(s, bias);
  const auto state = std::make_shared<State>(
      State{model, randint(s.vocabulary, {s.B, s.T}), randint(s.vocabulary, {s.B * s.T}),
            optim::AdamW(model.parameters(), {.lr = 1e-4, .weight_decay = 0.1})});
  return {.run = [=] {
    state->optimizer.zero_grad();
    const Tensor logits = state->model(state->ids);  // (B, T, V)
    cross_entropy(logits.view({s.B * s.T, s.vocabulary}), state->targets).backward();
    if (clip > 0) nn::utils::clip_grad_norm_(state->model.parameters(), clip);
    state->optimizer.step();
  }};
}

enum class Weights { float32, bfloat16 };

/// GPT-2 for the generation of text.
std::shared_ptr<const nn::Gpt> make_generator(Weights weights) {
  const auto model = std::make_shared<const nn::Gpt>(make_gpt(kGpt2, true));
  model->eval();
  if (weights == Weights::bfloat16)
    model->apply([](const nn::Module& m) {
      if (m.name() == "Linear" || m.name() == "Embedding") m.to(kBFloat16);
    });
  return model;
}

/// The logits of the last of T tokens (1, 1, V).
Case last_logits(int64_t T, Weights weights = Weights::float32) {
  const auto model = make_generator(weights);
  const Tensor ids = randint(kGpt2.vocabulary, {1, T});
  return {.run = [=] {
    const NoGradGuard no_grad;
    Tensor x = model->tok_emb(ids) + model->pos_emb(arange(T));  // (1, T, C)
    for (const nn::GptBlock& block : model->trf_blocks)
      x = block(x);
    model->out_head(model->final_norm(x.narrow(1, T - 1, 1)));  // (1, 1, V)
  }};
}

/// The logits of one token after T - 1 tokens in a cache (1, 1, V).
Case cached_token(int64_t T, Weights weights = Weights::float32) {
  const auto model = make_generator(weights);
  const auto caches = std::make_shared<std::vector<nn::KVCache>>();
  const Tensor ids = randint(kGpt2.vocabulary, {1, T});
  const NoGradGuard no_grad;
  model->hidden(ids.narrow(1, 0, T - 1), nullptr, {}, caches.get());
  const Tensor last = ids.narrow(1, T - 1, 1);
  return {.run = [=] {
    const NoGradGuard guard;
    for (nn::KVCache& cache : *caches)
      cache.length = T - 1;
    (*model)(last, nullptr, {}, caches.get());
  }};
}

}  // namespace

Case model_case(const std::string& name) {
  if (name == "nanogpt_step") return training_step(kNanoGpt, false, 1.0);
  if (name == "gpt2_step") return training_step(kGpt2, true, 0);
  if (name == "gpt2_token") return last_logits(1);
  if (name == "gpt2_cached_token") return cached_token(256);
  if (name == "bfloat16_token") return last_logits(1, Weights::bfloat16);
  if (name == "bfloat16_cached_token") return cached_token(256, Weights::bfloat16);
  if (name == "gpt2_forward") return last_logits(256);
  throw std::runtime_error("no row model/" + name);
}

}  // namespace bench
