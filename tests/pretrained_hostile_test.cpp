// Folders and files that from_pretrained cannot read: each has its message.
#include <limits>

#include "gpt/config_file.h"
#include "gpt/pretrained.h"
#include "tests/gpt_support.h"

namespace gradus::gpt::pretrained_hostile_test {
namespace {

class PretrainedHostile : public GptFiles {
 protected:
  /// The message for a twin whose config.json is this text, without the path.
  std::string config_error(const std::string& config) const {
    const std::string dir = put_tied_twin();
    put("twin/config.json", config);
    return without_path(error_of([&] { from_pretrained(dir); }));
  }
  /// The message for a twin with other weights.
  std::string weights_error(const NamedTensors& weights, bool tied = true) const {
    const std::string dir = tied ? put_tied_twin() : put_untied_twin();
    save_safetensors(dir + "/model.safetensors", weights);
    return without_path(error_of([&] { from_pretrained(dir); }));
  }
  std::string without_path(const std::string& message) const {
    const std::string with_path = "from_pretrained: " + path("twin");
    EXPECT_TRUE(message.starts_with(with_path)) << message;
    return message.substr(std::min(message.size(), with_path.size()));
  }
};

std::string with(const std::string& from, const std::string& to) {
  return replaced(kTwinConfig, from, to);
}

TEST_F(PretrainedHostile, Configs) {
  const std::pair<std::string, std::string> rows[] = {
      {"", "it is not a JSON object"},
      {"{", "it is not a JSON object"},
      {"[]", "it is not a JSON object"},
      {std::string(100'000, '['), "it is not a JSON object"},
      {std::string("{}\0", 3), "it is not a JSON object"},
      {"\xff\xfe{}", "it is not a JSON object"},
      {"{}", "it has no n_embd"},
      {with("\"n_head\": 2,", ""), "it has no n_head"},
      {with("\"gpt2\"", "\"llama\""), "model_type is 'llama', and only 'gpt2' is supported"},
      {with("\"gpt2\"", "\"\\u001b[2J\""),
       "model_type is '\\u001b[2J', and only 'gpt2' is supported"},
      {with("\"vocab_size\": 11", "\"vocab_size\": \"11\""),
       "vocab_size is '11', expected an integer from 1 to 2147483647"},
      {with("\"vocab_size\": 11", "\"vocab_size\": 0"),
       "vocab_size is 0, expected an integer from 1 to 2147483647"},
      {with("\"vocab_size\": 11", "\"vocab_size\": -11"),
       "vocab_size is -11, expected an integer from 1 to 2147483647"},
      {with("\"vocab_size\": 11", "\"vocab_size\": 18446744073709551615"),
       "vocab_size is 18446744073709551615, expected an integer from 1 to 2147483647"},
      {with("\"vocab_size\": 11", "\"vocab_size\": 11.5"),
       "vocab_size is 11.5, expected an integer from 1 to 2147483647"},
      {with("\"vocab_size\": 11", "\"vocab_size\": 1e300"),
       "vocab_size is 1e+300, expected an integer from 1 to 2147483647"},
      {with("\"n_positions\": 8", "\"n_positions\": null"),
       "n_positions is null, expected an integer from 1 to 2147483647"},
      {with("\"n_head\": 2", "\"n_head\": 3"), "n_embd 8 does not split into n_head 3 heads"},
      {with("\"gelu_new\"", "\"relu\""),
       "activation_function is 'relu', and only 'gelu_new' is supported"},
      {with("1e-05", "1e-6"), "layer_norm_epsilon is 1e-06, and only 1e-05 is supported"},
      {with("\"n_inner\": null", "\"n_inner\": 16"), "n_inner is 16, and only 32 is supported"},
      {with("{", "{\"scale_attn_weights\": false,"),
       "scale_attn_weights is false, and only true is supported"},
      {with("{", "{\"scale_attn_by_inverse_layer_idx\": true,"),
       "scale_attn_by_inverse_layer_idx is true, and only false is supported"},
      {with("{", "{\"add_cross_attention\": true,"),
       "add_cross_attention is true, and only false is supported"},
      {with("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": 1"),
       "tie_word_embeddings is 1, expected true or false"},
      {with("{", "{\"resid_pdrop\": 2, "),
       "resid_pdrop is 2, expected a probability between 0 and 1"},
      {with("{", "{\"attn_pdrop\": 0, "),
       "resid_pdrop 0.1, embd_pdrop 0.1 and attn_pdrop 0 must be equal; make them equal in the "
       "file if the model will not be trained"},
      {with("50256", "[1, 2]"),
       "eos_token_id is [1,2], expected an integer from -9223372036854775808 to 2147483647"},
  };
  for (const auto& [config, message] : rows)
    EXPECT_EQ(config_error(config), "/config.json: " + message) << config.substr(0, 300);
  const std::string large = "{\"a\": \"" + std::string(2'000'000, 'a') + "\"}";
  EXPECT_EQ(config_error(large),
            "/config.json: it has 2000009 bytes, and a config.json at most 1048576");
}

TEST_F(PretrainedHostile, ConfigsOfAnotherModel) {
  const std::string sizes = " in model.safetensors, and config.json (vocab_size ";
  EXPECT_EQ(config_error(with("\"vocab_size\": 11", "\"vocab_size\": 2147483647")),
            ": 'wte.weight' is [11, 8]" + sizes +
                "2147483647, n_positions 8, n_embd 8) says [2147483647, 8]");
  EXPECT_EQ(config_error(with("\"n_positions\": 8", "\"n_positions\": 1024")),
            ": 'wpe.weight' is [8, 8]" + sizes + "11, n_positions 1024, n_embd 8) says [1024, 8]");
  EXPECT_EQ(config_error(with("\"n_embd\": 8", "\"n_embd\": 16")),
            ": 'wte.weight' is [11, 8]" + sizes + "11, n_positions 8, n_embd 16) says [11, 16]");
  for (const char* layers : {"1", "3", "2147483647"})
    EXPECT_EQ(
        config_error(with("\"n_layer\": 2", std::string("\"n_layer\": ") + layers)),
        std::string(": model.safetensors has 2 blocks, and config.json says n_layer ") + layers);
  EXPECT_EQ(config_error(with("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false")),
            ": model.safetensors has no 'lm_head.weight'");
}

TEST_F(PretrainedHostile, Weights) {
  NamedTensors tied = twin_weights();
  const Tensor head = tied.back().second;
  tied.pop_back();
  const auto changed = [&](const std::string& name, const Tensor& x) {
    NamedTensors weights;
    for (const auto& [old_name, old] : tied)
      if (old_name != name) weights.emplace_back(old_name, old);
    if (x.defined()) weights.emplace_back(name, x);
    return weights;
  };
  EXPECT_EQ(weights_error(changed("ln_f.weight", {})), ": model.safetensors has no 'ln_f.weight'");
  EXPECT_EQ(weights_error(changed("wte.weight", {})), ": model.safetensors has no 'wte.weight'");
  EXPECT_EQ(weights_error({}), ": model.safetensors has no 'wte.weight'");
  EXPECT_EQ(weights_error(changed("h.1.mlp.c_fc.weight", ones({32, 8}))),
            ": 'h.1.mlp.c_fc.weight' is [32, 8] in model.safetensors, and config.json (vocab_size "
            "11, n_positions 8, n_embd 8) says [8, 32]");
  EXPECT_EQ(weights_error(changed("wpe.weight", ones({8, 8}, kInt64))),
            ": 'wpe.weight' is int64, expected floating-point numbers");
  EXPECT_EQ(weights_error(changed("lm_head.weight", head)),
            ": config.json says tie_word_embeddings, but 'lm_head.weight' and 'wte.weight' differ "
            "in model.safetensors");
  EXPECT_EQ(weights_error(changed("score.weight", ones({2, 8}))),
            ": model.safetensors has 'score.weight', which nn::Gpt with this config.json does not "
            "have");
  EXPECT_EQ(weights_error(changed("transformer.wte.weight", ones({11, 8}))),
            ": model.safetensors has 'wte.weight' with and without 'transformer.'");
}

TEST_F(PretrainedHostile, BiasesThatTheConfigDenies) {
  const std::string dir = put_tied_twin();
  put("twin/config.json", with("{", "{\"qkv_bias\": false,"));
  EXPECT_EQ(without_path(error_of([&] { from_pretrained(dir); })),
            ": model.safetensors has 'h.0.attn.c_attn.bias', which nn::Gpt with this config.json "
            "does not have");
}

TEST_F(PretrainedHostile, PathsAndTruncatedFiles) {
  EXPECT_EQ(error_of([&] { from_pretrained(path("nothing")); }),
            "from_pretrained: " + path("nothing") + ": there is no such file or folder");
  std::filesystem::create_directories(path("twin"));
  EXPECT_EQ(error_of([&] { from_pretrained(path("twin")); }),
            "from_pretrained: " + path("twin/config.json") +
                ": it cannot be opened: No such file or directory");
  put("twin/config.json", kTwinConfig);
  EXPECT_EQ(error_of([&] { from_pretrained(path("twin")); }),
            "from_pretrained: " + path("twin") + ": the folder has no model.safetensors");
  put_tied_twin();
  const std::string bytes = bytes_of("twin/model.safetensors");
  for (const size_t length : {size_t{0}, size_t{7}, size_t{100}, bytes.size() - 1}) {
    put("twin/model.safetensors", bytes.substr(0, length));
    const std::string message = error_of([&] { from_pretrained(path("twin")); });
    EXPECT_TRUE(message.starts_with("load_safetensors: " + path("twin/model.safetensors") + ": "))
        << message;
  }
  put("file", "");
  EXPECT_EQ(
      error_of([&] { save_pretrained(nn::Gpt({.emb_dim = 12}), path("file")); }).substr(0, 17),
      "save_pretrained: ");
}

TEST_F(PretrainedHostile, AnEndTokenOutsideTheVocabularyIsNone) {
  const auto eos = [&](const std::string& value) {
    return load_config(put("config.json", with("50256", value))).eos_token_id;
  };
  EXPECT_EQ(eos("50256"), std::nullopt);
  EXPECT_EQ(eos("11"), std::nullopt);
  EXPECT_EQ(eos("-1"), std::nullopt);
  EXPECT_EQ(eos("null"), std::nullopt);
  EXPECT_EQ(eos("10"), 10);
  EXPECT_EQ(eos("0"), 0);
}

}  // namespace
}  // namespace gradus::gpt::pretrained_hostile_test
