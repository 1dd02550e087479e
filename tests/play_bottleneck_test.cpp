// The page "How much fits through one vector?": what it computes with given digits.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gradus.h"
#include "page/play/bottleneck/report.h"
#include "page/play/bottleneck/writing.h"
#include "tests/expect_error.h"
#include "tests/play_support.h"
#include "tests/temporary.h"

using namespace gradus;
using namespace gradus::page::bottleneck;
using page::output_of;

namespace {

constexpr int64_t kAll = 1000;  // an output step that no sequence has

std::vector<Model> models_of_seed(uint64_t seed) {
  manual_seed(seed);
  return make_models();
}

/// The call throws Error, and the message has this part.
void expect_part(const std::function<void()>& call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown instead of: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

/// A few training steps: enough that the models write different digits.
const Trained& briefly_trained() {
  static const Trained trained = train_models({.steps = 20, .seeds = 2, .batch = 8, .tests = 10});
  return trained;
}

TEST(PlayBottleneck, Digits) {
  EXPECT_EQ(text_of(digits_of("0123")), "0123");
  EXPECT_EQ(text_of(digits_of(" 9 8")), "98");
  EXPECT_EQ(digits_of("31").sizes(), (Shape{1, 2}));
  EXPECT_EQ(text_of(tensor({1, kStart})), "1?");
  expect_error([] { digits_of("12a4"); },
               "'a' at position 3 is not a digit, expected 1 to 20 digits such as 31415926");
  expect_part([] { digits_of("\x1b"); }, "'\\x1b' at position 1 is not a digit");
  expect_error([] { digits_of(""); }, "the sequence has 0 digits, expected 1 to 20");
  expect_part([] { digits_of(std::string(21, '1')); }, "the sequence has 21 digits");
}

TEST(PlayBottleneck, ModelsHaveSimilarSizes) {
  for (const Model& model : models_of_seed(1)) {
    EXPECT_GT(model.size(), 15'000) << model.name;
    EXPECT_LT(model.size(), 24'000) << model.name;
  }
}

TEST(PlayBottleneck, WritingWithAttentionIsGreedySearch) {
  const Tensor source = digits_of("3141592");
  for (const Model& model : models_of_seed(1)) {
    const NoGradGuard no_grad;
    const Tensor searched = nn::greedy_search(model.begin(model.encode(source)), 1,
                                              {.begin = kStart, .end = -1, .max_length = 7});
    EXPECT_TRUE(equal(written(model, source, kAll), searched)) << model.name;
  }
}

TEST(PlayBottleneck, WithoutAttentionOnlyTheStepsFromOffChange) {
  const Tensor source = digits_of("3141592");
  for (const Model& model : briefly_trained().models) {
    const NoGradGuard no_grad;
    const Tensor with = written(model, source, kAll);
    const Tensor without = written(model, source, 4);
    EXPECT_TRUE(equal(with.slice(1, 0, 4), without.slice(1, 0, 4))) << model.name;
    if (model.name == "one vector") {
      EXPECT_TRUE(equal(with, written(model, source, 0)));
    }
    // A decoder without attention does not see the encoder's states.
    nn::Encoded encoded = model.encode(source);
    const Tensor words = full(1, kStart, kInt64);
    const auto logits = [&] {
      const nn::DecoderStepper stepper = model.begin_without_attention(encoded, 0);
      return stepper.step(words, stepper.state).logits;
    };
    const Tensor before = logits();
    encoded.states = encoded.states * 2 + 1;
    EXPECT_TRUE(equal(before, logits())) << model.name;
  }
}

TEST(PlayBottleneck, TheTransformerWithAttentionEverywhereIsTheLibrarys) {
  const Model model = models_of_seed(1)[3];
  const NoGradGuard no_grad;
  const nn::Encoded encoded = model.encode(digits_of("271828"));
  const Tensor words = full(1, kStart, kInt64);
  const nn::DecoderStepper usual = model.begin(encoded);
  const nn::DecoderStepper other = model.begin_without_attention(encoded, kAll);
  EXPECT_TRUE(allclose(usual.step(words, usual.state).logits, other.step(words, other.state).logits,
                       1e-5, 1e-6));
}

TEST(PlayBottleneck, AlignmentsSumToOne) {
  const Tensor source = digits_of("31415");
  for (const Model& model : models_of_seed(2)) {
    const Tensor weights = alignment(model, source, source);
    EXPECT_EQ(weights.defined(), model.name != "one vector");
    if (!weights.defined()) continue;
    EXPECT_EQ(weights.sizes(), (Shape{5, 5}));
    EXPECT_TRUE(allclose(weights.sum(-1), ones(5), 1e-5, 1e-5)) << model.name;
  }
}

/// The change of the loss of output step t when the embedding of digit s moves by delta.
TEST(PlayBottleneck, GradientsAreThoseOfTheLoss) {
  const Tensor source = digits_of("274");
  const int64_t t = 1;
  const int64_t s = 2;
  for (const Model& model : models_of_seed(1)) {
    const double norm = gradients(model, source)[t][s].item<double>();
    const NoGradGuard no_grad;
    const auto loss_with = [&](const Tensor& shift) {
      const nn::RemovableHandle hook = model.embedding.register_forward_hook(
          [&](const nn::Module&, const Tensor&, const Tensor& y) { return y + shift; });
      const Tensor inputs = tensor({{kStart, int64_t{2}, int64_t{7}}});
      const Tensor logits = model.decode(model.encode(source), inputs, nullptr)[0];
      hook.remove();
      return cross_entropy(logits.narrow(0, t, 1).to(kFloat64), source[0].narrow(0, t, 1))
          .item<double>();
    };
    const int64_t E = model.embedding.weight.size(1);
    double sum = 0;
    for (int64_t e = 0; e < E; ++e) {
      const Tensor shift = zeros({1, 3, E});
      shift[0][s][e] = 1e-2;
      const double slope = (loss_with(shift) - loss_with(-shift)) / 2e-2;
      sum += slope * slope;
    }
    EXPECT_NEAR(std::sqrt(sum), norm, 0.02 * norm + 1e-5) << model.name;
  }
}

TEST(PlayBottleneck, TrainingDependsOnTheOptionsOnly) {
  const Trained again = train_models({.steps = 20, .seeds = 2, .batch = 8, .tests = 10});
  EXPECT_EQ(to_json(again).dump(), to_json(briefly_trained()).dump());
  const Trained other = train_models({.steps = 19, .seeds = 1, .batch = 8, .tests = 10});
  EXPECT_NE(to_json(other)["parameters"].dump(), to_json(again)["parameters"].dump());
}

TEST(PlayBottleneck, TheFileKeepsTheModels) {
  const Trained& trained = briefly_trained();
  const std::string text = to_json(trained).dump();
  EXPECT_LT(text.size(), 300'000U);
  const Trained read = trained_from_json(text, "a test");
  for (size_t m = 0; m < trained.models.size(); ++m)
    for (size_t i = 0; i < trained.models[m].parameters.size(); ++i) {
      const Tensor p = trained.models[m].parameters[i].second.detach();
      const double largest = abs(p).amax().item<double>();
      EXPECT_TRUE(allclose(read.models[m].parameters[i].second, p, 0, largest / 32767));
    }
  EXPECT_EQ(read.accuracy[2].mean.size(), static_cast<size_t>(kLongest));
  EXPECT_EQ(read.options.seeds, 2);
  // What is read and written again is the same.
  EXPECT_EQ(to_json(trained_from_json(to_json(read).dump(), "a test")).dump(),
            to_json(read).dump());
  expect_part([] { trained_from_json("{", "weights.json"); },
              "weights.json is not a file with trained models");
  expect_part([] { trained_from_json("{\"options\": {}}", "weights.json"); },
              "weights.json is not a file with trained models");
  auto wrong = to_json(read);
  wrong["parameters"]["one vector.encoder.tok_emb.weight"]["i16"] = "AAAA";
  expect_part([&] { trained_from_json(wrong.dump(), "weights.json"); },
              "the parameter one vector.encoder.tok_emb.weight has another size");
}

TEST(PlayBottleneck, TheReport) {
  const auto report = nlohmann::json::parse(report_of(briefly_trained(), "31415").json());
  const auto& panel = report["panels"][0];
  EXPECT_EQ(panel["digits"], "31415");
  ASSERT_EQ(panel["models"].size(), 4U);
  for (const auto& model : panel["models"]) {
    EXPECT_EQ(model["off"].size(), 6U);
    EXPECT_EQ(model["gradient"]["shape"], (std::vector<int>{5, 5}));
    EXPECT_EQ(model["alignment"].is_null(), model["name"] == "one vector");
    EXPECT_FALSE(model["code"]["text"].get<std::string>().empty());
  }
  EXPECT_EQ(panel["accuracy"].size(), 4U);
  EXPECT_NE(panel["claim"].get<std::string>().find(
                "Sequences of 12 random digits that are repeated without a mistake: one "
                "vector "),
            std::string::npos);
  EXPECT_GE(report["tour"].size(), 3U);
  expect_part([] { report_of(briefly_trained(), "x"); }, "'x' at position 1 is not a digit");
  expect_error([] { accuracy_at(briefly_trained(), "RNN", 1); }, "there is no model 'RNN'");
}

TEST(PlayBottleneck, WithoutTrainingTheModelsStayAsTheyWereMade) {
  const Trained trained = train_models({.steps = 0, .seeds = 1, .tests = 10});
  const std::vector<Model> fresh = models_of_seed(1);
  for (size_t m = 0; m < fresh.size(); ++m)
    EXPECT_TRUE(equal(trained.models[m].parameters[0].second, fresh[m].parameters[0].second));
}

#ifdef PLAY_PROGRAM
TEST(PlayBottleneck, TheProgram) {
  const std::string program = PLAY_PROGRAM;
  const std::string file = temporary_path("trained.json").string();
  const auto first = nlohmann::json::parse(
      output_of(program + " --json --steps 3 --seeds 1 --digits 123 --save " + file, 0));
  const auto again =
      nlohmann::json::parse(output_of(program + " --json --digits 123 --trained " + file, 0));
  EXPECT_EQ(first, again);
  EXPECT_EQ(first["panels"][0]["digits"], "123");
  // The page hands this text to the program.
  EXPECT_EQ(first["panels"][0]["trained"],
            to_json(trained_from_json(first["panels"][0]["trained"], "a test")).dump());
}

TEST(PlayBottleneck, TheProgramRefuses) {
  const auto refuse = [](const std::string& arguments, const std::string& sentence) {
    const std::string text = output_of(std::string(PLAY_PROGRAM " --json ") + arguments, 1);
    EXPECT_NE(text.find(sentence), std::string::npos) << arguments << ": " << text;
  };
  refuse("--digits 12a", "'a' at position 3 is not a digit");
  refuse("--steps -1", "--steps: expected an integer from 0 to 100000, got '-1'");
  refuse("--seeds 0", "--seeds: expected an integer from 1 to 100, got '0'");
  refuse("--trained /nowhere", "/nowhere: it cannot be opened: No such file or directory");
  refuse("--trained " GRADUS_SOURCE_DIR "/README.md", "is not a file with trained models");
}
#endif

}  // namespace
