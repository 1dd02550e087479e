// What the captions of the lessons' attention panels say is true of the numbers in them.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "autograd/ops.h"
#include "tensor/factories.h"
#include "tests/lesson_support.h"
#include "tests/page_support.h"

#ifdef LESSON_14
namespace lesson_captions_test {
using namespace gradus;
using namespace gradus::lessons;
using nlohmann::json;

namespace {

/// The attention panel of a lesson with this title.
json panel_of(const std::string& number, const std::string& title) {
  const EndedProgram ended = run_program(LESSONS_DIR "/lesson_" + number, "--quick --json");
  EXPECT_EQ(ended.status, 0) << ended.output;
  const json report = json::parse(ended.output);
  for (const json& panel : report.at("panels"))
    if (panel.at("type") == "attention" && panel.at("title") == title) return panel;
  ADD_FAILURE() << "lesson " << number << " has no attention panel '" << title << "'";
  return {};
}

/// A field of the panel's last step, (H, rows, columns).
Tensor field_of(const json& panel, const std::string& name) {
  const json& values = panel.at("steps").back().at(name);
  return tensor(page::elements_of(values), kFloat64)
      .view(Shape(values.at("shape").get<std::vector<int64_t>>()));
}

bool is_symmetric(const Tensor& x) { return allclose(x, x.transpose(-2, -1)); }

void expect_rows_that_sum_to_1(const json& panel) {
  const Tensor sums = field_of(panel, "weights").sum(-1);
  EXPECT_TRUE(allclose(sums, ones_like(sums), 0, 1e-4)) << panel.at("title");
}

TEST(LessonCaptions, Lesson03HasOneQuery) {
  const json panel = panel_of("03", "Luong's attention with dot scores");
  expect_rows_that_sum_to_1(panel);
  EXPECT_EQ(panel.at("queries"), json({"s"}));
  EXPECT_TRUE(equal(field_of(panel, "k"), field_of(panel, "v")));
  EXPECT_EQ(panel.at("steps").at(0).at("divisor"), 1);
}

TEST(LessonCaptions, Lesson04HasOneVectorForAllRoles) {
  const json panel = panel_of("04", "simplified self-attention");
  expect_rows_that_sum_to_1(panel);
  EXPECT_TRUE(equal(field_of(panel, "q"), field_of(panel, "k")));
  EXPECT_TRUE(equal(field_of(panel, "k"), field_of(panel, "v")));
  EXPECT_TRUE(is_symmetric(field_of(panel, "scores")));
  EXPECT_FALSE(is_symmetric(field_of(panel, "weights")));
}

TEST(LessonCaptions, Lesson05DividesBySqrt2) {
  const json panel = panel_of("05", "self-attention, version 2");
  expect_rows_that_sum_to_1(panel);
  const Tensor scores = matmul(field_of(panel, "q"), field_of(panel, "k").transpose(-2, -1));
  EXPECT_TRUE(allclose(scores, field_of(panel, "scores"), 1e-3, 1e-4));
  EXPECT_NEAR(panel.at("steps").at(0).at("divisor").get<double>(), std::sqrt(2.0), 1e-4);
  EXPECT_FALSE(equal(field_of(panel, "q"), field_of(panel, "k")));
  EXPECT_FALSE(equal(field_of(panel, "k"), field_of(panel, "v")));
}

TEST(LessonCaptions, Lesson06HidesLaterWords) {
  const json panel = panel_of("06", "causal attention");
  expect_rows_that_sum_to_1(panel);
  const Tensor weights = field_of(panel, "weights")[0];
  EXPECT_EQ(weights[0][0].item<double>(), 1);
  EXPECT_TRUE(equal(field_of(panel, "context")[0][0], field_of(panel, "v")[0][0]));
  EXPECT_GT(weights[-1].min().item<double>(), 0);
  const std::string hidden = panel.at("steps").back().at("hidden");  // a letter for each weight
  ASSERT_EQ(std::ssize(hidden), weights.numel());
  for (int64_t i = 0; i < weights.size(0); ++i)
    for (int64_t j = 0; j < weights.size(1); ++j)
      EXPECT_EQ(hidden[static_cast<size_t>(i * weights.size(1) + j)], j > i ? '1' : '0');
}

TEST(LessonCaptions, Lesson07HasHeadsThatDiffer) {
  const json two = panel_of("07", "two heads");
  expect_rows_that_sum_to_1(two);
  const Tensor weights = field_of(two, "weights");
  ASSERT_EQ(weights.size(0), 2);
  EXPECT_FALSE(allclose(weights[0], weights[1]));
  const json lecture = panel_of("07", "two heads of 3 numbers");
  expect_rows_that_sum_to_1(lecture);
  EXPECT_EQ(field_of(lecture, "q").sizes(), Shape({2, 3, 3}));
}

TEST(LessonCaptions, Lesson09HidesNoGermanPiece) {
  const json panel = panel_of("09", "the decoder's last cross-attention");
  expect_rows_that_sum_to_1(panel);
  EXPECT_EQ(panel.at("steps").back().value("hidden", json()), json());
  EXPECT_EQ(panel.at("queries").back(), "(end)");
}

/// The caption's sentence about the last step is made from the weights that the panel shows.
TEST(LessonCaptions, Lesson09SaysWhatTheGapLooksAt) {
  const json panel = panel_of("09", "'was' and 'were': the model with seed 1 learns");
  EXPECT_GE(panel.at("steps").size(), 3U);
  const Tensor at_gap = field_of(panel, "weights")[0][-1];
  const auto most = static_cast<size_t>(at_gap.argmax().item<int64_t>());
  const std::string said =
      fmt::format("it gives '{}' the most weight, {:.2f}.",
                  panel.at("keys").at(most).get<std::string>(), at_gap.max().item<double>());
  EXPECT_TRUE(contains(panel.at("note"), said)) << panel.at("note") << "\n" << said;
  EXPECT_EQ(panel.at("keys").back(), "___");
}

}  // namespace
}  // namespace lesson_captions_test
#endif
