// Tensors, matrices and charts as panels: the numbers and the labels that a page gets.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tensor/factories.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"

namespace gradus::page::page_tensor_test {
namespace {

json tensor_panel_of(const Tensor& x, const TableOptions& options = {}) {
  Report report = new_report();
  report.tensor("x", x, options);
  return last_panel(report);
}

/// The examples of RFC 4648, and bytes that are no letters.
TEST(Base64, ThereAndBack) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xFB\xFF\x80", "+/+A"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(from_base64("Zm9v YmFy"), "foo");
}

TEST(PageTensor, HasShapeDtypeStridesAndNumbers) {
  const json panel = tensor_panel_of(tensor({{1.5, -2.0, 0.123456789}, {4., 5., 6.}}, kFloat64));
  EXPECT_EQ(panel["type"], "tensor");
  EXPECT_EQ(panel["title"], "x");
  EXPECT_EQ(panel["shape"], json({2, 3}));
  EXPECT_EQ(panel["dtype"], "float64");
  EXPECT_EQ(panel["strides"], json({3, 1}));
  EXPECT_EQ(panel["contiguous"], true);
  EXPECT_EQ(panel["values"]["data"], json({1.5, -2, 0.12346, 4, 5, 6}));
  EXPECT_EQ(panel["digits"], 4);
}

TEST(PageTensor, AViewHasItsOwnStridesOffsetAndOrder) {
  const Tensor x = arange(6).view({2, 3});
  const json transposed = tensor_panel_of(x.t());
  EXPECT_EQ(transposed["shape"], json({3, 2}));
  EXPECT_EQ(transposed["strides"], json({1, 3}));
  EXPECT_EQ(transposed["contiguous"], false);
  EXPECT_EQ(transposed["values"]["data"], json({0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(transposed["digits"], 0);

  const json expanded = tensor_panel_of(tensor({7, 8}).expand({2, 2}));
  EXPECT_EQ(expanded["strides"], json({0, 1}));
  EXPECT_EQ(expanded["values"]["data"], json({7, 8, 7, 8}));

  const json narrowed = tensor_panel_of(x.slice(1, 1));
  EXPECT_EQ(narrowed["offset"], 1);
  EXPECT_EQ(narrowed["values"]["data"], json({1, 2, 4, 5}));
}

TEST(PageTensor, NumbersThatRoundToIntegersHaveNoDigits) {
  EXPECT_EQ(tensor_panel_of(tensor({1.0, 0.99999994, 1.0000001}))["digits"], 0);
  EXPECT_EQ(tensor_panel_of(tensor({1.0, 0.9999}))["digits"], 4);
  EXPECT_EQ(tensor_panel_of(tensor({9.9999999, 0.5}))["digits"], 3);  // 10.000, as at 10
}

// The ends of the range of float64, and more of them than are written as plain numbers.
TEST(PageTensor, TheLargestAndTheSmallestNumbers) {
  const double most = std::numeric_limits<double>::max();
  const double least = std::numeric_limits<double>::denorm_min();
  const json panel = tensor_panel_of(tensor({most, -most, least, 1e-310}, kFloat64));
  EXPECT_EQ(panel["values"]["data"], json({most, -most, least, 1e-310}));
  for (const double x : {most, least, 1e-318, 1e-310}) {
    const Tensor many = linspace(-1, 1, 5000, kFloat64) * x;
    const json large = tensor_panel_of(many);
    for (const double value : elements_of(large["values"]))
      ASSERT_TRUE(std::abs(value) <= x * 1.0001) << x;
    EXPECT_EQ(large["statistics"]["count"], 5000);
    int64_t counted = 0;
    for (const json& count : large["statistics"]["histogram"]["counts"])
      counted += count.get<int64_t>();
    EXPECT_EQ(counted, 5000) << x;
  }
}

TEST(PageTensor, EveryDtypeAndNumberOfDimensions) {
  const json number = tensor_panel_of(tensor(3.5));
  EXPECT_EQ(number["shape"], json::array());
  EXPECT_EQ(number["values"]["data"], json({3.5}));

  const json flags = tensor_panel_of(tensor({true, false}));
  EXPECT_EQ(flags["dtype"], "bool");
  EXPECT_EQ(flags["values"]["data"], json({1, 0}));

  const json empty = tensor_panel_of(zeros({0, 3}));
  EXPECT_EQ(empty["values"]["data"], json::array());
  EXPECT_EQ(empty["statistics"]["count"], 0);
  EXPECT_FALSE(empty["statistics"].contains("mean"));

  EXPECT_EQ(tensor_panel_of(tensor({int64_t{123456789}}))["values"]["data"], json({123456789}));
  EXPECT_EQ(tensor_panel_of(zeros({2, 1, 3, 1, 2}))["shape"], json({2, 1, 3, 1, 2}));
  EXPECT_EQ(tensor_panel_of(tensor({1.0}).requires_grad_())["values"]["data"], json({1}));
}

TEST(PageTensor, StatisticsLeaveOutWhatIsNotFinite) {
  const json panel = tensor_panel_of(tensor({{1.0, double(NAN)}, {-3.0, double(-INFINITY)}}));
  const json& statistics = panel["statistics"];
  EXPECT_EQ(panel["values"]["data"], json({1, "nan", -3, "-inf"}));
  EXPECT_EQ(statistics["nan"], 1);
  EXPECT_EQ(statistics["inf"], 1);
  EXPECT_EQ(statistics["first_bad"], json({0, 1}));
  EXPECT_EQ(statistics["mean"], -1);
  EXPECT_EQ(statistics["std"], 2);
  EXPECT_EQ(statistics["min"], -3);
  EXPECT_EQ(statistics["max"], 1);
}

TEST(PageTensor, TheHistogramCountsEveryFiniteElementOnce) {
  manual_seed(1);
  const Tensor x = randn({40, 50});
  x[3][4].fill_(NAN);
  const json panel = tensor_panel_of(x);
  const json& histogram = panel["statistics"]["histogram"];
  int64_t sum = 0;
  for (const json& count : histogram["counts"])
    sum += count.get<int64_t>();
  EXPECT_EQ(sum, 1999);
  EXPECT_EQ(histogram["low"], panel["statistics"]["min"]);
  EXPECT_EQ(histogram["high"], panel["statistics"]["max"]);
  EXPECT_EQ(tensor_panel_of(full({20}, 2.5))["statistics"]["histogram"]["counts"], json({20}));
}

TEST(PageTensor, ManyNumbersArePackedAndIntegersStayExact) {
  manual_seed(2);
  const Tensor x = randn({100, 100}, kFloat64);
  const std::vector<double> shown = elements_of(tensor_panel_of(x)["values"]);
  const double largest = x.abs().max().item<double>();
  ASSERT_EQ(shown.size(), 10000U);
  for (size_t i = 0; i < shown.size(); ++i)
    ASSERT_NEAR(shown[i], x.data<double>()[i], largest / 32766);

  const Tensor ids = arange(9000) * 7;  // token ids, above 16 bits
  const std::vector<double> integers = elements_of(tensor_panel_of(ids)["values"]);
  for (size_t i = 0; i < integers.size(); ++i)
    ASSERT_EQ(integers[i], static_cast<double>(7 * i));

  const Tensor special = zeros({9000});
  special[1].fill_(NAN);
  special[2].fill_(INFINITY);
  special[3].fill_(-INFINITY);
  const std::vector<double> strange = elements_of(tensor_panel_of(special)["values"]);
  EXPECT_TRUE(std::isnan(strange[1]));
  EXPECT_EQ(strange[2], INFINITY);
  EXPECT_EQ(strange[3], -INFINITY);
  EXPECT_EQ(strange[4], 0);
}

TEST(PageTensor, AHugeTensorIsAPictureOfMeansAndAWindow) {
  const Tensor x = arange(1'000'000, kFloat32).view({1000, 1000});
  Report report = new_report();
  report.tensor("huge", x);
  const json panel = last_panel(report);
  EXPECT_LT(report.json().size(), 100'000U);
  EXPECT_EQ(panel["shape"], json({1000, 1000}));
  EXPECT_EQ(panel["window"]["shape"], json({32, 32}));
  EXPECT_EQ(list_of(panel["window"])[33], 1001);
  EXPECT_EQ(panel["thumbnail"]["shape"], json({63, 63}));  // blocks of 16 x 16
  EXPECT_EQ(list_of(panel["thumbnail"])[0], 7507.5);
  EXPECT_EQ(panel["thumbnail"]["note"], "each cell is the mean of 16 x 16 elements");
}

TEST(PageTensor, LabelsMustFit) {
  Report report = new_report();
  const Tensor x = zeros({2, 3});
  expect_error([&] { report.tensor("x", x, {.axes = {"a"}}); },
               "tensor: axes has 1 labels, expected 2");
  expect_error(
      [&] {
        report.tensor("x", x, {.columns = {"a", "b"}});
      },
      "tensor: columns has 2 labels, expected 3");
  expect_error([&] { report.tensor("x", Tensor()); },
               "tensor: 'x' is undefined, it was never given a value");
  expect_error(
      [&] {
        report.heatmap("h", x, {.rows = {"a", "b", "c"}});
      },
      "heatmap: rows has 3 labels, expected 2");
  expect_error([&] { report.heatmap("h", zeros({2})); },
               "heatmap: expected a matrix, got a tensor of shape [2]");
  expect_error([&] { report.heatmap("h", Tensor()); }, kUndefined);
  EXPECT_EQ(json::parse(report.json())["panels"].size(), 0U);
}

TEST(PageMatrix, TheColourScaleIsSymmetricIfThereAreNegativeNumbers) {
  Report report = new_report();
  report.heatmap("h", tensor({{-1.0, 0.5}}));
  EXPECT_EQ(last_panel(report)["low"], -1);
  EXPECT_EQ(last_panel(report)["high"], 1);
  report.heatmap("h", tensor({{0.25, 0.5}}), {.high = 1.0});
  EXPECT_EQ(last_panel(report)["low"], 0);
  EXPECT_EQ(last_panel(report)["high"], 1);
  EXPECT_EQ(last_panel(report)["row_axis"], "query");
}

TEST(PageMatrix, AnAlignmentHasARowForEachTargetWord) {
  Report report = new_report();
  const Tensor weights = softmax(tensor({{1., 2., 3.}, {3., 2., 1.}}), -1);
  report.alignment("a", {"the", "red", "house"}, {"la", "casa"}, weights);
  const json panel = last_panel(report);
  EXPECT_EQ(panel["target"], json({"la", "casa"}));
  const std::vector<double> numbers = list_of(panel["weights"]);
  EXPECT_NEAR(numbers[0] + numbers[1] + numbers[2], 1, 1e-4);
  expect_error(
      [&] {
        report.alignment("a", {}, {}, zeros({0, 0}));
      },
      "alignment: there are no words");
  expect_error(
      [&] {
        report.alignment("a", {"the"}, {"la", "casa"}, weights);
      },
      "alignment: 2 target and 1 source words, and weights of shape [2, 3]; expected one "
      "row for each target word, one column for each source word");
}

TEST(PageCharts, PredictionsAreProbabilitiesInOrder) {
  Report report = new_report();
  report.predictions("p", tensor({{0., 1., 2.}, {5., 0., 0.}}), {"a", "b", "c"}, 2);
  const json rows = last_panel(report)["rows"];
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0][0]["label"], "c");
  EXPECT_EQ(rows[0][0]["probability"], 0.66524);
  EXPECT_EQ(rows[0][1]["label"], "b");
  EXPECT_EQ(rows[0].size(), 2U);
  EXPECT_EQ(rows[1][0]["label"], "a");
  expect_error(
      [&] {
        report.predictions("p", zeros({2, 3}), {"a"});
      },
      "predictions: 1 labels, and logits of shape [2, 3]; expected one logit for each "
      "label");
  expect_error(
      [&] {
        report.predictions("p", zeros({0, 1}), {"a"});
      },
      "predictions: the logits have no rows: [0, 1]");
  expect_error([&] { report.predictions("p", zeros({1}), {"a"}, 0); },
               "predictions: top is 0, expected 1 or more");
}

TEST(PageCharts, CurvesAndBarsMustFit) {
  Report report = new_report();
  report.curve("c", {0, 1}, {{"loss", {2.5, NAN}}}, {.log_scale = true});
  EXPECT_EQ(last_panel(report)["series"][0]["values"], json({2.5, "nan"}));
  EXPECT_EQ(last_panel(report)["log"], true);
  expect_error(
      [&] {
        report.curve("c", {0, 1}, {{"loss", {1}}});
      },
      "curve: 'loss' has 1 values and x has 2");
  expect_error([&] { report.curve("c", {}, {}); }, "curve: 'c' has no points");
  report.bars("b", {"one", "two"}, tensor({1, -2}));
  EXPECT_EQ(last_panel(report)["values"], json({1, -2}));
  expect_error([&] { report.bars("b", {"one"}, tensor({1, 2})); }, "bars: 1 labels and 2 values");
  expect_error(
      [&] {
        report.bars("b", {"one"}, zeros({1, 1}));
      },
      "bars: expected one value for each label, got a tensor of shape [1, 1]");
}

}  // namespace
}  // namespace gradus::page::page_tensor_test
