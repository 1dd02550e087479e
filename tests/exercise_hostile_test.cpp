// Answers that try to be right without being right, and answers that misbehave. None is right, and
// nothing that they start stays alive.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "exercises/grader/verdict_text.h"
#include "tensor/kernels/sanitized.h"
#include "tests/exercise_support.h"

using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

namespace fs = std::filesystem;

/// An answer to log_sum_exp: some text before it, and the statements of its body.
std::string answer(const std::string& before, const std::string& body) {
  return "#include <fcntl.h>\n#include <spawn.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
         "#include <csignal>\n#include <cstdlib>\n#include <fstream>\n#include <iterator>\n" +
         include_of("log_sum_exp") + before +
         "\nnamespace mine {\nTensor log_sum_exp(const Tensor& x) {\n" + body + "\n}\n}\n";
}
const std::string kWrong = "return x.sum(-1);";
const std::string kRight =
    "const double infinity = std::numeric_limits<double>::infinity();\n"
    "Tensor largest = x.amax(-1, true).detach();\n"
    "largest = largest.masked_fill(largest.eq(-infinity), 0);\n"
    "return log(exp(x - largest).sum(-1)) + largest.squeeze(-1);";
/// The statement runs once, before the checks.
std::string at_start(const std::string& statement) {
  return "const bool started = [] { " + statement + " return true; }();";
}
/// The statement runs at the end of the program.
std::string at_end(const std::string& statement) {
  return "struct Last { ~Last() { " + statement + " } } last;";
}
std::string once(const std::string& statement) {
  return "static const bool done = [] { " + statement + " return true; }(); (void)done;";
}
/// A report of all checks, without a key.
const std::string kReportText =
    "\"plan\\tshape.the_last_dimension_is_gone\\nstart\\tshape.the_last_dimension_is_gone\\n"
    "pass\\t\\nend\\t\\n\"";

struct Hostile {
  std::string name, text;
  Outcome outcome;
  std::string message;     // the first line contains it
  bool needs_5_s = false;  // it is stopped by its time limit
};
void PrintTo(const Hostile& case_, std::ostream* out) { *out << case_.name; }

