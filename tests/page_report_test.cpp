// Reports as JSON and as HTML files.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "page/show.h"
#include "tensor/factories.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"
#include "tests/temporary.h"

namespace gradus::page {
namespace {

TEST(PageReport, KeepsThePanelsInOrder) {
  Report report({.id = "r", .title = "A title", .lede = "Look here."});
  report.section("Heading");
  report.paragraph("text");
  report.check(true, "fine");
  report.heatmap("weights", tensor({{1., 0.}, {0.25, 0.75}}), {.rows = {"a", "b"}});
  const json all = json::parse(report.json());
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

TEST(PageReport, APageIsWrittenCompletelyOrNotAtAll) {
  const auto folder = temporary_path("pages");
  std::filesystem::create_directory(folder);
  const Report report = new_report();
  report.write((folder / "page.html").string());
  const std::string before = text_of(folder / "page.html");
  EXPECT_TRUE(before.ends_with("</html>\n"));
  expect_error([&] { report.write((folder / "page.html").string(), "/nowhere/a.wasm.gz"); },
               "write: /nowhere/a.wasm.gz: it cannot be opened: No such file or directory");
  EXPECT_EQ(text_of(folder / "page.html"), before);
  expect_error([&] { report.write(folder.string()); },
               "write: " + folder.string() + ": it is a directory");
  expect_error([&] { report.write("/nowhere/page.html"); },
               "write: /nowhere/page.html: it cannot be written: No such file or directory");
  expect_error([&] { report.write(std::string("a\0b", 3)); }, "write: a path has no zero bytes");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.exists() ? 1 : 0;
  EXPECT_EQ(files, 1);  // no temporary file is left
}

TEST(PageReport, AnyBytesAreTexts) {
  Report report({.id = "r", .title = "zero \x01 and \xff", .lede = "\xc3"});
  report.paragraph("quote \" backslash \\ line\nline");
  report.tensor("\xf0\x9f", tensor({1.0}));
  const json all = json::parse(report.json());
  EXPECT_EQ(all["title"], "zero \x01 and \xef\xbf\xbd");
  EXPECT_EQ(all["panels"][0]["text"], "quote \" backslash \\ line\nline");
  report.write(temporary_path("bytes.html").string());
}

TEST(PageReport, PanelsOfOtherKinds) {
  Report report = new_report();
  report.panel("mine", R"({"title": "t", "type": "other", "x": [1]})");
  EXPECT_EQ(last_panel(report)["type"], "mine");
  EXPECT_EQ(last_panel(report)["x"], json({1}));
  expect_error([&] { report.panel("mine", "[1]"); },
               "panel: the JSON of the panel 'mine' is not an object");
  expect_error([&] { report.panel("mine", "{"); },
               "panel: the JSON of the panel 'mine' is not an object");
  expect_error([] { Report({.id = "r", .title = "", .lede = ""}); }, "report: the title is empty");
}

TEST(PageReport, ThePlaysScriptsAreOnlyWhereTheyAreNeeded) {
  Report report = new_report();
  report.write(temporary_path("general.html").string());
  EXPECT_EQ(text_of(temporary_path("general.html")).find("registerPanel(\"play_"),
            std::string::npos);
  report.panel("play_memory", "{}");
  report.write(temporary_path("play.html").string());
  EXPECT_NE(text_of(temporary_path("play.html")).find("registerPanel(\"play_memory"),
            std::string::npos);
}

TEST(PageReport, TheRunBoxAndTheTourAreInTheReport) {
  Report report = new_report();
  report.run_box({{.flag = "--steps", .label = "steps", .kind = "number", .value = "5"}});
  report.tour({{"Look.", {{"query", "1"}}, "p"}});
  const json all = json::parse(report.json());
  EXPECT_EQ(all["run_box"][0]["flag"], "--steps");
  EXPECT_EQ(all["tour"][0]["panel"], "p");
}

}  // namespace
}  // namespace gradus::page
