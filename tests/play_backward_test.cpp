// The page "Play it backward": values and gradients are those of the library,
// the right rules pass gradcheck, and wrong ones are named.
#include <gtest/gtest.h>

#include "autograd/graph.h"
#include "page/play/backward/backward.h"
#include "page/play/backward/rules.h"
#include "page/play/backward/views.h"
#include "page/play/kit/calls.h"
#include "page/play/kit/source.h"

namespace gradus::page {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PlayBackward, TheRightRulesPass) {
  for (const BackwardExample& example : backward_examples()) {
    const Json result = backward_result(example.code);
    ASSERT_TRUE(result.at("fault").is_null()) << example.code << result.at("fault");
    EXPECT_FALSE(result.at("honest").empty());
    for (const Json& leaf : result.at("honest"))
      EXPECT_TRUE(leaf.at("ok").get<bool>()) << example.code << ": " << leaf;
  }
}

/// e = a c = -6, d = e + a = -4, loss = d e = 24: dd = e, de = d + dd, da = dd
/// + de c, dc = de a.
TEST(PlayBackward, ValuesAndGradientsOfASmallGraph) {
  const Json result = backward_result("auto e = a * c; auto d = e + a; d * e");
  std::map<std::string, std::pair<double, double>> found;
  for (const Json& node : result.at("nodes"))
    found[node.at("label").get<std::string>()] = {node.at("value").at("data")[0].get<double>(),
                                                  node.at("gradient").at("data")[0].get<double>()};
  EXPECT_EQ(result.at("loss"), 24.0);
  EXPECT_EQ(found.at("a"), std::pair(2.0, 24.0));
  EXPECT_EQ(found.at("c"), std::pair(-3.0, -20.0));
  EXPECT_EQ(found.at("a * c"), std::pair(-6.0, -10.0));
  EXPECT_EQ(found.at("e + a"), std::pair(-4.0, -6.0));
  EXPECT_EQ(found.at("d * e"), std::pair(24.0, 1.0));
}

struct Named {
  const char* code;
  const char* key;
  const char* op;       // checked alone
  const char* message;  // about it
};

TEST(PlayBackward, WrongRulesAreNamed) {
  const std::vector<Named> rows = {
      {"x.exp().sum()", "1.0.factor2", "exp", "yours / right = 2 everywhere: a factor 2 too many"},
      {"x.exp().sum()", "1.0.sign", "exp", "yours / right = -1 everywhere: the sign is wrong"},
      {"x.exp().sum()", "1.0.passed_on", "exp",
       "dy is passed on unchanged: the derivative of the op itself is missing"},
      {"x.exp().sum()", "1.0.transposed", "exp",
       "the elements are in the order of a tensor with dimensions 0 and 1 "
       "exchanged: view or "
       "reshape was used where transpose is meant"},
      {"w.exp().sum()", "1.0.transposed", "exp", "transposed: dimensions 0 and 1 are exchanged"},
      {"(x * b).sum()", "2.1.no_sum", "mul",
       "only the first step of the result's dimension 0 reaches it"},
      {"(x + b).tanh().sum()", "2.1.no_sum", "add",
       "only the first step of the result's dimension 0 reaches it"},
      {"x.softmax(1).pow(2).sum()", "1.0.passed_on", "softmax",
       "dy is passed on unchanged: the derivative of the op itself is missing"},
      {"x.matmul(w).pow(2).sum()", "2.0.factor2", "matmul", "a factor 2 too many"},
  };
  for (const Named& row : rows) {
    const Json result = sabotage_result(row.code, row.key);
    EXPECT_EQ(result.at("op"), row.op) << row.code;
    std::string messages;
    for (const Json& input : result.at("inputs"))
      messages += input.at("message").get<std::string>() + "\n";
    EXPECT_TRUE(contains(messages, row.message)) << row.code << " " << row.key << ": " << messages;
    EXPECT_TRUE(contains(result.at("gradcheck").get<std::string>(), "gradcheck")) << row.code;
  }
}

