// What gradus train says before it starts, and what it records.
#include "gpt/train_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gpt/presets.h"
#include "gpt/train_plan.h"
#include "tensor/memory.h"
#include "tensor/random.h"
#include "tests/temporary.h"

namespace train_log_test {
using namespace gradus;
using namespace gradus::gpt;

namespace {

std::string file(const std::string& name) { return temporary_path(name).string(); }
std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

TEST(Plan, ParametersAreThoseOfTheModel) {
  for (const bool bias : {false, true})
    for (const bool tied : {false, true}) {
      const nn::GptConfig config{.vocab_size = 13,
                                 .context_length = 6,
                                 .emb_dim = 8,
                                 .n_heads = 2,
                                 .n_layers = 3,
                                 .qkv_bias = bias,
                                 .tied_head = tied};
      double count = 0;
      for (const Tensor& p : nn::Gpt(config).parameters())
        count += static_cast<double>(p.numel());
      EXPECT_EQ(needs_of(config, {}).parameters, count);
    }
  nn::GptConfig gpt2 = find_preset("gpt2-124M").model;
  gpt2.vocab_size = 50257;
  EXPECT_EQ(needs_of(gpt2, {}).parameters, 124'439'808);
}

TEST(Plan, MemoryIsAboutWhatATrainingUses) {
  nn::GptConfig config = find_preset("shakespeare-char").model;
  config.vocab_size = 65;
  const TrainOptions options{.steps = 2, .batch_size = 12};
  const double before = static_cast<double>(memory_stats().in_use);
  reset_peak_memory_stats();
  const nn::Gpt model(config);
  const Tensor ids = randint(65, {5000});
  Trainer trainer(model, {ids, ids}, options);
  trainer.step();
  trainer.step();
  const double used = static_cast<double>(memory_stats().peak) - before;
  EXPECT_NEAR(needs_of(config, options).memory / used, 1, 0.3);
}

TEST(Plan, FlopsAreThoseOfThePaper) {
  // 6 (N - T C) + 12 L C T, for V = 2, T = 4, C = 2, L = 1 with a tied head: N = 84.
  const nn::GptConfig config{.vocab_size = 2,
                             .context_length = 4,
                             .emb_dim = 2,
                             .n_heads = 1,
                             .n_layers = 1,
                             .tied_head = true};
  EXPECT_EQ(needs_of(config, {}).parameters, 84);
  EXPECT_EQ(needs_of(config, {}).flops_per_token, 6 * (84 - 8) + 12 * 8);
}

TEST(TrainLog, ContinuesItsFile) {
  const std::string path = file("log.csv");
  std::vector<Evaluation> written;
  {
    TrainLog log(path, -1);
    for (int64_t step = 0; step < 4; ++step) {
      written.push_back({.step = step, .train_loss = 1.0 / 3, .val_loss = 2.5, .lr = 1e-3});
      log.add(written.back());
    }
  }
  EXPECT_TRUE(content(path).starts_with(
      "step,train_loss,val_loss,bits_per_byte,lr,tokens_per_second,seconds\n"
      "0,0.3333333333333333,2.5,0,0.001,0,0\n"))
      << content(path);
  // Continued at step 2: the later rows were of a run that was killed.
  TrainLog log(path, 2);
  ASSERT_EQ(log.evaluations().size(), 3u);
  EXPECT_EQ(log.evaluations()[2].train_loss, 1.0 / 3);
  log.add({.step = 3, .train_loss = 7});
  log.add({.step = 3, .train_loss = 8});
  const std::string text = content(path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << text;
  EXPECT_NE(text.find("\n3,8,"), std::string::npos) << text;
  for (const char* wrong : {"x", "1,2,3,4,5,6", "1,2,3,4,5,6,7,8", "1;2;3;4;5;6;7"}) {
    std::ofstream(path, std::ios::app) << wrong << "\n";
    EXPECT_THROW(TrainLog(path, 9), Error) << wrong;
    std::ofstream(path) << text;
  }
  std::filesystem::remove(path);
}

TEST(TrainLog, JsonHasTheNamedValues) {
  EXPECT_EQ(json_line({.step = 250,
                       .train_loss = 2.5,
                       .val_loss = 2.25,
                       .bits_per_byte = 3,
                       .lr = 0.001,
                       .tokens_per_second = 100,
                       .seconds = 7}),
            R"({"step":250,"train_loss":2.5,"val_loss":2.25,"bits_per_byte":3.0,"lr":0.001,)"
            R"("tokens_per_second":100.0,"seconds":7.0})");
}

TEST(TrainLog, TheCurveGoesThroughTheEvaluations) {
  const std::string path = file("curve.csv");
  TrainLog log(path, -1);
  log.add({.step = 0, .train_loss = 4, .val_loss = 4});
  EXPECT_EQ(log.curve({}), "");
  log.add({.step = 100, .train_loss = 2, .val_loss = 3});
  log.add({.step = 400, .train_loss = 1, .val_loss = 2});
  const std::string curve = log.curve({.utf8 = false});
  EXPECT_NE(curve.find("    4.00 o"), std::string::npos) << curve;
  EXPECT_NE(curve.find("o validation loss   . training loss"), std::string::npos) << curve;
  EXPECT_GT(std::count(curve.begin(), curve.end(), 'o'), 40) << curve;
  std::filesystem::remove(path);
}

TEST(Settings, AreReadAsTheyWereWritten) {
  TrainArguments arguments;
  arguments.preset = "shakespeare-char-large";
  arguments.lr = 1.0 / 3;
  arguments.block = 100;
  TrainSettings settings = new_settings(arguments, "a text");
  settings.model.vocab_size = 77;
  const std::string json = to_json(settings);
  EXPECT_EQ(to_json(settings_from_json(json, "file")), json);
  EXPECT_EQ(settings.model.context_length, 100);
  EXPECT_EQ(settings.model.n_layers, 6);
  for (const char* wrong : {"", "{}", "[]", "null", R"({"model":3,"train":4})"})
    EXPECT_THROW(settings_from_json(wrong, "file"), Error) << wrong;
}

TEST(Presets, EachSplitsIntoHeadsAndParts) {
  for (const Preset& preset : presets()) {
    EXPECT_EQ(preset.model.emb_dim % preset.model.n_heads, 0) << preset.name;
    EXPECT_EQ(preset.train.batch_size % preset.train.accumulate, 0) << preset.name;
    EXPECT_EQ(&find_preset(preset.name), &preset);
  }
  EXPECT_THROW(find_preset("none"), Error);
}

}  // namespace
}  // namespace train_log_test
