// The key/value cache against the forward pass of all tokens, its errors, and GPT-2's
// initialisation.
#include "nn/kv_cache.h"

#include "nn/gpt.h"
#include "tensor/random.h"
#include "tensor/threads.h"
#include "tests/golden.h"

namespace gradus::kv_cache_test {
namespace {

using nn::KVCache;
using testing::error_of;
using testing::near;
using Caches = std::vector<KVCache>;

const nn::GptConfig kConfig{.vocab_size = 50,
                            .context_length = 256,
                            .emb_dim = 32,
                            .n_heads = 4,
                            .n_layers = 3,
                            .drop_rate = 0,
                            .qkv_bias = true,
                            .tied_head = true};

class Cache : public ::testing::Test {
 protected:
  void SetUp() override { set_num_threads(1); }  // the layers are tiny

  const nn::Gpt model_ = [] {
    manual_seed(1);
    nn::Gpt model(kConfig);
    nn::init_gpt2_(model);
    return model;
  }();
  const Tensor ids_ = randint(50, {2, 256});
  const NoGradGuard no_grad_;

  Tensor next(const Tensor& ids, Caches& caches, const Tensor& mask = {}) const {
    return model_(ids, nullptr, mask, &caches);
  }
  /// The logits of all tokens, computed in pieces of these sizes.
  Tensor in_pieces(const std::vector<int64_t>& sizes, Caches& caches) const {
    std::vector<Tensor> logits;
    int64_t begin = 0;
    for (const int64_t T : sizes) {
      logits.push_back(next(ids_.narrow(1, begin, T), caches));
      begin += T;
      for (const KVCache& cache : caches)
        EXPECT_EQ(cache.length, begin);
    }
    return cat(logits, 1);
  }
  /// The message of a forward pass, which must leave the lengths of the caches as they are.
  template <class Forward>
  std::string error(Caches& caches, const Forward& forward) const {
    std::vector<int64_t> before;
    for (const KVCache& cache : caches)
      before.push_back(cache.length);
    std::string message = error_of(forward);
    for (size_t i = 0; i < caches.size(); ++i)
      EXPECT_EQ(caches[i].length, i < before.size() ? before[i] : 0) << message;
    return message;
  }
};

TEST_F(Cache, LogitsAreThoseOfAllTokensAtOnce) {
  const Tensor all = model_(ids_);
  const std::vector<int64_t> single(256, 1);
  for (const auto& sizes :
       {std::vector<int64_t>{256}, single, {100, 1, 55, 100}, {1, 255}, {255, 1}, {3, 0, 250, 3}}) {
    Caches caches;
    EXPECT_TRUE(near(in_pieces(sizes, caches), all, 1e-5)) << sizes.size();
    ASSERT_EQ(caches.size(), 3u);
    EXPECT_EQ(caches[0].k.sizes(), (Shape{2, 4, 256, 8}));
    for (KVCache& cache : caches)  // a reset
      cache.length = 0;
    EXPECT_TRUE(near(in_pieces({256}, caches), all, 1e-5));
    for (KVCache& cache : caches)  // the last tokens are forgotten and come again
      cache.length = 200;
    EXPECT_TRUE(near(next(ids_.narrow(1, 200, 56), caches), all.narrow(1, 200, 56), 1e-5));
  }
}

TEST_F(Cache, AResetCacheTakesAnotherBatchAndDtype) {
  Caches caches;
  in_pieces({256}, caches);
  for (KVCache& cache : caches)
    cache.length = 0;
  const Tensor one = ids_.narrow(0, 0, 1);
  EXPECT_TRUE(near(next(one, caches), model_(one), 1e-5));
  model_.to(kFloat64);
  for (KVCache& cache : caches)
    cache.length = 0;
  EXPECT_TRUE(near(next(ids_, caches), model_(ids_), 1e-12));
}

TEST_F(Cache, ACopyContinuesTheTextInItsOwnWay) {
  Caches caches;
  in_pieces({10}, caches);
  Caches copy = caches;
  const Tensor first = next(ids_.narrow(1, 10, 5), caches);
  next(ids_.narrow(1, 100, 7), copy);
  EXPECT_EQ(caches[0].length, 15);
  EXPECT_EQ(copy[0].length, 17);
  const Tensor rest = next(ids_.narrow(1, 15, 5), caches);
  EXPECT_TRUE(near(cat({first, rest}, 1), model_(ids_.narrow(1, 0, 20)).narrow(1, 10, 10), 1e-5));
}

TEST_F(Cache, HiddenIsTheInputOfTheHead) {
  Caches caches;
  const Tensor all = model_(ids_);
  const Tensor start = model_.hidden(ids_.narrow(1, 0, 200), nullptr, {}, &caches);  // (2, 200, 32)
  EXPECT_TRUE(near(model_.out_head(start.narrow(1, -1, 1)), all.narrow(1, 199, 1), 1e-5));
  const Tensor rest = model_.hidden(ids_.narrow(1, 200, 56), nullptr, {}, &caches);
  EXPECT_TRUE(near(model_.out_head(rest), all.narrow(1, 200, 56), 1e-5));
  EXPECT_TRUE(equal(model_.out_head(model_.hidden(ids_)), all));
}

TEST_F(Cache, MasksAndTraces) {
  // Text 1 is padded by 4 tokens on its left.
  const Tensor visible = ones({2, 1, 1, 256}, kBool);
  visible[1].narrow(-1, 0, 4).fill_(false);
  const Tensor all = model_(ids_, nullptr, visible);
  Caches caches;
  std::vector<Tensor> logits;
  std::vector<nn::AttentionTrace> traces;
  for (const auto& [begin, T] : {std::pair{0, 100}, {100, 1}, {101, 155}}) {
    const Tensor mask = visible.narrow(-1, 0, begin + T);
    const Tensor ids = ids_.narrow(1, begin, T);
    Caches before = caches;
    logits.push_back(next(ids, caches, mask));
    EXPECT_TRUE(near(model_(ids, &traces, mask, &before), logits.back(), 1e-5));
    EXPECT_EQ(traces[2].weights.sizes(), (Shape{2, 4, T, begin + T}));
    EXPECT_TRUE(near(traces[2].weights[0].sum(-1), ones({4, T}), 1e-5));
  }
  EXPECT_TRUE(near(cat(logits, 1), all, 1e-5));
  // A trace has its own keys: the cache may be used again.
  const Tensor k = traces[0].k.clone();
  caches[0].k.zero_();
  EXPECT_TRUE(equal(traces[0].k, k));
}

TEST_F(Cache, DropoutIsThatOfTheLayer) {
  nn::GptConfig config = kConfig;
  config.drop_rate = 0.5;
  const nn::Gpt model(config);
  Caches caches;
  manual_seed(3);
  const Tensor cached = model(ids_, nullptr, {}, &caches);
  manual_seed(3);
  EXPECT_TRUE(equal(cached, model(ids_)));
  EXPECT_FALSE(near(cached, model(ids_), 1e-3));
}

TEST_F(Cache, ErrorsLeaveTheLengths) {
  Caches caches;
  EXPECT_EQ(error(caches,
                  [&] {
                    next(zeros({1, 257}, kInt64), caches);
                  }),
            "gpt: 257 tokens, expected at most 256");
  EXPECT_NE(error(caches,
                  [&] {
                    next(full({1, 3}, 50, kInt64), caches);
                  })
                .find("50"),
            std::string::npos);
  in_pieces({250}, caches);
  EXPECT_EQ(error(caches, [&] { next(ids_.narrow(1, 0, 7), caches); }),
            "gpt: 7 tokens after the 250 in the caches, expected at most 256");
  EXPECT_NE(error(caches,
                  [&] {
                    next(full({2, 1}, -1, kInt64), caches);
                  })
                .find("-1"),
            std::string::npos);
  EXPECT_EQ(error(caches, [&] { next(ids_.narrow(0, 0, 1).narrow(1, 0, 1), caches); }),
            "multi_head_attention: the cache is [2, 4, 256, 8] float32, expected [1, 4, 256, 8] "
            "float32: it is of another model or another batch");
  EXPECT_EQ(error(caches, [&] { next(ids_.narrow(1, 0, 1), caches, ones(3)); }),
            "attention: the mask is float32, expected bool (true: visible)");
  EXPECT_NE(error(caches, [&] { next(ids_.narrow(1, 0, 1), caches, ones(3, kBool)); }), "");
  EXPECT_NE(error(caches, [&] { next(ids_.narrow(1, 0, 2), caches, ones(3, kBool)); }), "");
  const nn::Gpt doubles(kConfig);
  doubles.to(kFloat64);
  EXPECT_EQ(error(caches, [&] { doubles(ids_.narrow(1, 0, 1), nullptr, {}, &caches); }),
            "multi_head_attention: the cache is [2, 4, 256, 8] float32, expected [2, 4, 256, 8] "
            "float64: it is of another model or another batch");
  EXPECT_TRUE(near(next(ids_.narrow(1, 250, 6), caches), model_(ids_).narrow(1, 250, 6), 1e-5));
}

TEST_F(Cache, AnErrorInALaterLayerLeavesTheLengths) {
  Caches caches;
  in_pieces({5}, caches);
  const auto forward = [&] { next(ids_.narrow(1, 5, 1), caches); };
  const Tensor fc2 = model_.trf_blocks[2].ff.fc2.weight;
  const Tensor values = fc2.detach();
  fc2.set_data(values.to(kFloat64));  // the attention of the last block has already run
  EXPECT_NE(error(caches, forward), "");
  const nn::GptBlock& block = model_.trf_blocks[2];
  EXPECT_NE(error(caches, [&] { block(randn({2, 1, 32}), nullptr, {}, &caches[2]); }), "");
  fc2.set_data(values);
  const Tensor bias = model_.final_norm.bias;
  bias.set_data(bias.detach().to(kFloat64));
  EXPECT_NE(error(caches, forward), "");
  Caches none;
  EXPECT_NE(error(none, [&] { next(ids_, none); }), "");
  bias.set_data(bias.detach().to(kFloat32));
  forward();
  EXPECT_EQ(caches[2].length, 6);
}

TEST_F(Cache, CachesThatDoNotFit) {
  const auto error_with = [&](Caches caches) {
    return error(caches, [&] { next(ids_.narrow(1, 0, 1), caches); });
  };
  EXPECT_EQ(error_with(Caches(2)), "gpt: 2 caches, expected one for each of the 3 blocks");
  Caches caches;
  in_pieces({5}, caches);
  caches[1].length = 4;
  EXPECT_EQ(error_with(caches), "gpt: cache 1 has 4 tokens and cache 0 has 5, expected the same");
  Caches empty(3);
  for (KVCache& cache : empty)
    cache.length = 2;
  EXPECT_EQ(error_with(empty),
            "multi_head_attention: the length of the cache is 2, and it has no keys or values");
  for (KVCache& cache : empty)
    cache.length = -1;
  EXPECT_EQ(error_with(empty), "gpt: the length of the caches is -1, expected 0 or more");
  empty[0].length = -1;
  EXPECT_EQ(error_of([&] {
              model_.trf_blocks[0](zeros({2, 1, 32}), nullptr, {}, &empty[0]);
            }),
            "multi_head_attention: the length of the cache is -1, expected 0 or more");
  empty[0].length = 256;
  EXPECT_EQ(error_of([&] {
              model_.trf_blocks[0].att(zeros({2, 1, 32}), nullptr, {}, &empty[0]);
            }),
            "multi_head_attention: 1 tokens after the 256 in the cache, expected at most 256");
  nn::GptConfig no_blocks = kConfig;
  no_blocks.n_layers = 0;
  EXPECT_EQ(error_of([&] {
              Caches none;
              nn::Gpt model(no_blocks);
              model(ids_, nullptr, {}, &none);
            }),
            "gpt: a model without blocks has no cache");
}

TEST_F(Cache, NothingIsDifferentiatedThroughIt) {
  Caches caches;
  in_pieces({5}, caches);
  const AutoGradMode on(true);
  EXPECT_EQ(error(caches, [&] { next(ids_.narrow(1, 0, 1), caches); }),
            "multi_head_attention: a cache has no gradients; call the model under a NoGradGuard, "
            "or without a cache");
  // Of a frozen attention only the output layer is trained, and its gradient is right.
  const nn::MultiHeadAttention& att = model_.trf_blocks[0].att;
  for (const nn::Linear* layer : {&att.W_query, &att.W_key, &att.W_value}) {
    layer->weight.requires_grad_(false);
    layer->bias.requires_grad_(false);
  }
  const Tensor x = randn({2, 3, 32});
  att(x).sum().backward();
  const Tensor grad = att.out_proj.weight.grad().clone();
  att.zero_grad();
  KVCache cache;
  const Tensor start = att(x.narrow(1, 0, 2), nullptr, {}, &cache);
  const Tensor end = att(x.narrow(1, 2, 1), nullptr, {}, &cache);
  (start.sum() + end.sum()).backward();
  EXPECT_TRUE(near(att.out_proj.weight.grad(), grad, 1e-5));
}

TEST(InitGpt2, StartsAtTheLogarithmOfTheVocabularySize) {
  const NoGradGuard no_grad;
  const nn::GptConfig config{.vocab_size = 2000,
                             .context_length = 64,
                             .emb_dim = 192,
                             .n_heads = 3,
                             .n_layers = 4,
                             .drop_rate = 0,
                             .tied_head = true};
  manual_seed(1);
  const nn::Gpt model(config);
  const Tensor ids = randint(2000, {4, 65});
  const auto loss = [&] {
    const Tensor logits = model(ids.narrow(1, 0, 64));  // (4, 64, 2000)
    return cross_entropy(logits.flatten(0, 1), ids.narrow(1, 1, 64).flatten()).item<double>();
  };
  // By default an embedding is N(0, 1), so a tied head gives logits of about sqrt(emb_dim).
  EXPECT_GT(loss(), 2 * std::log(2000));
  nn::init_gpt2_(model);
  EXPECT_NEAR(loss(), std::log(2000), 0.1);
}

TEST(InitGpt2, DeviationsOfAllParameters) {
  nn::GptConfig config = kConfig;
  config.emb_dim = 96;
  const nn::Gpt model(config);
  for (const Tensor& p : model.parameters())
    p.detach().fill_(7);
  nn::init_gpt2_(model);
  for (const auto& [name, p] : model.named_parameters()) {
    if (p.dim() == 1) {
      const double value = name.find("norm") != std::string::npos && name.ends_with("weight");
      EXPECT_TRUE(equal(p.detach(), full(p.sizes(), value))) << name;
      continue;
    }
    const bool residual = name.ends_with("out_proj.weight") || name.ends_with("layers.2.weight");
    const double std = residual ? 0.02 / std::sqrt(6.0) : 0.02;
    EXPECT_NEAR(p.detach().std().item<double>(), std, 0.05 * std) << name;
    EXPECT_NEAR(p.detach().mean().item<double>(), 0, 0.05 * std) << name;
  }
}

}  // namespace
}  // namespace gradus::kv_cache_test