const std::vector<Hostile> kHostile{
    // Environment variables of a test framework
    {"sets_the_environment",
     answer(at_start("for (const char* name : {\"GTEST_FILTER\", \"TESTBRIDGE_TEST_ONLY\"}) "
                     "setenv(name, \"nothing\", 1); setenv(\"GTEST_TOTAL_SHARDS\", \"99\", 1); "
                     "setenv(\"GTEST_SHARD_INDEX\", \"98\", 1);"),
            kWrong),
     Outcome::wrong, "[ln 1, ln 2, ln 5]"},
    {"sets_flags_of_googletest",
     "#include <gtest/gtest.h>\n" +
         answer(at_start("testing::GTEST_FLAG(filter) = \"nothing\";"), kWrong),
     Outcome::does_not_compile, "filter"},
    // The report
    {"writes_a_report_file",
     answer("",
            "for (const char* file : {\"report.txt\", \"report\", \"3\"}) std::ofstream(file) << " +
                kReportText + "; _exit(0);"),
     Outcome::stopped, "it exited before the end of the checks, with exit status 0"},
    {"writes_into_every_descriptor",
     answer("", "const std::string text = " + kReportText +
                    "; for (int fd = 3; fd < 64; ++fd) if (write(fd, text.data(), text.size()) < "
                    "0) continue; _exit(0);"),
     Outcome::stopped, "lines that the checks did not write"},
    {"writes_into_the_report_and_goes_on",
     answer("", once("if (write(3, \"\\tpass\\t\\n\", 7) < 0) abort();") + kRight),
     Outcome::stopped, "lines that the checks did not write"},
    {"writes_half_a_line", answer("", once("if (write(3, \"x\", 1) < 0) abort();") + kRight),
     Outcome::stopped, "lines that the checks did not write"},
    {"reads_the_secret",
     answer(
         at_start(
             "std::string key(100, 0); key.resize(std::max<ssize_t>(0, read(0, key.data(), 100))); "
             "key += std::to_string(getpid()); const std::string text = key + "
             "\"\\tstart\\tshape.the_last_dimension_is_gone\\n\" + key + \"\\tpass\\t\\n\" + key + "
             "\"\\tend\\t\\n\"; if (write(3, text.data(), text.size()) < 0) abort(); _exit(0);"),
         kWrong),
     Outcome::stopped, "lines that the checks did not write"},
    {"calls_the_writer_of_the_report",
     answer(
         "namespace gradus::grader::report { void line(const std::string&, const std::string&); }",
         "gradus::grader::report::line(\"pass\", \"\");" + kWrong),
     Outcome::does_not_compile, "gradus::grader::report::line"},
    {"ends_the_report_by_a_note",
     answer("namespace gradus::grader::report { void note(const std::string&); }",
            once("gradus::grader::report::note(\"x\\n\\tend\\t\");") + kWrong),
     Outcome::wrong, "[ln 1, ln 2, ln 5]"},
    {"has_checks_of_its_own",
     "#include \"exercises/checks.h\"\n" +
         answer("TEST(shape, the_last_dimension_is_gone) {}", kWrong),
     Outcome::stopped, "lines that the checks did not write"},
    {"has_further_checks",
     "#include \"exercises/checks.h\"\n" +
         answer("namespace gradus { TEST(budget, more) {} }", kRight),
     Outcome::stopped, "lines that the checks did not write"},
    {"closes_every_descriptor",
     answer("", once("for (int fd = 0; fd < 64; ++fd) close(fd);") + kRight), Outcome::stopped,
     "it exited before the end of the checks"},
    {"has_a_main", answer("int main() {}", kWrong), Outcome::does_not_compile,
     "main is defined twice"},
    {"replaces_a_function_of_the_checks",
     answer("namespace gradus { void expect_shape(const std::string&, const Tensor&, const Shape&) "
            "{} }",
            kWrong),
     Outcome::does_not_compile, "is defined twice"},
    // Leaving early
    {"exits_before_the_checks", answer(at_start("_exit(0);"), kWrong), Outcome::stopped,
     "it exited before the end of the checks, with exit status 0"},
    {"exits_in_a_check", answer("", "std::exit(0);"), Outcome::stopped,
     "it exited before the end of the checks, with exit status 0"},
    {"exits_quickly", answer("", "std::quick_exit(0);"), Outcome::stopped,
     "it exited before the end of the checks, with exit status 0"},
    {"becomes_another_program", answer("", "execlp(\"true\", \"true\", nullptr);" + kWrong),
     Outcome::stopped, "it exited before the end of the checks, with exit status 0"},
    {"is_terminated", answer("", "raise(SIGTERM);" + kRight), Outcome::stopped, "signal 15"},
    {"is_killed", answer("", "raise(SIGKILL);" + kRight), Outcome::stopped, "it was killed"},
    {"falls_asleep", answer("", "raise(SIGSTOP);" + kRight), Outcome::stopped,
     "it was stopped after", true},
    {"kills_its_parent", answer("", "kill(getppid(), SIGKILL); pause();" + kRight),
     Outcome::stopped, "it stopped the process that watches it"},
    // The end of the program
    {"crashes_in_a_destructor", answer(at_end("*static_cast<volatile int*>(nullptr) = 1;"), kRight),
     Outcome::stopped, "all checks passed, but at the end of the program it"},
    {"aborts_in_a_destructor", answer(at_end("std::abort();"), kRight), Outcome::stopped,
     "all checks passed, but at the end of the program it"},
    {"throws_in_a_destructor",
     answer(
         at_end("throw_it();").insert(0, "void throw_it();\n") + "void throw_it() { throw 1; }\n",
         kRight),
     Outcome::stopped, "all checks passed, but at the end of the program it"},
    {"leaves_in_a_destructor", answer(at_end("_exit(3);"), kRight), Outcome::stopped,
     "all checks passed, but at the end of the program it ended with exit status 3"},
    {"aborts_at_exit", answer("", once("std::atexit([] { std::abort(); });") + kRight),
     Outcome::stopped, "all checks passed, but at the end of the program it"},
    {"does_not_end", answer(at_end("for (volatile int i = 0;;) i = i + 1;"), kRight),
     Outcome::stopped, "it was stopped after", true},
    // Copies of the process
    {"lets_a_copy_run_the_checks",
     answer(at_start("if (const pid_t child = fork()) { int status = 0; waitpid(child, &status, "
                     "0); _exit(WEXITSTATUS(status)); }"),
            kRight),
     Outcome::stopped, "lines that the checks did not write"},
    {"lets_a_copy_go_on",
     answer("", once("if (const pid_t child = fork()) { int status = 0; waitpid(child, &status, "
                     "0); _exit(0); }") +
                    kRight),
     Outcome::stopped, "lines that the checks did not write"},
    {"mixes_two_reports",
     answer("", once("if (const pid_t child = fork()) waitpid(child, nullptr, 0);") + kRight),
     Outcome::stopped, "lines that the checks did not write"},
    // What is thrown
    {"throws_a_number", answer("", "throw 42;"), Outcome::wrong,
     "the number 42 was thrown, which says nothing"},
    {"throws_a_text", answer("", "throw \"not done\";"), Outcome::wrong,
     "the text \"not done\" was thrown"},
    {"throws_a_string", answer("", "throw std::string(\"not done\");"), Outcome::wrong,
     "the text \"not done\" was thrown"},
    {"throws_a_struct", answer("struct Anything {};", "throw Anything{};"), Outcome::wrong,
     "something other than an exception was thrown"},
    {"throws_without_a_word",
     answer("struct Silent : std::exception { const char* what() const noexcept override { return "
            "\"\"; } };",
            "throw Silent{};"),
     Outcome::wrong, "an exception with an empty message"},
    {"throws_a_line_of_the_report",
     answer("", "throw std::string(\"\\n\\tpass\\t\\n\\tend\\t\\n\");"), Outcome::wrong,
     "the text \""},
    {"throws_before_the_checks",
     answer("const gradus::Tensor bad = [] { throw 1; return gradus::Tensor(); }();", kRight),
     Outcome::stopped, "it aborted"},
    // What is printed
    {"prints_a_verdict",
     answer("", once("std::printf(\"\\033[2J\\033[32mright\\033[0m: all 10 checks passed\\n\");") +
                    kWrong),
     Outcome::wrong, "[ln 1, ln 2, ln 5]"},
};

