#include "gpt/weights.h"

#include "tensor/factories.h"
#include "tensor/memory.h"

namespace gradus::gpt {

std::vector<Weight> weights_of(const nn::Gpt& model) {
  std::vector<Weight> weights;
  const auto add = [&](const std::string& name, const std::vector<Tensor>& parts,
                       bool is_conv1d = false) {
    weights.push_back({name, parts, is_conv1d});
  };
  const auto add_norm = [&](const std::string& name, const nn::LayerNorm& norm) {
    add(name + ".weight", {norm.weight});
    add(name + ".bias", {norm.bias});
  };
  const auto add_linear = [&](const std::string& name, const nn::Linear& linear) {
    add(name + ".weight", {linear.weight}, true);
    add(name + ".bias", {linear.bias});
  };
  add("wte.weight", {model.tok_emb.weight});
  add("wpe.weight", {model.pos_emb.weight});
  for (size_t i = 0; i < model.trf_blocks.size(); ++i) {
    const nn::GptBlock& block = model.trf_blocks[i];
    const nn::MultiHeadAttention& att = block.att;
    const std::string prefix = fmt::format("h.{}.", i);
    add_norm(prefix + "ln_1", block.norm1);
    add(prefix + "attn.c_attn.weight", {att.W_query.weight, att.W_key.weight, att.W_value.weight},
        true);
    if (model.config.qkv_bias)
      add(prefix + "attn.c_attn.bias", {att.W_query.bias, att.W_key.bias, att.W_value.bias});
    add_linear(prefix + "attn.c_proj", att.out_proj);
    add_norm(prefix + "ln_2", block.norm2);
    add_linear(prefix + "mlp.c_fc", block.ff.fc1);
    add_linear(prefix + "mlp.c_proj", block.ff.fc2);
  }
  add_norm("ln_f", model.final_norm);
  if (!model.config.tied_head) add("lm_head.weight", {model.out_head.weight});
  return weights;
}

void make_room(const nn::Gpt& model, DType dtype) {
  model.to(dtype == kBFloat16 ? kFloat32 : dtype);
  if (dtype != kBFloat16) return;
  // All new tensors are made before the first old one is freed: then none of them takes the place
  // of an old one, and all memory of the old ones can be returned.
  std::vector<std::pair<Tensor, Tensor>> matrices;
  for (const Weight& weight : weights_of(model)) {
    for (const Tensor& part : weight.parts)
      if (part.dim() == 2) matrices.emplace_back(part, empty(part.sizes(), kBFloat16));
  }
  for (const auto& [part, narrow] : matrices) {
    part.requires_grad_(false);
    part.set_data(narrow);
  }
  empty_cache();
}

Shape shape_of(const Weight& weight) {
  Shape shape = weight.parts[0].sizes();
  shape[0] *= std::ssize(weight.parts);
  return shape;
}

Tensor joined(const Weight& weight) {
  return weight.parts.size() == 1 ? weight.parts[0] : cat(weight.parts, 0);
}

void assign(const Weight& weight, const Tensor& x) {
  const NoGradGuard no_grad;
  int64_t row = 0;
  for (const Tensor& part : weight.parts) {
    part.copy_(x.narrow(0, row, part.size(0)));
    row += part.size(0);
  }
}

}  // namespace gradus::gpt
