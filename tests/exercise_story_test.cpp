// The last exercise tells a story if the files of the model are there. Without them its verdict
// says that it was not told.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include <fmt/format.h>

#include <cstdlib>

#include "exercises/grader/verdict_text.h"
#include "tests/exercise_support.h"

namespace exercise_story_test {
using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

namespace fs = std::filesystem;

/// The verdict on the solution, with the files of this folder.
Verdict verdict_with_data(const fs::path& folder) {
  const Grader grader(scratch("story"));
  const char* before = std::getenv("GRADUS_DATA");
  const std::string kept = before ? before : "";
  setenv("GRADUS_DATA", folder.c_str(), 1);
  const Verdict v = grader.grade(grader.solution(grader.exercises().find("llama")));
  if (before)
    setenv("GRADUS_DATA", kept.c_str(), 1);
  else
    unsetenv("GRADUS_DATA");
  return v;
}

std::string page_of(const Verdict& v) {
  const Exercises exercises = scratch("story");
  return verdict_text(exercises.find("llama"), v, 500, terminal::Depth::plain);
}

TEST(Story, NotToldWithoutItsFiles) {
  const fs::path folder = scratch("story_data").mine / "none";
  const Verdict v = verdict_with_data(folder);
  EXPECT_EQ(v.outcome, Outcome::right) << in_words(v);
  const std::string page = page_of(v);
  const size_t all = v.checks.size();
  const std::string counts = fmt::format("right: {} of {} checks passed", all - 1, all);
  EXPECT_NE(page.find(counts), std::string::npos) << page;
  EXPECT_NE(page.find("budget could not run"), std::string::npos) << page;
  EXPECT_NE(page.find("budget.tells_the_published_story: the story was not told, since " +
                      folder.string() +
                      "/stories260K has no stories260K.bin and tok512.bin. "
                      "./run download stories gets them"),
            std::string::npos)
      << page;
}

TEST(Story, OtherFilesAreAnError) {
  const fs::path folder = scratch("story_data").mine / "other";
  for (const char* name : {"stories260K.bin", "tok512.bin"})
    write_text(folder / "stories260K" / name, "no model");
  const Verdict v = verdict_with_data(folder);
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_NE(v.message.find("load_llama: "), std::string::npos) << in_words(v);
}

TEST(Story, ToldWithItsFiles) {
  const char* given = std::getenv("GRADUS_DATA");
  const fs::path folder = given ? given : GRADUS_SOURCE_DIR "/../shared/data";
  if (!fs::exists(folder / "stories260K/stories260K.bin"))
    GTEST_SKIP() << "no files of stories260K: set GRADUS_DATA to a folder that has them";
  const Verdict v = verdict_with_data(folder);
  EXPECT_EQ(v.outcome, Outcome::right) << in_words(v);
  const std::string page = page_of(v);
  EXPECT_NE(page.find(fmt::format("right: all {} checks passed", v.checks.size())),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("Once upon a time"), std::string::npos) << page;
}

}  // namespace
}  // namespace exercise_story_test
#endif