class HostileAnswer : public testing::TestWithParam<Hostile> {};
TEST_P(HostileAnswer, IsNotRight) {
  const Hostile& hostile = GetParam();
  if (hostile.needs_5_s && kSanitized) GTEST_SKIP() << "the time limit is a minute here";
  const Verdict v = verdict_on("log_sum_exp", hostile.text, hostile.name);
  EXPECT_EQ(v.outcome, hostile.outcome) << in_words(v);
  EXPECT_NE(exit_status(v.outcome), 0);
  if (kSanitized && hostile.outcome == Outcome::stopped) return;  // it has words of its own
  EXPECT_NE(first_line(v.message).find(hostile.message), std::string::npos) << in_words(v);
}
INSTANTIATE_TEST_SUITE_P(Grader, HostileAnswer, testing::ValuesIn(kHostile),
                         [](const auto& hostile) { return hostile.param.name; });

TEST(HostileAnswer, ItsOutputCannotDrawOnTheScreen) {
  const std::string text = answer("", "std::printf(\"\\033[2Jright\\n\");" + kWrong);
  const Verdict v = verdict_on("log_sum_exp", text, "draws");
  const Exercises exercises = scratch("draws");
  const std::string page =
      verdict_text(exercises.find("log_sum_exp"), v, 80, terminal::Depth::plain);
  EXPECT_NE(page.find("right"), std::string::npos);
  EXPECT_EQ(page.find('\033'), std::string::npos) << page;
}

