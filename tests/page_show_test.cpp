// Modules as panels, and one call that writes a page. docs/pages.md shows the first test.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/containers.h"
#include "nn/linear.h"
#include "nn/self_attention.h"
#include "page/show.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"
#include "tests/temporary.h"

namespace gradus::page::page_show_test {
namespace {

/// The report in a page's file.
json report_in(const std::filesystem::path& file) {
  const std::string text = text_of(file);
  const std::string open = R"(<script type="application/json" id="report">)";
  const size_t start = text.find(open) + open.size();
  return json::parse(text.substr(start, text.find("</script>", start) - start));
}

TEST(PageShow, TheExampleOfTheDocumentation) {
  const std::filesystem::path folder = temporary_path("example");
  std::filesystem::create_directory(folder);
  const std::filesystem::path old = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  // example begins
  manual_seed(1);
  const Words words = {"the", "cat", "sat"};
  const nn::SelfAttention attention(4, 4);
  nn::AttentionTrace trace;
  const Tensor y = attention(randn({3, 4}), &trace);
  const Tensor loss = y.pow(2).mean();

  show(y, "y.html");
  show_graph(loss, "graph.html", attention.named_parameters());
  show(trace, "trace.html", words);
  loss.backward();
  show(attention, "attention.html");

  Report report({.id = "cat", .title = "A cat", .lede = "Look at the last row."});
  report.section("Who looks at whom");
  report.attention("Attention", words, words, {{.step = 0, .trace = trace}});
  report.heatmap("Weights", trace.weights, {.rows = words, .columns = words});
  report.tour({{"\"sat\" looks at all words.", {{"query", "2"}}, "Attention"}});
  report.write("cat.html");
  // example ends
  std::filesystem::current_path(old);
  EXPECT_EQ(report_in(folder / "y.html")["panels"][0]["shape"], json({3, 4}));
  EXPECT_EQ(report_in(folder / "trace.html")["panels"][0]["queries"], json(words));
  EXPECT_EQ(report_in(folder / "cat.html")["tour"][0]["select"]["query"], "2");
  const json graph = report_in(folder / "graph.html")["panels"][0];
  EXPECT_EQ(graph["views"][0]["title"], "modules");
  const json module = report_in(folder / "attention.html")["panels"][0]["module"];
  EXPECT_FALSE(module["children"][0]["parameters"][0]["gradient"].is_null());
}

TEST(PageShow, TheDocumentationHasTheExample) {
  const auto between = [](const std::string& text, const std::string& begin,
                          const std::string& end) {
    const size_t start = text.find(begin) + begin.size();
    return text.substr(start, text.find(end, start) - start);
  };
  const std::filesystem::path root = GRADUS_SOURCE_DIR;
  std::istringstream lines(between(text_of(root / "tests/page_show_test.cpp"),
                                   "// example begins\n", "  // example ends"));
  std::string code;
  for (std::string line; std::getline(lines, line);)
    code += line.empty() ? "\n" : line.substr(2) + "\n";
  EXPECT_NE(text_of(root / "docs/pages.md").find(code), std::string::npos) << code;
}

TEST(PageModule, IsATreeWithCountsAndGradients) {
  manual_seed(2);
  const nn::Sequential model{nn::Linear(4, 8), nn::Linear(8, 2)};
  Report report = new_report();
  report.module("m", model);
  const json before = last_panel(report)["module"];
  EXPECT_EQ(before["count"], 4 * 8 + 8 + 8 * 2 + 2);
  ASSERT_EQ(before["children"].size(), 2U);
  const json& first = before["children"][0];
  EXPECT_EQ(first["name"], "0");
  EXPECT_EQ(first["count"], 40);
  EXPECT_EQ(first["parameters"][0]["name"], "weight");
  EXPECT_EQ(first["parameters"][0]["shape"], json({8, 4}));
  EXPECT_TRUE(first["parameters"][0]["gradient"].is_null());

  model(randn({3, 4})).sum().backward();
  model.eval();
  report.module("m", model);
  const json after = last_panel(report);
  EXPECT_EQ(after["training"], false);
  const json& bias = after["module"]["children"][1]["parameters"][1];
  EXPECT_EQ(bias["gradient"]["mean"], 3);  // the sum over 3 rows
  EXPECT_EQ(bias["gradient"]["norm"], 4.2426);
}

TEST(PageModule, AModuleWithoutParametersHasAPage) {
  Report report = new_report();
  report.module("m", nn::Module());
  EXPECT_EQ(last_panel(report)["module"]["count"], 0);
}

TEST(PageShow, WordsAreNumberedWithoutNames) {
  manual_seed(3);
  nn::AttentionTrace trace;
  nn::SelfAttention(4, 4)(randn({2, 3, 4}), &trace);
  const auto file = temporary_path("numbered.html");
  show(trace, file.string());
  EXPECT_EQ(report_in(file)["panels"][0]["keys"], json({"0", "1", "2"}));
}

TEST(PageShow, WrongCalls) {
  const std::string file = temporary_path("wrong.html").string();
  expect_error([&] { show(Tensor(), file); },
               "show: the tensor is undefined, it was never given a value");
  expect_error([&] { show(nn::AttentionTrace(), file); },
               "show: the trace is empty; pass it to an attention layer first");
  expect_error([&] { show_graph(tensor({1.0}), file); },
               "graph: y has no graph, because no tensor that it was computed from needs "
               "gradients");
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace gradus::page::page_show_test
