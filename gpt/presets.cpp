#include "gpt/presets.h"

#include <array>

namespace gradus::gpt {

// The sizes and the options of shakespeare-char are those of nanoGPT for a CPU, except that the
// learning rate is three times as high; -large is nanoGPT's for a GPU, and gpt2-124M is GPT-2's
// smallest model (Radford et al. 2019) with nanoGPT's options.
std::span<const Preset> presets() {
  static const std::array<Preset, 4> table{{
      {.name = "smoke",
       .description = "a tiny model, to see that everything works: 10 seconds",
       .tokenizer = "char",
       .model = {.context_length = 32,
                 .emb_dim = 64,
                 .n_heads = 4,
                 .n_layers = 2,
                 .drop_rate = 0,
                 .tied_head = true},
       .train = {.steps = 800, .batch_size = 16, .lr = 4e-3, .eval_every = 200}},
      {.name = "shakespeare-char",
       .description = "learns words and the form of a play from a text of 1 MB: about a minute",
       .tokenizer = "char",
       .model = {.context_length = 64,
                 .emb_dim = 128,
                 .n_heads = 4,
                 .n_layers = 4,
                 .drop_rate = 0,
                 .tied_head = true},
       .train = {.steps = 2000, .batch_size = 12, .lr = 3e-3}},
      {.name = "shakespeare-char-large",
       .description = "13 times as large, with four times the context: many hours",
       .tokenizer = "char",
       .model = {.context_length = 256,
                 .emb_dim = 384,
                 .n_heads = 6,
                 .n_layers = 6,
                 .drop_rate = 0.2,
                 .tied_head = true},
       .train = {.steps = 5000, .batch_size = 64, .lr = 1e-3}},
      {.name = "gpt2-124M",
       .description = "the size of GPT-2's smallest model: weeks on a CPU; for short trials",
       .tokenizer = "gpt2",
       .model = {.context_length = 1024,
                 .emb_dim = 768,
                 .n_heads = 12,
                 .n_layers = 12,
                 .drop_rate = 0,
                 .qkv_bias = true,
                 .tied_head = true},
       .train = {.steps = 10000,
                 .batch_size = 16,
                 .accumulate = 8,
                 .lr = 6e-4,
                 .warmup_steps = 200,
                 .betas = {0.9, 0.95},
                 .eval_every = 100}},
  }};
  return table;
}

const Preset& find_preset(const std::string& name) {
  std::string names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
  }
  fail("there is no preset '{}'; the presets are {}", printable(name), names);
}

}  // namespace gradus::gpt
