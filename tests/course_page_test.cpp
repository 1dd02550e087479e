// The index of the pages that ./run pages writes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "page/report.h"
#include "tests/lesson_support.h"
#include "tests/temporary.h"

#ifdef COURSE_PAGE
namespace course_page_test {
using namespace gradus;
using namespace gradus::lessons;
using nlohmann::json;

namespace {

/// Runs course_page in a shell with these lines on its standard input.
EndedProgram index_of(const std::filesystem::path& folder, const std::string& lines) {
  const std::filesystem::path list = folder / "list.txt";
  std::ofstream(list) << lines;
  const std::string command =
      fmt::format("'{}' '{}' <'{}' 2>&1", COURSE_PAGE, folder.string(), list.string());
  return run_in_shell(command);
}

std::filesystem::path folder_named(const std::string& name) {
  const std::filesystem::path folder = temporary_path(name);
  std::filesystem::create_directory(folder);
  return folder;
}

json report_in(const std::filesystem::path& page) {
  std::ifstream in(page);
  const std::string html(std::istreambuf_iterator<char>(in), {});
  const std::string begin = "id=\"report\">";
  const size_t start = html.find(begin) + begin.size();
  return json::parse(html.substr(start, html.find("</script>", start) - start));
}

TEST(CoursePage, ListsLessonsAndPagesToPlayWith) {
  const std::filesystem::path folder = folder_named("course");
  page::Report({.id = "memory", .title = "One memory </script>", .lede = "Type an expression."})
      .write((folder / "play_memory.html").string());
  const EndedProgram ended = index_of(
      folder,
      "play\tplay_memory.html\n"
      "lesson\tlesson_04.html\tLesson 04: Simplified\tattention\t1\t\tsoftmax log_sum_exp \n"
      "lesson\tlesson_09.html\tLesson 09: Transformer\ta translator\t150\tquick\t\n");
  ASSERT_EQ(ended.status, 0) << ended.output;
  const json panels = report_in(folder / "index.html").at("panels");
  std::vector<json> maps;
  for (const json& panel : panels)
    if (panel.at("type") == "course_map") maps.push_back(panel.at("entries"));
  ASSERT_EQ(maps.size(), 2U);
  EXPECT_EQ(maps[0], json::parse(R"([{"file": "play_memory.html",
      "title": "One memory </script>", "text": "Type an expression."}])"));
  EXPECT_EQ(maps[1].at(0), json::parse(R"({"file": "lesson_04.html",
      "title": "Lesson 04: Simplified", "text": "attention", "time": "1 s", "quick": false,
      "exercises": ["softmax", "log_sum_exp"]})"));
  EXPECT_EQ(maps[1].at(1).at("time"), "3 min");
  EXPECT_TRUE(maps[1].at(1).at("quick"));
}

TEST(CoursePage, APageThatIsMissingOrCutIsAnError) {
  const std::filesystem::path folder = folder_named("missing");
  const EndedProgram missing = index_of(folder, "play\tplay_matmul.html\n");
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(contains(missing.output, "play_matmul.html cannot be read")) << missing.output;
  std::ofstream(folder / "play_cut.html") << "<script id=\"report\">{\"title\": \"x</script>";
  const EndedProgram cut = index_of(folder, "play\tplay_cut.html\n");
  EXPECT_EQ(cut.status, 1);
  EXPECT_TRUE(contains(cut.output, "is not complete")) << cut.output;
  EXPECT_FALSE(std::filesystem::exists(folder / "index.html"));
}

}  // namespace
}  // namespace course_page_test
#endif
