// Reports as JSON and as HTML files.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "page/sha256.h"
#include "page/show.h"
#include "tensor/factories.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"
#include "tests/temporary.h"

namespace gradus::page::page_report_test {
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

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes)
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// Texts that end before, at and after the place of the length in a block.
TEST(PageReport, Sha256) {
  const std::vector<std::pair<std::string, std::string>> known = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {std::string(55, 'a'), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {std::string(56, 'a'), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {std::string(64, 'a'), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {std::string(119, 'a'), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
      {std::string(1000, 'a'), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"}};
  for (const auto& [text, digest] : known)
    EXPECT_EQ(hex(sha256(text)), digest) << text.size() << " letters";
  std::string bytes;
  for (int n = 0; n < 256; ++n)
    bytes += static_cast<char>(n);
  EXPECT_EQ(hex(sha256(bytes)), "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
}

/// What is between two texts of a page.
std::string between(const std::string& page, const std::string& open, const std::string& close) {
  const size_t start = page.find(open) + open.size();
  return page.substr(start, page.find(close, start) - start);
}

TEST(PageReport, ThePolicyNamesTheOneScriptAndTheOneStyle) {
  const auto file = temporary_path("policy.html");
  show(tensor({1.0}), file);
  const std::string page = text_of(file);
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\">");
  const auto allowed = [&](const std::string& open, const std::string& close) {
    return "'sha256-" + base64(sha256(between(page, open, close))) + "'";
  };
  EXPECT_EQ(policy, "default-src 'none'; script-src " + allowed("<script>", "</script>") +
                        "; style-src " + allowed("<style>", "</style>") +
                        "; base-uri 'none'; form-action 'none'");
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
}  // namespace gradus::page::page_report_test
