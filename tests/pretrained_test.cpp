// Models in Hugging Face's files and in llm.c's.
#include "gpt/pretrained.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "gpt/weights.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/golden.h"
#include "tests/gpt_support.h"
#include "tests/text_support.h"

namespace gradus::gpt::pretrained_test {
namespace {
namespace fs = std::filesystem;

using testing::near;

const Tensor kIds = tensor({{1, 2, 3, 10}});

Tensor logits_of(const nn::Gpt& model, const Tensor& ids) {
  const NoGradGuard no_grad;
  return model(ids)[0];  // (T, V)
}

/// The most likely next token, `count` times, with nothing but forward.
std::vector<int64_t> greedy(const nn::Gpt& model, Tensor ids, int64_t count) {
  std::vector<int64_t> next;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t T = std::min(ids.size(1), model.config.context_length);
    const Tensor logits = logits_of(model, ids.narrow(1, -T, T));  // (T, V)
    next.push_back(logits[T - 1].argmax().item<int64_t>());
    ids = cat({ids, tensor({{next.back()}})}, 1);
  }
  return next;
}

void expect_reference(const nn::Gpt& model, const TwinReference& reference) {
  EXPECT_FALSE(model.is_training());
  EXPECT_TRUE(near(logits_of(model, kIds)[3], tensor(reference.logits, kFloat32), 1e-5));
  EXPECT_EQ(greedy(model, kIds, 4), reference.next);
}

bool same_bits(const Tensor& a, const Tensor& b) { return same(a, b); }

class Pretrained : public GptFiles {};

TEST_F(Pretrained, TwinsOfTheFormatHaveTheLogitsOfTransformers) {
  const nn::Gpt tied = from_pretrained(put_tied_twin());
  expect_reference(tied, kTiedTwin);
  EXPECT_TRUE(tied.config.tied_head);
  const nn::Gpt untied = from_pretrained(put_untied_twin());
  expect_reference(untied, kUntiedTwin);
  EXPECT_FALSE(untied.config.tied_head);
  for (const nn::Gpt& model : {tied, untied}) {
    EXPECT_EQ(model.config.vocab_size, 11);
    EXPECT_EQ(model.config.context_length, 8);
    EXPECT_EQ(model.config.emb_dim, 8);
    EXPECT_EQ(model.config.n_heads, 2);
    EXPECT_EQ(model.config.n_layers, 2);
    EXPECT_EQ(model.config.drop_rate, 0.1);
    EXPECT_TRUE(model.config.qkv_bias);
  }
}

TEST_F(Pretrained, PrefixBuffersAndACopyOfTheTiedHeadChangeNothing) {
  NamedTensors weights;
  for (const auto& [name, x] : twin_weights())
    if (name != "lm_head.weight") weights.emplace_back("transformer." + name, x);
  weights.emplace_back("lm_head.weight", weights[0].second);
  for (const std::string h : {"transformer.h.0.attn.", "transformer.h.1.attn."}) {
    weights.emplace_back(h + "bias", ones({1, 1, 8, 8}, kBool).tril());
    weights.emplace_back(h + "masked_bias", full({}, -10000.0, kFloat32));
  }
  const std::string dir = put_model("model", kTwinConfig, weights);
  expect_reference(from_pretrained(dir), kTiedTwin);

  // The mask of block 1 as 64 bytes of the type U8, which Gradus does not read.
  const std::string bytes = bytes_of("model/model.safetensors");
  put("model/model.safetensors", replaced(bytes, "\"BOOL\"", "\"U8\"  "));
  expect_reference(from_pretrained(dir), kTiedTwin);
}

TEST_F(Pretrained, MissingBiasesAreZeros) {
  NamedTensors with_zeros = twin_weights();
  with_zeros.pop_back();
  NamedTensors without;
  for (const auto& [name, x] : with_zeros) {
    if (!name.ends_with(".bias")) without.emplace_back(name, x);
    if (name.ends_with(".bias")) x.zero_();
  }
  const nn::Gpt zeros = from_pretrained(put_model("zeros", kTwinConfig, with_zeros));
  const nn::Gpt none = from_pretrained(put_model("none", kTwinConfig, without));
  EXPECT_TRUE(zeros.config.qkv_bias);
  EXPECT_FALSE(none.config.qkv_bias);
  EXPECT_TRUE(near(logits_of(zeros, kIds), logits_of(none, kIds)));
}

TEST_F(Pretrained, Float64StaysFloat64) {
  NamedTensors weights = twin_weights();
  weights.pop_back();
  for (auto& [name, x] : weights)
    x = x.to(kFloat64);
  const nn::Gpt model = from_pretrained(put_model("float64", kTwinConfig, weights));
  EXPECT_EQ(model.tok_emb.weight.dtype(), kFloat64);
  EXPECT_TRUE(near(logits_of(model, kIds)[3], tensor(kTiedTwin.logits, kFloat64), 1e-5));
}

/// Throws unless the matrices of `model` are those of `wide`, rounded, and the rest is the same.
void expect_rounded(const nn::Gpt& model, const nn::Gpt& wide) {
  const auto parts = weights_of(model);
  const auto wide_parts = weights_of(wide);
  ASSERT_EQ(parts.size(), wide_parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const Tensor x = joined(parts[i]);
    const DType expected = x.dim() == 2 ? kBFloat16 : kFloat32;
    EXPECT_TRUE(same(x.detach(), joined(wide_parts[i]).detach().to(expected))) << parts[i].name;
    for (const Tensor& part : parts[i].parts)
      EXPECT_EQ(part.requires_grad(), part.dim() != 2) << parts[i].name;
  }
}

TEST_F(Pretrained, BFloat16IsForTheMatrices) {
  for (const std::string& dir : {put_tied_twin("tied"), put_untied_twin("untied")}) {
    const nn::Gpt wide = from_pretrained(dir);
    const nn::Gpt model = from_pretrained(dir, {.dtype = kBFloat16});
    expect_rounded(model, wide);
    EXPECT_EQ(model.out_head.weight.is_same(model.tok_emb.weight), model.config.tied_head);
    EXPECT_FALSE(model.is_training());
    // The logits are those of a float32 model with the same numbers.
    for (const Weight& weight : weights_of(wide)) {
      const Tensor x = joined(weight).detach();
      if (x.dim() == 2) assign(weight, x.to(kBFloat16).to(kFloat32));
    }
    EXPECT_TRUE(near(logits_of(model, kIds), logits_of(wide, kIds), 1e-5));
    save_pretrained(model, path("copy"));
    expect_rounded(from_pretrained(path("copy"), {.dtype = kBFloat16}), wide);
    EXPECT_TRUE(near(logits_of(from_pretrained(path("copy")), kIds), logits_of(wide, kIds), 1e-5));
  }
}

TEST_F(Pretrained, ABFloat16FileIsReadAsFloat32OrAsItIs) {
  NamedTensors weights = twin_weights();
  weights.pop_back();
  for (auto& [name, x] : weights)
    x = x.to(kBFloat16);
  const std::string dir = put_model("bfloat16", kTwinConfig, weights);
  const nn::Gpt wide = from_pretrained(dir);
  EXPECT_EQ(wide.tok_emb.weight.dtype(), kFloat32);
  EXPECT_TRUE(wide.tok_emb.weight.requires_grad());
  EXPECT_TRUE(near(logits_of(wide, kIds)[3], tensor(kTiedTwin.logits, kFloat32), 0.05));
  expect_rounded(from_pretrained(dir, {.dtype = kBFloat16}), wide);
  EXPECT_EQ(from_pretrained(dir, {.dtype = kFloat64}).tok_emb.weight.dtype(), kFloat64);
  expect_error([&] { from_pretrained(dir, {.dtype = kInt64}); },
               "from_pretrained: a model is float32, float64 or bfloat16, not int64");
}

TEST_F(Pretrained, AnySavedModelIsReadWithItsBits) {
  manual_seed(5);
  for (const bool tied : {true, false})
    for (const bool bias : {true, false}) {
      const nn::Gpt model({.vocab_size = 13,
                           .context_length = 6,
                           .emb_dim = 12,
                           .n_heads = 3,
                           .n_layers = 3,
                           .drop_rate = 0.25,
                           .qkv_bias = bias,
                           .tied_head = tied});
      const std::string dir = path("new/folder");
      save_pretrained(model, dir);
      const nn::Gpt copy = from_pretrained(dir);
      EXPECT_EQ(copy.config.drop_rate, 0.25);
      EXPECT_EQ(copy.config.qkv_bias, bias);
      EXPECT_EQ(copy.config.tied_head, tied);
      const NamedTensors before = model.named_parameters();
      const NamedTensors after = copy.named_parameters();
      ASSERT_EQ(before.size(), after.size());
      for (size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i].first, after[i].first);
        EXPECT_TRUE(same_bits(before[i].second, after[i].second)) << before[i].first;
      }
      EXPECT_TRUE(copy.parameters()[0].requires_grad());
    }
}