/// Right answers that start processes. Each child writes its number to a file.
struct Starter {
  std::string name, statement;
};
void PrintTo(const Starter& case_, std::ostream* out) { *out << case_.name; }
const std::vector<Starter> kStarters{
    {"ten_children",
     "for (int i = 0; i < 10; ++i) if (fork() == 0) { note(); sleep(100); _exit(0); }"},
    {"new_sessions",
     "for (int i = 0; i < 3; ++i) if (fork() == 0) { setsid(); note(); sleep(100); _exit(0); }"},
    {"a_daemon",
     "if (fork() == 0) { if (fork() == 0) { setsid(); if (fork() == 0) { for (int fd = 0; fd < 64; "
     "++fd) close(fd); note(); sleep(100); } _exit(0); } _exit(0); }"},
    {"a_deaf_child",
     "if (fork() == 0) { setsid(); for (int number = 1; number < 32; ++number) std::signal(number, "
     "SIG_IGN); note(); sleep(100); _exit(0); }"},
    {"another_program",
     "if (fork() == 0) { setsid(); note(); char* const none[] = {nullptr}; execle(\"/bin/sleep\", "
     "\"sleep\", \"100\", nullptr, none); }"},
    {"a_shell_in_the_background",
     "if (std::system(\"(echo $$ >>'PIDS'; exec sleep 100) >/dev/null 2>&1 &\") != 0) abort();"},
    {"a_child_with_children",
     "if (fork() == 0) { setsid(); note(); for (int i = 0; i < 3; ++i) if (fork() == 0) { "
     "setsid(); note(); } sleep(100); }"},
};

std::vector<pid_t> numbers_in(const fs::path& file) {
  std::ifstream in(file);
  return {std::istream_iterator<pid_t>(in), {}};
}

class StartedProcesses : public testing::TestWithParam<Starter> {};
TEST_P(StartedProcesses, DoNotOutliveTheVerdict) {
  const fs::path pids = fs::path(GRADUS_BUILD_DIR) / "tests" / (GetParam().name + ".pids");
  fs::remove(pids);
  std::string statement = GetParam().statement;
  if (const size_t at = statement.find("PIDS"); at != statement.npos)
    statement.replace(at, 4, pids.string());
  const std::string note = "void note() { const int file = open(\"" + pids.string() +
                           "\", O_WRONLY | O_CREAT | O_APPEND, 0644); dprintf(file, \"%d\\n\", "
                           "getpid()); close(file); }\n";
  // Until a child has started, and a moment for the others.
  const std::string wait = "for (int i = 0; i < 100 && access(\"" + pids.string() +
                           "\", F_OK) != 0; ++i) usleep(20000); usleep(200000);";
  const Verdict v =
      verdict_on("log_sum_exp", answer(note, once(statement + wait) + kRight), GetParam().name);
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_EQ(v.failed, "budget.processes");
  EXPECT_NE(v.message.find("it started other processes"), std::string::npos) << v.message;
  const std::vector<pid_t> started = numbers_in(pids);
  EXPECT_FALSE(started.empty());
  for (const pid_t pid : started) {
    EXPECT_NE(kill(pid, 0), 0) << pid << " is alive";
    if (kill(pid, 0) == 0) kill(pid, SIGKILL);
  }
}
INSTANTIATE_TEST_SUITE_P(Grader, StartedProcesses, testing::ValuesIn(kStarters),
                         [](const auto& starter) { return starter.param.name; });

TEST(HostileAnswer, ItsChildrenAreStoppedWithItAtTheTimeLimit) {
  if (kSanitized) GTEST_SKIP() << "the time limit is a minute here";
  const fs::path pids = fs::path(GRADUS_BUILD_DIR) / "tests" / "time_limit.pids";
  fs::remove(pids);
  const std::string statement = "if (fork() == 0) { setsid(); std::ofstream(\"" + pids.string() +
                                "\") << getpid() << std::endl; } pause();";
  const Verdict v = verdict_on("log_sum_exp", answer("", statement + kRight), "time_limit");
  EXPECT_EQ(v.outcome, Outcome::stopped) << in_words(v);
  const std::vector<pid_t> started = numbers_in(pids);
  ASSERT_EQ(started.size(), 1u);
  EXPECT_NE(kill(started[0], 0), 0);
}

