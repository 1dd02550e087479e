// Shared by the tests of gpt/: a small GPT-2 in Hugging Face's files, made by a formula.
#pragma once
#include "autograd/ops.h"
#include "tensor/threads.h"
#include "tests/files_support.h"

namespace gradus::gpt {

inline const char* const kTwinConfig = R"({
  "model_type": "gpt2", "vocab_size": 11, "n_positions": 8, "n_embd": 8, "n_head": 2,
  "n_layer": 2, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05,
  "n_inner": null, "eos_token_id": 50256, "tie_word_embeddings": true
})";

/// The weights of a Hugging Face model with this config: number i of tensor j is sin((i + 10 j)^2).
/// The names have no prefix. The head is the last one.
inline NamedTensors twin_weights() {
  NamedTensors weights;
  const auto add = [&](const std::string& name, const Shape& sizes) {
    const Tensor i =
        arange(numel("twin", sizes)).to(kFloat64) + static_cast<double>(10 * weights.size());
    weights.emplace_back(name, sin(i * i).view(sizes).to(kFloat32));
  };
  const auto add_layer = [&](const std::string& name, const Shape& sizes) {
    add(name + ".weight", sizes);
    add(name + ".bias", {sizes[sizes.size() - 1]});
  };
  add("wte.weight", {11, 8});
  add("wpe.weight", {8, 8});
  for (const std::string h : {"h.0.", "h.1."}) {
    add_layer(h + "ln_1", {8});
    add_layer(h + "attn.c_attn", {8, 24});
    add_layer(h + "attn.c_proj", {8, 8});
    add_layer(h + "ln_2", {8});
    add_layer(h + "mlp.c_fc", {8, 32});
    add_layer(h + "mlp.c_proj", {32, 8});
  }
  add_layer("ln_f", {8});
  add("lm_head.weight", {11, 8});
  return weights;
}

/// The last logits of the ids 1, 2, 3, 10, and the four ids that follow if each has the largest
/// logit: from transformers 5.24 for these weights.
struct TwinReference {
  std::vector<double> logits;
  std::vector<int64_t> next;
};
inline const TwinReference kTiedTwin = {
    {4.091082, -2.672143, -0.799468, -1.952447, 1.685144, 2.013730, -2.322044, 3.959545, 1.024807,
     -6.090971, -2.207717},
    {0, 7, 0, 0}};
inline const TwinReference kUntiedTwin = {
    {-1.771127, 1.358786, 3.289229, 2.507489, -1.682389, -3.714505, 1.967876, -4.597937, -0.611415,
     2.249679, 2.956527},
    {2, 2, 10, 2}};

/// The text with the first `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  check(at != text.npos, "the text has no '{}'", from);
  return text.replace(at, from.size(), to);
}

class GptFiles : public Files {
 protected:
  // The models are small, and threads wait for each other where other tests use all cores.
  GptFiles() { set_num_threads(1); }

  /// Writes a model folder and returns its path.
  std::string put_model(const std::string& name, const std::string& config,
                        const NamedTensors& weights) const {
    std::filesystem::create_directories(path(name));
    put(name + "/config.json", config);
    save_safetensors(path(name + "/model.safetensors"), weights);
    return path(name);
  }
  std::string put_tied_twin(const std::string& name = "twin") const {
    NamedTensors weights = twin_weights();
    weights.pop_back();
    return put_model(name, kTwinConfig, weights);
  }
  std::string put_untied_twin(const std::string& name = "twin") const {
    return put_model(
        name,
        replaced(kTwinConfig, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
        twin_weights());
  }
};

}  // namespace gradus::gpt
