// Reports as JSON and as HTML files.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "autograd/ops.h"
#include "page/report.h"
#include "page/show.h"
#include "tensor/factories.h"
#include "tests/expect_error.h"
#include "tests/temporary.h"

namespace gradus::page {
namespace {

using nlohmann::json;

json json_of(const Report& report) { return json::parse(report.json()); }

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(PageReport, KeepsThePanelsInOrder) {
  Report report({.id = "r", .title = "A title", .lede = "Look here."});
  report.section("Heading");
  report.paragraph("text");
  report.check(true, "fine");
  report.heatmap("weights", tensor({{1., 0.}, {0.25, 0.75}}), {.rows = {"a", "b"}});
  const json all = json_of(report);
  EXPECT_EQ(all["title"], "A title");
  ASSERT_EQ(all["panels"].size(), 4U);
  EXPECT_EQ(all["panels"][0]["type"], "section");
  EXPECT_EQ(all["panels"][3]["rows"], json({"a", "b"}));
  EXPECT_EQ(all["panels"][3]["columns"], json({"0", "1"}));
  EXPECT_EQ(all["panels"][3]["values"]["data"], json({1, 0, 0.25, 0.75}));
}

TEST(PageReport, TextCannotEndTheScriptElement) {
  Report report({.id = "r", .title = "<b>&</b>", .lede = ""});
  report.paragraph("</script><script>alert(1)</script>");
  const auto file = temporary_path("escaped.html");
  report.write(file);
  const std::string page = text_of(file);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;b&gt;&amp;&lt;/b&gt;</title>"), std::string::npos);
}

TEST(PageReport, ThePageRefersToNothingOutside) {
  const auto file = temporary_path("alone.html");
  show(tensor({{1., 2.}, {3., 4.}}), file);
  const std::string page = text_of(file);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
}

TEST(PageReport, AFileThatCannotBeWrittenIsAnError) {
  const Report report({.id = "r", .title = "t", .lede = ""});
  expect_error([&] { report.write("/nowhere/page.html"); },
               "write: /nowhere/page.html: it cannot be written: No such file or directory");
}

}  // namespace
}  // namespace gradus::page