TEST(TheEnvironment, DoesNotChangeTheVerdict) {
  const std::vector<std::pair<const char*, const char*>> variables{
      {"GTEST_FILTER", "nothing"},     {"GTEST_TOTAL_SHARDS", "99"},
      {"GTEST_SHARD_INDEX", "98"},     {"GTEST_REPEAT", "0"},
      {"GTEST_FAIL_FAST", "0"},        {"GTEST_BREAK_ON_FAILURE", "1"},
      {"GTEST_CATCH_EXCEPTIONS", "0"}, {"TESTBRIDGE_TEST_ONLY", "nothing"}};
  for (const auto& [name, value] : variables)
    setenv(name, value, 1);
  const Verdict wrong = verdict_on("log_sum_exp", answer("", kWrong), "environment_wrong");
  const Verdict right = verdict_on("log_sum_exp", answer("", kRight), "environment_right");
  for (const auto& [name, value] : variables)
    unsetenv(name);
  EXPECT_EQ(wrong.outcome, Outcome::wrong) << in_words(wrong);
  EXPECT_EQ(right.outcome, Outcome::right) << in_words(right);
}

// The solution as an answer

const std::string kSolution = path_of("log_sum_exp") + "solution.cpp";
const std::string kSolutionSaid = "log_sum_exp.cpp includes " + kSolution + ": write your own";

struct Includer {
  std::string name, text;
};
void PrintTo(const Includer& case_, std::ostream* out) { *out << case_.name; }
const std::vector<Includer> kIncluders{
    {"directly", "#include \"" + kSolution + "\"\n"},
    {"by_a_macro", "#define IT \"" + kSolution + "\"\n#include IT\n"},
    {"by_another_path",
     "#include \"exercises/grader/../../" + path_of("log_sum_exp") + "./solution.cpp\"\n"},
    {"by_an_absolute_path", "#include \"" GRADUS_SOURCE_DIR "/" + kSolution + "\"\n"},
    {"by_a_symbolic_link", "#include \"linked.h\"\n"},
    {"by_a_hard_link", "#include \"copied.h\"\n"},
    {"under_a_condition",
     "#if __has_include(\"" + kSolution + "\")\n#include \"" + kSolution + "\"\n#endif\n"},
};

class IncludedSolution : public testing::TestWithParam<Includer> {};
TEST_P(IncludedSolution, IsNotAnAnswer) {
  const Exercises exercises = scratch("includes_" + GetParam().name);
  const Grader grader(exercises);
  const Exercise e = exercises.find("log_sum_exp");
  write_text(exercises.answer(e), GetParam().text);
  fs::create_symlink(exercises.solution(e), exercises.mine / "linked.h");
  std::error_code another_disk;
  fs::create_hard_link(exercises.solution(e), exercises.mine / "copied.h", another_disk);
  if (another_disk) GTEST_SKIP() << "no hard links here";
  const Verdict v = grader.grade(grader.mine(e));
  fs::remove_all(exercises.mine);
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_TRUE(v.message.starts_with(kSolutionSaid)) << in_words(v);
}
INSTANTIATE_TEST_SUITE_P(Grader, IncludedSolution, testing::ValuesIn(kIncluders),
                         [](const auto& includer) { return includer.param.name; });

TEST(IncludedSolution, AlsoNotAsALinkInPlaceOfTheAnswer) {
  const Exercises exercises = scratch("link_to_the_solution");
  const Grader grader(exercises);
  const Exercise e = exercises.find("log_sum_exp");
  fs::create_directories(exercises.mine);
  fs::create_symlink(exercises.solution(e), exercises.answer(e));
  const Verdict v = grader.grade(grader.mine(e));
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_TRUE(v.message.starts_with(kSolutionSaid)) << in_words(v);
}

TEST(IncludedSolution, AlsoNotInAnAnswerThatAnotherOneUses) {
  const Exercises exercises = scratch("used_solution");
  const Grader grader(exercises);
  const Exercise llama = exercises.find("llama");
  write_text(exercises.answer(llama), read_text(exercises.solution(llama)));
  for (const Exercise& used : exercises.used_by(llama))
    write_text(exercises.answer(used), "#include \"exercises/" + used.folder + "/solution.cpp\"\n");
  const Verdict v = grader.grade(grader.mine(llama));
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_NE(v.message.find("/solution.cpp: write your own"), std::string::npos) << v.message;
}

}  // namespace
#endif