/// Each mistake that the page offers changes a gradient, and the checks find
/// it.
TEST(PlayBackward, EverySabotageOfTheExamplesIsFound) {
  int sabotages = 0;
  int neutral = 0;  // wrong inside, but not at the leaves
  for (const BackwardExample& example : backward_examples()) {
    const Json result = backward_result(example.code);
    if (result.at("views").size() > 1) continue;  // the layers: the next test
    const Json& nodes = result.at("nodes");
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const Json& input : nodes[i].at("inputs")) {
        for (const Json& mistake : input.at("mistakes")) {
          const std::string key = key_of({i, input.at("input").get<size_t>(),
                                          mistake_named(mistake.at("name").get<std::string>())});
          const Json wrong = sabotage_result(example.code, key);
          ++sabotages;
          EXPECT_FALSE(wrong.at("gradients").empty()) << example.code << " " << key;
          // A transposed gradient of x x^T, a symmetric matrix, changes no leaf.
          bool reaches_leaf = false;
          for (const auto& [node, gradient] : wrong.at("gradients").items())
            reaches_leaf |= nodes.at(std::stoul(node)).at("op") == "leaf";
          EXPECT_EQ(!wrong.at("gradcheck").get<std::string>().empty(), reaches_leaf)
              << example.code << " " << key;
          neutral += reaches_leaf ? 0 : 1;
          int wrong_inputs = 0;
          for (const Json& verdict : wrong.at("inputs"))
            wrong_inputs += verdict.at("ok").get<bool>() ? 0 : 1;
          EXPECT_EQ(wrong_inputs, 1) << example.code << " " << key << wrong.at("inputs");
        }
      }
    }
  }
  EXPECT_GT(sabotages, 60);
  EXPECT_LE(neutral, 1);
}

TEST(PlayBackward, AGptBlockIsModulesFirst) {
  const Json result = backward_result("gpt_block(x)");
  ASSERT_EQ(result.at("views").size(), 2U);
  const Json& modules = result.at("views")[0];
  EXPECT_EQ(modules.at("name"), "modules");
  std::vector<std::string> labels;
  for (const Json& box : modules.at("boxes"))
    labels.push_back(box.at("label").get<std::string>());
  const std::vector<std::string> expected = {"x",  "norm1", "att", "add", "norm2",
                                             "ff", "add",   "mul", "mean"};
  EXPECT_EQ(labels, expected);
  EXPECT_GT(result.at("views")[1].at("boxes").size(), 30U);
  for (const Json& node : result.at("nodes"))
    EXPECT_TRUE(node.contains("value") && node.contains("gradient")) << node;
}

TEST(PlayBackward, AWrongRuleInsideABlockIsFound) {
  const Json result = backward_result("gpt_block(x)");
  const Json& nodes = result.at("nodes");
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].at("op") != "softmax") continue;
    const Json wrong = sabotage_result("gpt_block(x)", key_of({i, 0, Mistake::kFactor2}));
    EXPECT_FALSE(wrong.at("gradcheck").get<std::string>().empty());
    std::map<std::string, bool> ok;
    for (const Json& leaf : wrong.at("leaves"))
      ok[leaf.at("name").get<std::string>()] = leaf.at("ok").get<bool>();
    EXPECT_FALSE(ok.at("att.W_query.weight"));  // its gradient passes the softmax
    EXPECT_FALSE(ok.at("att.W_key.weight"));
    EXPECT_TRUE(ok.at("att.W_value.weight"));  // these do not
    EXPECT_TRUE(ok.at("ff.layers.0.weight"));
    return;
  }
  FAIL() << "the block has no softmax";
}

TEST(PlayBackward, FaultsAreSentences) {
  const auto message = [](const char* code) {
    return backward_result(code).at("fault").at("message").get<std::string>();
  };
  EXPECT_EQ(message("x + q"), "there is no tensor 'q'; known are x, w, b, a, c");
  EXPECT_EQ(message("ones({2, 2}).sum()"), "the result does not depend on x, w, b, a or c");
  EXPECT_EQ(message("x.matmul(x)"),
            "matmul: [3, 2] x [3, 2] - the 2 columns of a do not meet the 3 rows of b");
  EXPECT_TRUE(contains(message("x.detach()"), "does not depend"));
  EXPECT_THROW(sabotage_result("x.sum()", "7.0.factor2"), Error);
  EXPECT_THROW(sabotage_result("x.sum()", "1.0.no_sum"), Error);
  EXPECT_THROW(sabotage_result("x.sum()", "1.0.unknown"), Error);
  EXPECT_THROW(sabotage_result("x.sum()", "1"), Error);
}

/// A result of several numbers is summed.
TEST(PlayBackward, BackwardNeedsOneNumber) {
  EXPECT_EQ(backward_result("x * 2").at("loss"), 7.0);
  EXPECT_EQ(backward_result("x * 2").at("nodes").back().at("op"), "sum");
}

