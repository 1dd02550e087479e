// Files that are no text of a C++ program, in place of an answer: a plain sentence for each.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include <sys/stat.h>
#include <unistd.h>

#include "exercises/grader/answers.h"
#include "tests/exercise_support.h"

namespace exercise_files_test {
using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

namespace fs = std::filesystem;

/// The solution of log_sum_exp, with `before` before each letter and `after` after it.
std::string spread_out(const std::string& before, const std::string& after) {
  const Exercises exercises = scratch("spread_out");
  std::string text;
  for (const char letter : read_text(exercises.solution(exercises.find("log_sum_exp"))))
    text += before + letter + after;
  return text;
}

struct OddFile {
  std::string name;
  std::function<void(const fs::path&)> make;
  std::string message;  // after "my/log_sum_exp.cpp "
};

void PrintTo(const OddFile& odd, std::ostream* out) { *out << odd.name; }

std::function<void(const fs::path&)> with_text(const std::string& text) {
  return [text](const fs::path& file) { write_text(file, text); };
}

const std::string kZero(1, '\0');
const std::vector<OddFile> kOddFiles{
    {"utf16_of_windows",
     [](const fs::path& file) { write_text(file, "\xFF\xFE" + spread_out("", kZero)); },
     "is written in UTF-16: save it as UTF-8"},
    {"utf16_big_endian",
     [](const fs::path& file) { write_text(file, "\xFE\xFF" + spread_out(kZero, "")); },
     "is written in UTF-16: save it as UTF-8"},
    {"utf16_without_a_mark", [](const fs::path& file) { write_text(file, spread_out("", kZero)); },
     "is written in UTF-16: save it as UTF-8"},
    {"a_program",
     [](const fs::path& file) { write_text(file, read_text(EXERCISE_GRADER).substr(0, 100000)); },
     "is a binary file"},
    {"zeros", with_text(std::string(1000, '\0')), "is a binary file"},
    {"a_folder", [](const fs::path& file) { fs::create_directories(file); }, "is a folder"},
    {"a_full_folder", [](const fs::path& file) { write_text(file / "log_sum_exp.cpp", "text"); },
     "is a folder, not a file"},
    {"a_device",
     [](const fs::path& file) {
       fs::create_directories(file.parent_path());
       fs::create_symlink("/dev/zero", file);
     },
     "is a device or a pipe"},
    {"a_pipe",
     [](const fs::path& file) {
       fs::create_directories(file.parent_path());
       mkfifo(file.c_str(), 0644);
     },
     "is a device or a pipe"},
    {"a_link_to_nothing",
     [](const fs::path& file) {
       fs::create_directories(file.parent_path());
       fs::create_symlink("nothing", file);
     },
     "does not exist"},
    {"a_link_to_itself",
     [](const fs::path& file) {
       fs::create_directories(file.parent_path());
       fs::create_symlink(file.filename(), file);
     },
     "does not exist"},
    {"large", with_text(std::string(5 << 20, ' ')), "has 5 MB: an answer has a few KB"},
};

class Odd : public testing::TestWithParam<OddFile> {};
TEST_P(Odd, GetsAPlainSentence) {
  Exercises exercises = scratch("odd_" + GetParam().name);
  const Grader grader(exercises);
  const Exercise e = exercises.find("log_sum_exp");
  const fs::path file = exercises.answer(e);
  GetParam().make(file);
  EXPECT_EQ(correct_includes(exercises), "");
  const Verdict v = grader.grade(grader.mine(e));
  EXPECT_EQ(v.outcome, Outcome::does_not_compile) << in_words(v);
  const std::string expected = exercises.shown(file) + " " + GetParam().message;
  EXPECT_TRUE(v.message.starts_with(expected)) << in_words(v);

  provide_answer(exercises, e);  // changes nothing
  EXPECT_EQ(grader.grade(grader.mine(e)).message, v.message);
  EXPECT_TRUE(is_taken(reset_answer(exercises, e)));
  EXPECT_EQ(grader.grade(grader.mine(e)).outcome, Outcome::to_do);
  fs::remove_all(exercises.mine);
}
INSTANTIATE_TEST_SUITE_P(Files, Odd, testing::ValuesIn(kOddFiles),
                         [](const auto& odd) { return odd.param.name; });

TEST(OddFiles, WithoutPermission) {
  if (getuid() == 0) GTEST_SKIP() << "root may read every file";
  const Grader grader(scratch("odd_permission"));
  const Exercise e = grader.exercises().find("log_sum_exp");
  const fs::path file = grader.exercises().answer(e);
  write_text(file, "text");
  fs::permissions(file, fs::perms::none);
  EXPECT_NE(grader.grade(grader.mine(e)).message.find("cannot be read"), std::string::npos);
}

TEST(OddFiles, AnEmptyOneAsksForTheFunction) {
  const Verdict v = verdict_on("log_sum_exp", "", "odd_empty");
  EXPECT_EQ(v.outcome, Outcome::does_not_compile) << in_words(v);
  EXPECT_NE(v.message.find("is not defined anywhere"), std::string::npos) << in_words(v);
}

TEST(OddFiles, EditorsOfWindowsAreWelcome) {
  const Exercises exercises = scratch("odd_windows");
  std::string text = "\xEF\xBB\xBF";  // the mark of UTF-8
  for (const char letter : read_text(exercises.solution(exercises.find("log_sum_exp"))))
    text += letter == '\n' ? std::string("\r\n") : std::string(1, letter);
  const Verdict v = verdict_on("log_sum_exp", text, "odd_windows");
  EXPECT_EQ(v.outcome, Outcome::right) << in_words(v);
}

}  // namespace
}  // namespace exercise_files_test
#endif