TEST_F(Pretrained, SavingReplacesAModelAndLeavesNothingElse) {
  save_pretrained(from_pretrained(put_untied_twin("first")), path("model"));
  save_pretrained(from_pretrained(put_tied_twin("second")), path("model"));
  expect_reference(from_pretrained(path("model")), kTiedTwin);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path("model")))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"config.json", "model.safetensors"}));
}

// Real models; shared/data/README.md of the workshop says where they come from.

void skip_without(const std::string& name) {
  if (!real_data(name)) GTEST_SKIP() << "there is no folder my/data/" << name;
}

TEST_F(Pretrained, ACharacterModelHasItsReferenceLogitsAndText) {
  skip_without("shakespeare-char-gpt");
  if (IsSkipped()) return;
  const std::string dir = *real_data("shakespeare-char-gpt");
  const auto reference = nlohmann::json::parse(file_bytes(dir + "/reference.json"));
  const auto vocabulary = nlohmann::json::parse(file_bytes(dir + "/vocab.json"));
  const auto ids = reference["ids"].get<std::vector<int64_t>>();
  std::vector<double> expected;
  for (const auto& row : reference["logits"])
    for (const auto& logit : row)
      expected.push_back(logit.get<double>());
  const Tensor prompt = tensor(ids, kInt64).unsqueeze(0);
  std::map<int64_t, std::string> letters;
  for (const auto& [letter, id] : vocabulary.items())
    letters[id.get<int64_t>()] = letter;

  save_pretrained(from_pretrained(dir), path("copy"));
  for (const std::string& folder : {dir, path("copy")}) {
    const nn::Gpt model = from_pretrained(folder);
    const Tensor logits = logits_of(model, prompt);
    EXPECT_TRUE(near(logits, tensor(expected, kFloat32).view(logits.sizes()), 1e-4));
    std::string text = reference["prompt"];
    for (const int64_t id : greedy(model, prompt, 120))
      text += letters.at(id);
    EXPECT_EQ(text, reference["greedy_120"].get<std::string>());
  }
}

