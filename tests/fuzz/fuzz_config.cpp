// Any bytes are a config.json of a GPT-2 model or an Error. A config that can be read can be
// written and read again.
#include "gpt/config_file.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gpt::PretrainedConfig config;
  try {
    config = gpt::load_config(input_file({data, size}));
  } catch (const Error&) {
    return 0;
  }
  const nn::GptConfig& model = config.model;
  require(model.vocab_size > 0 && model.context_length > 0 && model.n_layers > 0, "sizes");
  require(model.emb_dim % model.n_heads == 0, "the embedding splits into heads");
  require(!config.eos_token_id || *config.eos_token_id < model.vocab_size, "eos is a token");
  const std::string copy = scratch_path("copy");
  gpt::save_config(config, copy);
  const gpt::PretrainedConfig again = gpt::load_config(copy);
  const auto fields = [](const gpt::PretrainedConfig& c) {
    const nn::GptConfig& m = c.model;
    return std::tuple(m.vocab_size, m.context_length, m.emb_dim, m.n_heads, m.n_layers, m.drop_rate,
                      m.qkv_bias, m.tied_head, c.eos_token_id);
  };
  require(fields(config) == fields(again), "the copy has the same config");
  return 0;
}
