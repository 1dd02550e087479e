// The expressions that a reader types into a page: what they compute, compared with the library,
// and the sentences about wrong ones.
#include <gtest/gtest.h>

#include "page/play/kit/calls.h"
#include "page/play/kit/expression.h"

namespace gradus::page {
namespace {

const std::vector<std::pair<std::string, Tensor>>& given() {
  static const std::vector<std::pair<std::string, Tensor>> tensors = {
      {"x", arange(12, kFloat32).view({3, 4})}, {"y", arange(4, kFloat32) * 10}};
  return tensors;
}

Outcome run(const std::string& text, std::vector<Step>* steps = nullptr) {
  return run_expression(text, given(), [&](const Step& step) {
    if (steps != nullptr) steps->push_back(step);
  });
}

struct Row {
  const char* text;
  Tensor expected;
};

TEST(PlayExpression, ComputesWhatTheLibraryComputes) {
  const Tensor x = given()[0].second;
  const Tensor y = given()[1].second;
  const std::vector<Row> rows = {
      {"x", x},
      {"x.transpose(0, 1).reshape({2, 6})", x.transpose(0, 1).reshape({2, 6})},
      {"x.view({2, -1}).t()", x.view({2, -1}).t()},
      {"x.permute({1, 0})", x.permute({1, 0})},
      {"x.unsqueeze(0).squeeze()", x},
      {"x.unsqueeze(-1).squeeze(-1)", x},
      {"y.expand({3, 4})", y.expand({3, 4})},
      {"x.flatten()", x.flatten()},
      {"x.view({3, 2, 2}).flatten(1)", x},
      {"x.select(1, 2)", x.select(1, 2)},
      {"x[-1][0]", x[-1][0]},
      {"x.narrow(1, 1, 2)", x.narrow(1, 1, 2)},
      {"x.slice(1, 0, 4, 2)", x.slice(1, 0, 4, 2)},
      {"x.slice(0, 1)", x.slice(0, 1)},
      {"x.t().contiguous()", x.t().contiguous()},
      {"x.clone()", x.clone()},
      {"x + y", x + y},
      {"2 - x / 4", 2 - x / 4},
      {"-x * y", -x * y},
      {"x - y - 1", x - y - 1},
      {"1 + 2 * x", 1 + 2 * x},
      {"(1 + 2) * x", 3 * x},
      {"x * (7 / 2)", x * 3},  // as in C++
      {"x * (7. / 2)", x * 3.5},
      {"x.pow(2)", x.pow(2)},
      {"exp(x * 0.1F)", exp(x * 0.1)},
      {"x.sum()", x.sum()},
      {"x.sum(0)", x.sum(0)},
      {"x.sum({0, 1}, true)", x.sum({0, 1}, true)},
      {"x.mean(-1)", x.mean(-1)},
      {"x.matmul(y)", x.matmul(y)},
      {"matmul(x, x.t())", x.matmul(x.t())},
      {"x.softmax(1)", x.softmax(1)},
      {"cat({x, x})", cat({x, x})},
      {"stack({y, y}, 1)", stack({y, y}, 1)},
      {"tensor({{1, 2}, {3, 4.5}})", tensor({{1., 2.}, {3., 4.5}})},
      {"arange(1, 10, 3)", arange(1, 10, 3, kFloat32)},
      {"full({2, 2}, 7)", full({2, 2}, 7, kFloat32)},
      {"auto z = x.t(); z.reshape({2, 6}) * 2;", x.t().reshape({2, 6}) * 2},
      {"const auto z = y; z = z + 1; z", y + 1},
      {"// a comment\nx.t() // and one more", x.t()},
      {"x.layer_norm({4})", layer_norm(x, {4})},
      {"x.tril()", x.tril()},
  };
  for (const Row& row : rows) {
    const Outcome outcome = run(row.text);
    ASSERT_FALSE(outcome.fault) << row.text << ": " << outcome.fault->what();
    EXPECT_EQ(outcome.result.sizes(), row.expected.sizes()) << row.text;
    EXPECT_EQ(outcome.result.strides(), row.expected.strides()) << row.text;
    EXPECT_TRUE(outcome.result.equal(row.expected)) << row.text;
  }
}

struct Fault {
  const char* text;
  const char* place;
  const char* message;
};

TEST(PlayExpression, AFaultIsASentenceWithItsPlace) {
  const std::vector<Fault> faults = {
      {"", "column 1", "the text computes nothing yet"},
      {"x.", "column 3", "expected the name of a method after '.'"},
      {"x.trnspose(0, 1)", "column 3",
       "this page does not know 'trnspose'; did you mean transpose?"},
      {"x.backpropagate()", "column 3", "this page does not know 'backpropagate'"},
      {"x.transpose(0)", "column 3", "transpose(dim0, dim1): transpose has 1 argument"},
      {"x.t(1)", "column 3", "t(): t has 1 argument"},
      {"zeros()", "column 1", "zeros(sizes): zeros has 0 arguments"},
      {"x.transpose(0, 1.5)", "column 16",
       "transpose: here an integer is expected, not a fractional number"},
      {"x.view(y)", "column 8", "view: here a list such as {2, 6} is expected, not a tensor"},
      {"x.view({2, y})", "column 12", "view: here an integer is expected, not a tensor"},
      {"x.t().view({12})", "column 7",
       "view: the strides [1, 4] of [4, 3] do not allow [12] without a copy; use reshape"},
      {"x.reshape({5, 2})", "column 3", "reshape: [3, 4] has 12 elements, they do not fill [5, 2]"},
      {"x + w", "column 5", "there is no tensor 'w'; known are x, y"},
      {"x + y.narrow(0, 0, 3)", "column 1",
       "add: [3, 4] and [3] do not broadcast - sizes 4 and 3 differ at dimension -1"},
      {"x ? y", "column 3", "'?' has no meaning here"},
      {"x × y", "column 3", "'×' has no meaning here"},
      {"x x", "column 3", "expected ';' or an operator, found 'x'"},
      {"(x", "column 3", "expected ')', found the end"},
      {"x +", "column 4", "the text ends too early"},
      {"* x", "column 1", "expected a tensor or a number, found '*'"},
      {"auto = x", "column 6", "expected a name and '=' after auto"},
      {"3 + 4", "column 1", "a statement must give a tensor, this is an integer"},
      {"x + {1}", "column 5", "'+' needs tensors or numbers, not a list"},
      {"x * (1 / 0)", "column 8", "a number is divided by zero"},
      {"(1).exp()", "column 1", "exp is a method of a tensor, this is an integer"},
      {"tensor({{1, 2}, {3}})", "column 17", "tensor: the rows have different lengths"},
      {"zeros({100000, 100000})", "column 1",
       "zeros: 10000000000 elements are more than this page draws, which is 256"},
      {"x.expand({1000, 3, 4})", "column 3",
       "expand: the result has 12000 elements, this page draws at most 256"},
      {"arange(1e12)", "column 1",
       "arange: 1000000000000 elements are more than this page draws, which is 256"},
      {"x.t()\n  .vieww({12})", "line 2, column 4",
       "this page does not know 'vieww'; did you mean view?"},
      {"x * 1e999", "column 5", "'1e999' is not a number that fits"},
  };
  for (const Fault& fault : faults) {
    const Outcome outcome = run(fault.text);
    ASSERT_TRUE(outcome.fault) << fault.text;
    EXPECT_STREQ(outcome.fault->what(), fault.message) << fault.text;
    EXPECT_EQ(place_in_words(fault.text, outcome.fault->place.first), fault.place) << fault.text;
  }
}

TEST(PlayExpression, StepsBeforeAFaultAreKept) {
  std::vector<Step> steps;
  const Outcome outcome = run("x.transpose(0, 1).view({12})", &steps);
  ASSERT_TRUE(outcome.fault);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].op, "transpose");
  EXPECT_EQ(steps[0].result.sizes(), Shape({4, 3}));
}

