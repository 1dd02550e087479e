// The page "One memory, many tensors": its shapes, strides and cells are those of the library, and
// what it says about copies is true.
#include <gtest/gtest.h>

#include "page/play/memory/memory.h"
#include "page/play/memory/words.h"

namespace gradus::page {
namespace {

using Cells = std::vector<int64_t>;

/// The last step of an expression that has no fault.
Json last_step(const std::string& code) {
  const Json result = memory_result(code);
  EXPECT_TRUE(result.at("fault").is_null()) << code << ": " << result.at("fault");
  return result.at("steps").back();
}

struct Row {
  const char* code;
  Cells shape;
  Cells strides;
  int64_t offset;
  const char* kind;
  Cells cells;
};

TEST(PlayMemory, ShowsTheWindowOfEachTensor) {
  const std::vector<Row> rows = {
      {"x.t()", {4, 3}, {1, 4}, 0, "view", {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
      {"x.transpose(0, 1).reshape({2, 6})",
       {2, 6},
       {6, 1},
       0,
       "copy",
       {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {"x.reshape({2, 6})", {2, 6}, {6, 1}, 0, "view", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {"x[1]", {4}, {1}, 4, "view", {4, 5, 6, 7}},
      {"x.select(1, 2)", {3}, {4}, 2, "view", {2, 6, 10}},
      {"x.narrow(1, 1, 2)[2]", {2}, {1}, 9, "view", {9, 10}},
      {"x.slice(1, 0, 4, 2)", {3, 2}, {4, 2}, 0, "view", {0, 2, 4, 6, 8, 10}},
      {"y.expand({2, 4})", {2, 4}, {0, 1}, 0, "view", {0, 1, 2, 3, 0, 1, 2, 3}},
      {"y.expand({2, 4}).contiguous()", {2, 4}, {4, 1}, 0, "copy", {0, 1, 2, 3, 4, 5, 6, 7}},
      {"x.contiguous()", {3, 4}, {4, 1}, 0, "same tensor", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {"y.clone()", {4}, {1}, 0, "copy", {0, 1, 2, 3}},
      {"y * 2", {4}, {1}, 0, "computed", {0, 1, 2, 3}},
      {"y.mul_(2)", {4}, {1}, 0, "in place", {0, 1, 2, 3}},
      {"x.sum()", {}, {}, 0, "computed", {0}},
  };
  for (const Row& row : rows) {
    const Json step = last_step(row.code);
    EXPECT_EQ(step.at("shape").get<Cells>(), row.shape) << row.code;
    EXPECT_EQ(step.at("strides").get<Cells>(), row.strides) << row.code;
    EXPECT_EQ(step.at("offset").get<int64_t>(), row.offset) << row.code;
    EXPECT_EQ(step.at("kind").get<std::string>(), row.kind) << row.code;
    EXPECT_EQ(step.at("cells").get<Cells>(), row.cells) << row.code;
  }
}

/// In every step of every example the value of an element is what its cell holds.
TEST(PlayMemory, EveryElementIsInItsCell) {
  for (const MemoryExample& example : memory_examples()) {
    const Json result = memory_result(example.code);
    for (const Json& step : result.at("steps")) {
      const auto cells = step.at("cells").get<Cells>();
      ASSERT_EQ(cells.size(), step.at("values").size());
      for (size_t i = 0; i < cells.size(); ++i)
        EXPECT_EQ(step.at("values")[i], step.at("memory").at(static_cast<size_t>(cells[i])))
            << example.code;
    }
  }
}

TEST(PlayMemory, ViewsShareMemoryAndCopiesDoNot) {
  const Json steps = memory_result("x.transpose(0, 1).reshape({2, 6}).view({12})").at("steps");
  ASSERT_EQ(steps.size(), 5U);  // x, y, and three calls
  EXPECT_EQ(steps[2].at("storage"), steps[0].at("storage"));
  EXPECT_NE(steps[3].at("storage"), steps[0].at("storage"));
  EXPECT_EQ(steps[4].at("storage"), steps[3].at("storage"));
  EXPECT_EQ(steps[2].at("bytes"), 0);
  EXPECT_EQ(steps[3].at("bytes"), 48);
  EXPECT_EQ(steps[4].at("bytes"), 0);
}

TEST(PlayMemory, SaysWhyItCopies) {
  EXPECT_EQ(last_step("x.t().reshape({2, 6})").at("say"),
            "A copy: 12 numbers move to new memory C, because a view is not possible. The library "
            "says: “view: the strides [1, 4] of [4, 3] do not allow [2, 6] without a copy; use "
            "reshape”");
  EXPECT_EQ(last_step("x.t().contiguous()").at("say"),
            "A copy: 12 numbers move to new memory C, because the strides [1, 4] of [4, 3] are not "
            "those of row-major order, [3, 1].");
  EXPECT_EQ(last_step("x.contiguous()").at("say"),
            "contiguous returns the same tensor: there is nothing to do.");
}

TEST(PlayMemory, BroadcastingIsAStepWithStrideZero) {
  const Json steps = memory_result("x + y").at("steps");
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[2].at("text"), "y read as [3, 4]");
  EXPECT_EQ(steps[2].at("kind"), "broadcast");
  EXPECT_EQ(steps[2].at("strides").get<Cells>(), Cells({0, 1}));
  EXPECT_EQ(steps[2].at("storage"), steps[1].at("storage"));
  EXPECT_EQ(steps[2].at("say"),
            "So that the shapes are equal, [4] is read as [3, 4]. A view of memory B: no number "
            "moves. [4] with strides [1] becomes [3, 4] with strides [0, 1]. Dimension 0 has "
            "stride 0: its 3 entries are the same cells.");
  EXPECT_EQ(steps[3].at("kind"), "computed");
}

TEST(PlayMemory, WritingThroughAViewChangesTheOthers) {
  const Json steps = memory_result("auto row = x[1]; row.fill_(7); x").at("steps");
  EXPECT_EQ(steps.back().at("op"), "name");
  EXPECT_EQ(steps.back().at("values").dump(), "[0,1,2,3,7,7,7,7,8,9,10,11]");
  // The step before the write shows the old numbers.
  EXPECT_EQ(steps[2].at("memory")[4], 4.0);
}

TEST(PlayMemory, AFaultHasThePlaceAndTheLibrarysSentence) {
  const Json result = memory_result("x.t().view({12})");
  const Json& fault = result.at("fault");
  EXPECT_EQ(fault.at("message"),
            "view: the strides [1, 4] of [4, 3] do not allow [12] without a copy; use reshape");
  EXPECT_EQ(fault.at("where"), "column 7");
  EXPECT_EQ(fault.at("first"), 6);
  EXPECT_EQ(fault.at("last"), 16);
  EXPECT_EQ(result.at("steps").size(), 3U);                     // the transpose before it is shown
  EXPECT_EQ(memory_result("x.µ()").at("fault").at("last"), 3);  // characters, not bytes
}

/// What the tour says about its stops.
TEST(PlayMemory, TheTourIsTrue) {
  const Json report = Json::parse(memory_report(memory_examples()[0].code).json());
  const std::vector<std::string> kinds = {"given", "view", "copy", "broadcast or view", "in place"};
  const Json& tour = report.at("tour");
  ASSERT_EQ(tour.size(), kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) {
    const Json& select = tour[i].at("select");
    const Json steps = memory_result(select.at("code").get<std::string>()).at("steps");
    const auto step = std::stoul(select.at("step").get<std::string>());
    ASSERT_LT(step, steps.size());
    EXPECT_NE(kinds[i].find(steps[step].at("kind").get<std::string>()), std::string::npos)
        << tour[i].at("say");
  }
}

TEST(PlayMemory, OnlyTheExamplesThatSaySoAreRefused) {
  for (const MemoryExample& example : memory_examples()) {
    const bool expects_fault = example.label.find("refused") != std::string::npos ||
                               example.label.find("wrong") != std::string::npos;
    EXPECT_EQ(!memory_result(example.code).at("fault").is_null(), expects_fault) << example.code;
  }
}

TEST(PlayMemory, TheShownSourcesAreThoseOfTheOps) {
  const Json sources = sources_of_ops();
  for (const auto& [op, code] : sources.items()) {
    EXPECT_NE(code.at("source").get<std::string>().find("Tensor"), std::string::npos) << op;
    EXPECT_GT(code.at("first_line").get<int>(), 1) << op;
  }
}

}  // namespace
}  // namespace gradus::page