TEST_F(Pretrained, TheSortingModelSortsEverything) {
  skip_without("gpt-nano-sort");
  if (IsSkipped()) return;
  const std::string config = replaced(
      replaced(
          replaced(kTwinConfig, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
          "\"vocab_size\": 11, \"n_positions\": 8, \"n_embd\": 8, \"n_head\": 2",
          "\"vocab_size\": 3, \"n_positions\": 11, \"n_embd\": 48, \"n_head\": 3"),
      "\"n_layer\": 2", "\"n_layer\": 3");
  const std::string dir = put_model(
      "sort", config, load_safetensors(*real_data("gpt-nano-sort") + "/model.safetensors"));
  save_pretrained(from_pretrained(dir), path("copy"));
  // All 729 inputs at once: row n has the digits of n in base 3.
  std::vector<int64_t> digits;
  for (int64_t n = 0; n < 729; ++n)
    for (const int64_t power : {243, 81, 27, 9, 3, 1})
      digits.push_back(n / power % 3);
  const Tensor inputs = tensor(digits, kInt64).view({729, 6});
  for (const std::string& folder : {dir, path("copy")}) {
    const nn::Gpt model = from_pretrained(folder);
    EXPECT_FALSE(model.config.qkv_bias);
    const NoGradGuard no_grad;
    Tensor ids = inputs;
    for (int i = 0; i < 6; ++i)
      ids = cat({ids, model(ids).select(1, -1).argmax(-1, /*keepdim=*/true)}, 1);
    const auto [sorted, order] = topk(inputs, 6, -1, /*largest=*/false);
    EXPECT_TRUE(equal(ids.narrow(1, 6, 6), sorted));
  }
}

TEST_F(Pretrained, ProcessChainsEnd) {
  skip_without("capp-gpt2");
  if (IsSkipped()) return;
  const std::string dir = *real_data("capp-gpt2");
  const int64_t sos = 49;
  const int64_t eos = 51;
  save_pretrained(from_pretrained(dir), path("copy"));
  for (const std::string& folder : {dir, path("copy")}) {
    const nn::Gpt model = from_pretrained(folder);
    for (const int64_t geometry : {0, 2, 5}) {
      const auto chain = greedy(model, tensor({{sos, geometry, 9}}), 60);
      EXPECT_NE(std::ranges::find(chain, eos), chain.end()) << folder << geometry;
    }
  }
}

TEST_F(Pretrained, TransformersReadsTheSavedFolder) {
  const char* const given = std::getenv("GRADUS_PYTHON");
  const std::string python = given ? given : "python3";
  if (std::system((python + " -c 'import transformers, torch' >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << python << " has no transformers; GRADUS_PYTHON may name another Python";
  save_pretrained(from_pretrained(put_tied_twin()), path("tied"));
  save_pretrained(from_pretrained(put_untied_twin()), path("untied"));
  manual_seed(6);
  const nn::Gpt model({.vocab_size = 11,
                       .context_length = 8,
                       .emb_dim = 8,
                       .n_heads = 4,
                       .n_layers = 1,
                       .qkv_bias = false});
  model.eval();
  save_pretrained(model, path("without_bias"));
  const std::string command = fmt::format(
      "cd '{}' && '{}' '{}/tests/logits_of_transformers.py' 1,2,3,10 tied untied without_bias "
      ">logits.txt 2>errors.txt",
      folder_.string(), python, GRADUS_SOURCE_DIR);
  ASSERT_EQ(std::system(command.c_str()), 0) << bytes_of("errors.txt");
  std::ifstream lines(path("logits.txt"));
  for (const char* name : {"tied", "untied", "without_bias"}) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line)) << name;
    const auto logits = nlohmann::json::parse(line).get<std::vector<double>>();
    EXPECT_TRUE(
        near(logits_of(from_pretrained(path(name)), kIds)[3], tensor(logits, kFloat32), 1e-5))
        << name;
  }
}

}  // namespace
}  // namespace gradus::gpt::pretrained_test