TEST(PlayExpression, AStepCanBeCarriedOutAgain) {
  std::vector<Step> steps;
  run("auto z = x * y; stack({z, x}).sum(0)", &steps);
  ASSERT_EQ(steps.size(), 3U);
  const Tensor a = randn({3, 4});
  const Tensor b = randn({3, 4});
  EXPECT_TRUE(steps[0].again({a, b}).equal(a * b));
  EXPECT_TRUE(steps[1].again({a, b}).equal(stack({a, b})));
}

TEST(PlayExpression, LongAndDeepTextsEndInASentence) {
  EXPECT_STREQ(run(std::string(5000, 'x')).fault->what(),
               "the text has 5000 bytes, this page reads 2000");
  EXPECT_STREQ(run(std::string(1000, '(')).fault->what(), "the brackets are too deep");
  EXPECT_STREQ(run(std::string(1000, '-') + "x").fault->what(), "there are too many signs");
  std::string many = "x";
  for (int i = 0; i < 100; ++i)
    many += ".t()";
  EXPECT_STREQ(run(many).fault->what(), "this page follows at most 60 calls");
}

/// No text may crash or hang the page, or throw anything but an ExpressionError.
TEST(PlayExpression, AnyPieceOfATextEndsInAnAnswer) {
  const std::string text =
      "auto z = x.view({3, 2, 2})[1].sum({0}, true) - 2.5e-1 * y.slice(0, 0, 4, 2); cat({z, z}, 1)";
  ASSERT_FALSE(run(text).fault) << run(text).fault->what();
  int faults = 0;
  for (size_t first = 0; first < text.size(); first += 3) {
    for (size_t last = first; last <= text.size(); last += 2) {
      const Outcome outcome = run(text.substr(first, last - first));
      faults += outcome.fault.has_value();
      EXPECT_TRUE(!outcome.fault || outcome.fault->place.first <= last - first);
    }
  }
  EXPECT_GT(faults, 500);
}

TEST(PlayExpression, EveryKnownNameIsFound) {
  for (const std::string_view name : call_names()) {
    ASSERT_NE(find_call(name), nullptr);
    EXPECT_EQ(similar_call(name), name);
  }
}

}  // namespace
}  // namespace gradus::page