/// Ops that an expression may call and their nodes have a text, and its source
/// is found.
TEST(PlayBackward, EveryRuleHasATextAndASource) {
  const std::vector<const char*> codes = {
      "x + b",
      "x - b",
      "x * b",
      "x / b",
      "x.pow(2)",
      "x.abs().pow(b)",
      "-x",
      "x.exp()",
      "x.abs().log()",
      "x.abs().sqrt()",
      "x.sin()",
      "x.cos()",
      "x.tanh()",
      "x.sigmoid()",
      "x.relu()",
      "x.gelu()",
      "x.abs()",
      "x.maximum(b)",
      "x.clone()",
      "x.t()",
      "x.t().contiguous()",
      "x.view({6})",
      "x.t().reshape({6})",
      "x.unsqueeze(0)",
      "x.squeeze()",
      "x.permute({1, 0})",
      "b.expand({3, 2})",
      "x.flatten()",
      "x[0]",
      "x.select(1, 0)",
      "x.narrow(0, 0, 2)",
      "x.slice(0, 0, 2)",
      "cat({x, x})",
      "stack({x, x})",
      "x.sum()",
      "x.sum(0)",
      "x.mean(1)",
      "x.amax(1)",
      "x.cumsum(0)",
      "x.matmul(w)",
      "x.softmax(1)",
      "x.log_softmax(1)",
      "x.layer_norm({2}, b, b)",
      "x.mse_loss(x * 2)",
      "x.tril()",
  };
  for (const char* code : codes) {
    const Forward forward = subject_of(code).forward();
    for (const Node* node : nodes_of(forward.loss)) {
      if (node->is_leaf()) continue;
      const RuleSource& rule = rule_source(node->name);
      EXPECT_FALSE(formula_of(node->name, 0).empty());
      EXPECT_TRUE(contains(excerpt(rule.file, rule.start).text, "Tensor")) << node->name;
    }
  }
}

TEST(PlayBackward, BoxesDoNotOverlapAndEdgesLeadToTheRight) {
  for (const BackwardExample& example : backward_examples()) {
    const Json result = backward_result(example.code);
    for (const Json& view : result.at("views")) {
      const double w = view.at("box")[0].get<double>();
      const double h = view.at("box")[1].get<double>();
      const Json& boxes = view.at("boxes");
      for (size_t i = 0; i < boxes.size(); ++i) {
        EXPECT_GE(boxes[i].at("x").get<double>(), 0);
        EXPECT_LE(boxes[i].at("x").get<double>() + w, view.at("width").get<double>());
        EXPECT_LE(boxes[i].at("y").get<double>() + h, view.at("height").get<double>());
        for (size_t j = 0; j < i; ++j) {
          const double dx =
              std::abs(boxes[i].at("x").get<double>() - boxes[j].at("x").get<double>());
          const double dy =
              std::abs(boxes[i].at("y").get<double>() - boxes[j].at("y").get<double>());
          EXPECT_TRUE(dx >= w || dy >= h) << example.code << " " << i << " " << j;
        }
      }
      for (const Json& edge : view.at("edges"))
        EXPECT_LT(edge.at("points").front()[0].get<double>(),
                  edge.at("points").back()[0].get<double>());
    }
  }
}

TEST(PlayBackward, TheTourIsTrue) {
  const Json report = Json::parse(backward_report("x.sum()", "", false).json());
  const Json& tour = report.at("tour");
  ASSERT_EQ(tour.size(), 5U);
  const auto code = [&](size_t i) { return tour[i].at("select").at("code").get<std::string>(); };
  const auto at = [&](size_t i) {
    return std::stoul(tour[i].at("select").at("at").get<std::string>());
  };
  const Json small = backward_result(code(0));
  const size_t count = small.at("nodes").size();
  EXPECT_LE(at(0), count);      // forward
  EXPECT_EQ(at(1), count + 1);  // the first step backward
  const Json& e = small.at("nodes").at(2 * count - at(2));
  EXPECT_EQ(e.at("label"), "a * c");
  EXPECT_TRUE(contains(e.at("backward").get<std::string>(), "used 2 times"));
  const Json broken =
      sabotage_result(code(3), tour[3].at("select").at("broken").get<std::string>());
  EXPECT_EQ(broken.at("op"), "mul");
  EXPECT_EQ(broken.at("mistake"), "sum missing");
  EXPECT_FALSE(broken.at("gradcheck").get<std::string>().empty());
}

}  // namespace
}  // namespace gradus::page
