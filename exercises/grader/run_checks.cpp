// The main() of an exercise's program: runs the checks in the order of the stages until one fails,
// and writes the report to the path in argv[1]. Without a path the checks print as GoogleTest does.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "exercises/grader/report.h"
#include "exercises/grader/stages.h"

namespace gradus::grader::report {
namespace {
std::ofstream file;
std::string to_do;
}  // namespace

void open(const std::string& path) { file.open(path); }

void line(const std::string& word, const std::string& text) {
  std::string safe = text;
  for (size_t at = 0; (at = safe.find_first_of("\\\n", at)) != std::string::npos; at += 2)
    safe.replace(at, 1, safe[at] == '\n' ? "\\n" : "\\\\");
  file << word << '\t' << safe << std::endl;  // flushed: a crash must not lose it
}

void note(const std::string& text) { line("note", text); }
void todo(const std::string& what) { to_do = what; }
const std::string& todo() { return to_do; }

}  // namespace gradus::grader::report

namespace {

using namespace gradus;
using namespace gradus::grader;

/// The sentence of an exception, taken from GoogleTest's message about it.
std::string sentence(const std::string& message) {
  const std::string before = "with description \"";
  const std::string after = "\" thrown in";
  const size_t start = message.find(before);
  const size_t end = message.rfind(after);
  const std::string text = start == std::string::npos || end == std::string::npos || end < start
                               ? message
                               : message.substr(start + before.size(), end - start - before.size());
  return text == "std::bad_alloc" ? "more memory was asked for than the budget allows" : text;
}

std::string name_of(const testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

class Reporter : public testing::EmptyTestEventListener {
  void OnTestProgramStart(const testing::UnitTest& all) override {
    for (int i = 0; i < all.total_test_suite_count(); ++i)
      for (int j = 0; j < all.GetTestSuite(i)->total_test_count(); ++j)
        report::line("plan", name_of(*all.GetTestSuite(i)->GetTestInfo(j)));
  }
  void OnTestStart(const testing::TestInfo& test) override {
    if (!over_) report::line("start", name_of(test));
  }
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (part.failed() && message_.empty()) message_ = sentence(part.message());
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (over_) return;  // GoogleTest tells of every check that it skips after the first failure
    over_ = !test.result()->Passed();
    if (!over_)
      report::line("pass");
    else if (!report::todo().empty())
      report::line("todo", report::todo());
    else
      report::line("fail", message_);
    message_.clear();
  }
  std::string message_;
  bool over_ = false;
};

/// Whether every check has a stage, and the stages are in their order.
bool in_order() {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  int last = -1;
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const std::string stage = all.GetTestSuite(i)->name();
    const auto at = std::find(std::begin(kStages), std::end(kStages), stage) - std::begin(kStages);
    if (at == std::ssize(kStages) || at < last) {
      std::cerr << "checks.cpp: the stage '" << stage
                << "' is none of shape, forward, gradient, invariants, numerics, "
                << "budget, or is in the wrong place\n";
      return false;
    }
    last = static_cast<int>(at);
  }
  return last >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!in_order()) return 4;
  testing::GTEST_FLAG(fail_fast) = true;
  if (argc > 1) {
    report::open(argv[1]);
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new Reporter);
  }
  const int status = RUN_ALL_TESTS();
  if (argc > 1) report::line("end");
  return status;
}
