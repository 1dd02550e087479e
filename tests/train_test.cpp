// Trainer, checkpoints, plan and log, without the command line.
#include "gpt/train.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "gpt/presets.h"
#include "gpt/train_log.h"
#include "gpt/train_plan.h"
#include "tensor/memory.h"
#include "tensor/random.h"
#include "tests/temporary.h"

namespace train_test {
using namespace gradus;
using namespace gradus::gpt;

namespace {

const nn::GptConfig kConfig{.vocab_size = 11,
                            .context_length = 8,
                            .emb_dim = 16,
                            .n_heads = 2,
                            .n_layers = 2,
                            .drop_rate = 0,
                            .tied_head = true};

nn::Gpt make_model(const nn::GptConfig& config = kConfig) {
  manual_seed(3);
  const nn::Gpt model(config);
  nn::init_gpt2_(model);
  return model;
}

/// 0, 1, ..., 10, 0, 1, ... with some noise.
Tensor counting(int64_t n) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < n; ++i)
    ids.push_back((i * i % 13 == 0 ? 5 : i) % 11);
  return tensor(ids, kInt64);
}
TrainData data() { return {counting(600), counting(100)}; }

std::string file(const std::string& name) { return temporary_path(name).string(); }

/// The call throws an Error with this part in its message.
void expect_message(const std::function<void()>& call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown instead of: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

void expect_same_parameters(const nn::Gpt& a, const nn::Gpt& b) {
  const std::vector<Tensor> x = a.parameters();
  const std::vector<Tensor> y = b.parameters();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_TRUE(equal(x[i], y[i]));
}

TEST(Train, LossFalls) {
  const nn::Gpt model = make_model();
  Trainer trainer(model, data(), {.steps = 100, .batch_size = 8, .lr = 1e-2});
  EXPECT_NEAR(trainer.full_validation_loss(), std::log(11), 0.05);
  while (!trainer.finished())
    trainer.step();
  EXPECT_LT(trainer.full_validation_loss(), 1.0);
  EXPECT_EQ(trainer.state().step, 100);
  EXPECT_EQ(trainer.state().position, 100 * 8 * 8);
}

TEST(Train, LearningRateRisesAndFalls) {
  const nn::Gpt model = make_model();
  Trainer trainer(model, data(), {.steps = 100, .batch_size = 1, .lr = 1e-2, .warmup_steps = 4});
  std::vector<double> lr;
  for (; !trainer.finished(); trainer.step())
    lr.push_back(trainer.lr());
  EXPECT_DOUBLE_EQ(lr[0], 1e-2 / 4);
  EXPECT_DOUBLE_EQ(lr[3], 1e-2);
  EXPECT_DOUBLE_EQ(lr[4], 1e-2);
  EXPECT_NEAR(lr[52], 0.55e-2, 1e-8);  // half of the cosine wave
  EXPECT_NEAR(lr[99], 1e-3, 1e-5);
}

TEST(Train, ABatchInPartsGivesTheSameLossAndGradient) {
  const auto trained = [](int64_t parts, std::vector<double>& losses) {
    const nn::Gpt model = make_model();
    Trainer trainer(model, data(), {.steps = 5, .batch_size = 12, .accumulate = parts});
    while (!trainer.finished())
      losses.push_back(trainer.step());
    return model;
  };
  std::vector<double> one;
  std::vector<double> three;
  const nn::Gpt a = trained(1, one);
  const nn::Gpt b = trained(3, three);
  for (size_t i = 0; i < one.size(); ++i)
    EXPECT_NEAR(one[i], three[i], 1e-5);
  EXPECT_TRUE(allclose(a.tok_emb.weight, b.tok_emb.weight, 1e-4, 1e-4));
}

TEST(Train, OnlyMatricesDecay) {
  const auto trained = [](double decay) {
    const nn::Gpt model = make_model();
    Trainer trainer(model, data(), {.steps = 1, .batch_size = 2, .weight_decay = decay});
    trainer.step();
    return model;
  };
  const NamedTensors a = trained(0).named_parameters();
  const NamedTensors b = trained(10).named_parameters();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(equal(a[i].second, b[i].second), a[i].second.dim() == 1) << a[i].first;
}

TEST(Train, AStepUsesTheClippedGradient) {
  // Adam's first step has the size lr for any gradient that is not tiny; a very small max_norm
  // leaves a gradient below its eps.
  const auto change = [](double max_norm) {
    const nn::Gpt model = make_model();
    const Tensor before = model.tok_emb.weight.detach().clone();
    Trainer trainer(model, data(),
                    {.steps = 1, .batch_size = 2, .weight_decay = 0, .max_norm = max_norm});
    trainer.step();
    return (model.tok_emb.weight.detach() - before).abs().max().item<double>();
  };
  EXPECT_NEAR(change(1), 1e-3, 1e-5);
  EXPECT_LT(change(1e-12), 1e-6);
}

TEST(Train, RandomBatchesAreSequencesOfTheText) {
  manual_seed(1);
  const Tensor ids = arange(50);
  const auto [x, y] = random_batch(ids, 200, 7);
  EXPECT_EQ(x.sizes(), Shape({200, 7}));
  EXPECT_TRUE(equal(y, x + 1));
  EXPECT_TRUE(equal(x - x.narrow(1, 0, 1), arange(7).expand({200, 7})));
  EXPECT_EQ(x.min().item<int64_t>(), 0);
  EXPECT_EQ(y.max().item<int64_t>(), 49);
}

TEST(Train, ValidationIsOverAllTokensAndIgnoresDropout) {
  nn::GptConfig config = kConfig;
  config.drop_rate = 0.5;
  const nn::Gpt model = make_model(config);
  const Tensor ids = counting(100);
  const Trainer trainer(model, {counting(600), ids}, {});
  const Tensor rng_state = get_rng_state();
  const double loss = trainer.full_validation_loss();
  EXPECT_EQ(loss, trainer.validation_loss());  // few tokens: the same
  EXPECT_TRUE(equal(rng_state, get_rng_state()));
  EXPECT_TRUE(model.is_training());
  model.eval();
  double sum = 0;
  for (int64_t i = 0; i < 99; i += 8) {
    const int64_t T = std::min<int64_t>(8, 99 - i);
    const Tensor logits = model(ids.narrow(0, i, T).unsqueeze(0))[0];
    sum += cross_entropy(logits, ids.narrow(0, i + 1, T)).item<double>() * static_cast<double>(T);
  }
  EXPECT_NEAR(loss, sum / 99, 1e-6);
}

TEST(Train, AnEstimateIsCloseToTheLossOverAllTokens) {
  const nn::Gpt model = make_model();
  Trainer trainer(model, {counting(600), counting(60'000)}, {.steps = 20, .lr = 1e-2});
  while (!trainer.finished())
    trainer.step();
  EXPECT_NE(trainer.validation_loss(), trainer.full_validation_loss());
  EXPECT_NEAR(trainer.validation_loss(), trainer.full_validation_loss(), 0.02);
}

TEST(Train, EvaluationsDoNotChangeTheTraining) {
  const auto trained = [](int64_t every) {
    nn::GptConfig config = kConfig;
    config.drop_rate = 0.1;
    const nn::Gpt model = make_model(config);
    Trainer trainer(model, data(), {.steps = 12, .batch_size = 2, .eval_every = every});
    int64_t evaluations = 0;
    terminal::ProgressBar progress("training", 12, {});
    train(trainer, progress, {[&](const Evaluation& e) {
            EXPECT_EQ(e.step, std::min<int64_t>(12, evaluations * every));
            ++evaluations;
          }});
    EXPECT_EQ(evaluations, every == 5 ? 4 : 2);
    return model;
  };
  expect_same_parameters(trained(5), trained(100));
}

TEST(Checkpoint, TenStepsAndTenMoreAreTwenty) {
  nn::GptConfig config = kConfig;
  config.drop_rate = 0.2;
  const TrainOptions options{.steps = 20, .batch_size = 4};
  const auto steps = [](Trainer& trainer, int n) {
    for (int i = 0; i < n; ++i)
      trainer.step();
  };
  const nn::Gpt all = make_model(config);
  Trainer twenty(all, data(), options);
  steps(twenty, 20);

  const std::string path = file("checkpoint");
  {
    Trainer ten(make_model(config), data(), options);
    ten.set_settings("my settings");
    steps(ten, 10);
    ten.save(path);
  }
  manual_seed(99);
  const nn::Gpt parts(config);
  Trainer rest(parts, data(), options);
  rest.load(path);
  EXPECT_EQ(rest.state().step, 10);
  EXPECT_EQ(rest.state().position, 10 * 4 * 8);
  EXPECT_EQ(rest.state().loss_count, 10);
  EXPECT_EQ(rest.state().settings, "my settings");
  steps(rest, 10);
  expect_same_parameters(all, parts);
  EXPECT_EQ(twenty.evaluate().train_loss, rest.evaluate().train_loss);
  std::filesystem::remove(path);
}

TEST(Checkpoint, OneThatDoesNotFitChangesNothing) {
  const std::string path = file("misfit");
  Trainer trainer(make_model(), data(), {.batch_size = 2});
  trainer.step();
  trainer.save(path);
  const auto expect_refused = [&](const nn::GptConfig& config, const std::string& message) {
    const nn::Gpt model = make_model(config);
    Trainer other(model, data(), {});
    const Tensor rng_state = get_rng_state();
    const nn::Gpt before = make_model(config);
    set_rng_state(rng_state);
    expect_message([&] { other.load(path); }, message);
    expect_same_parameters(before, model);
    EXPECT_TRUE(equal(rng_state, get_rng_state()));
    EXPECT_EQ(other.state().step, 0);
  };
  nn::GptConfig wide = kConfig;
  wide.emb_dim = 32;
  expect_refused(wide, "'tok_emb.weight' is [11, 16] in the file and [11, 32] in the model");
  nn::GptConfig deep = kConfig;
  deep.n_layers = 3;
  expect_refused(deep, "missing 'trf_blocks.2.");
  nn::GptConfig shallow = kConfig;
  shallow.n_layers = 1;
  expect_refused(shallow, "unexpected 'trf_blocks.1.");

  // A file in which one part is wrong.
  const nn::Gpt model = make_model();
  Trainer other(model, data(), {});
  const NamedTensors good = load_safetensors(path);
  for (size_t i = 0; i < good.size(); ++i) {
    NamedTensors bad = good;
    bad[i].second = zeros({3}, good[i].second.dtype());
    save_safetensors(path, bad, {{"gradus_train_state", "{}"}});
    EXPECT_THROW(other.load(path), Error) << good[i].first;
  }
  expect_same_parameters(make_model(), model);
  std::filesystem::remove(path);
}

TEST(Checkpoint, DamagedFilesAreRefused) {
  const std::string path = file("prefix");
  nn::GptConfig tiny = kConfig;
  tiny.emb_dim = 2;
  tiny.n_layers = 1;
  Trainer trainer(make_model(tiny), data(), {.batch_size = 1});
  trainer.step();
  trainer.save(path);
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (size_t n = 0; n < bytes.size(); n += 1 + n / 20) {
    std::ofstream(path, std::ios::binary) << bytes.substr(0, n);
    EXPECT_THROW(trainer.load(path), Error) << n;
  }
  // With wrong bytes it is read, if they are numbers, or refused.
  uint32_t random = 1;
  for (int i = 0; i < 500; ++i) {
    std::string wrong = bytes;
    random = random * 1664525 + 1013904223;
    wrong[(random >> 8) % wrong.size()] = static_cast<char>(random);
    std::ofstream(path, std::ios::binary) << wrong;
    try {
      trainer.load(path);
    } catch (const Error&) {
    }
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace train_test
