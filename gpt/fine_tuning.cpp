#include "gpt/fine_tuning.h"

#include "tensor/random.h"

namespace gradus::gpt {
namespace {

/// A model whose parameters are about to be overwritten; the generator stays as it is.
nn::Gpt blank(const nn::GptConfig& config, DType dtype) {
  const Tensor rng_state = get_rng_state();
  const nn::Gpt model(config);
  set_rng_state(rng_state);
  model.to(dtype);
  return model;
}

/// Copies the rows of x into the first rows of y.
void copy_rows(const Tensor& y, const Tensor& x) {
  y.detach().narrow(0, 0, x.size(0)).copy_(x.detach());
}

/// Fills the rows of an embedding from `first` on with numbers like those before.
void draw_rows_like_others(const Tensor& weight, int64_t first) {
  const NoGradGuard no_grad;
  const int64_t rows = weight.size(0) - first;
  if (rows == 0) return;
  const Tensor others = weight.detach().narrow(0, 0, first);         // (V, C)
  const Tensor mean = others.mean({0});                              // (C)
  const Tensor deviation = (others - mean).pow(2).mean({0}).sqrt();  // (C)
  const Tensor noise = randn({rows, weight.size(1)}).to(weight.dtype());
  weight.detach().narrow(0, first, rows).copy_(mean + deviation * noise);
}

std::vector<nn::Linear> linear_layers(const nn::Gpt& model) {
  std::vector<nn::Linear> layers;
  for (const nn::GptBlock& block : model.trf_blocks)
    for (const nn::Linear& layer : {block.att.W_query, block.att.W_key, block.att.W_value,
                                    block.att.out_proj, block.ff.fc1, block.ff.fc2})
      layers.push_back(layer);
  return layers;
}

void set_requires_grad(const nn::Module& module, bool on) {
  for (const Tensor& p : module.parameters())
    p.requires_grad_(on);
}

}  // namespace

nn::Gpt copy_of(const nn::Gpt& model) { return with_vocabulary(model, model.config.vocab_size); }

nn::Gpt with_vocabulary(const nn::Gpt& model, int64_t vocab_size) {
  const int64_t before = model.config.vocab_size;
  check(vocab_size >= before, "with_vocabulary: {} tokens, and the model has {} already",
        vocab_size, before);
  nn::GptConfig config = model.config;
  config.vocab_size = vocab_size;
  nn::Gpt wider = blank(config, model.tok_emb.weight.dtype());
  const std::vector<Tensor> from = model.parameters();
  const std::vector<Tensor> to = wider.parameters();
  for (size_t i = 0; i < from.size(); ++i)
    copy_rows(to[i], from[i]);
  draw_rows_like_others(wider.tok_emb.weight, before);
  if (!config.tied_head) draw_rows_like_others(wider.out_head.weight, before);
  wider.eval();
  return wider;
}

void train_last_block_only(const nn::Gpt& model) {
  check(model.trf_blocks.size() > 0, "train_last_block_only: the model has no blocks");
  set_requires_grad(model, false);
  set_requires_grad(model.trf_blocks[model.trf_blocks.size() - 1], true);
  set_requires_grad(model.final_norm, true);
}

void train_everything(const nn::Gpt& model) { set_requires_grad(model, true); }

LoraAdapters::LoraAdapters(const nn::Gpt& model, int64_t rank, double alpha)
    : gpt_(register_module("gpt", nn::Gpt(model))),
      changes_(register_module("lora", nn::ModuleList<nn::LoRA>())) {
  nn::ModuleList<nn::LoRA> changes = changes_;  // copies share the list
  set_requires_grad(gpt_, false);
  for (const nn::Linear& layer : linear_layers(gpt_)) {
    changes.push_back(nn::LoRA(layer, rank, alpha));
    hooks_.push_back(changes[changes.size() - 1].attach(layer));
  }
}

nn::Gpt LoraAdapters::merged() const {
  nn::Gpt merged = copy_of(gpt_);
  const NoGradGuard no_grad;
  const std::vector<nn::Linear> layers = linear_layers(merged);
  for (size_t i = 0; i < layers.size(); ++i)
    layers[i].weight.add_(changes_[i].weight_change());
  return merged;
}

void LoraAdapters::merge() {
  const std::vector<nn::Linear> layers = linear_layers(gpt_);
  check(hooks_.size() == layers.size(), "lora: the changes are merged already");
  for (size_t i = 0; i < layers.size(); ++i)
    changes_[i].merge_into(layers[i], hooks_[i]);
  hooks_.clear();
}

int64_t trained_parameters(const nn::Module& module) {
  int64_t count = 0;
  for (const Tensor& p : module.parameters())
    if (p.requires_grad()) count += p.numel();
  return count;
}

}  // namespace gradus::gpt
