#include "exercises/grader/report_reader.h"

#include <algorithm>
#include <regex>

#include "exercises/grader/stages.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

std::string unescaped(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
    } else {
      ++i;
      result += text[i] == 'n' ? '\n' : text[i];
    }
  }
  return result;
}

/// Reads line after line. Checks start in the order of the plan, one at a time.
class Reader {
 public:
  explicit Reader(Verdict& verdict) : verdict_(verdict) {}

  /// Returns whether the checks can have written such a line here.
  bool read(const std::string& word, const std::string& text) {
    if (ended_) return false;
    if (word == "start") return start(text);
    if (word == "end") return end();
    if (!is_running_) return false;
    CheckResult& check = verdict_.checks[next_ - 1];
    if (word == "note") {
      check.notes.push_back(text);
      return true;
    }
    if (word == "missing") {
      check.missing = text;
      return true;
    }
    is_running_ = false;
    if (word == "pass") {
      check.state = check.missing.empty() ? CheckResult::passed : CheckResult::could_not_run;
      verdict_.failed.clear();
      return true;
    }
    check.state = word == "todo" ? CheckResult::to_do : CheckResult::failed;
    verdict_.message = text;
    return word == "todo" || word == "fail";
  }

  bool has_ended() const { return ended_; }

 private:
  bool start(const std::string& name) {
    const bool fits = !is_running_ && verdict_.failed.empty() && !all_passed() &&
                      verdict_.checks[next_].full_name() == name;
    if (!fits) return false;
    ++next_;
    is_running_ = true;
    verdict_.failed = name;  // until it passes
    return true;
  }
  bool end() {
    ended_ = true;
    return !is_running_ && (all_passed() || !verdict_.failed.empty());
  }
  bool all_passed() const { return next_ == verdict_.checks.size() && verdict_.failed.empty(); }

  Verdict& verdict_;
  size_t next_ = 0;  // the check after the one that started last
  bool is_running_ = false;
  bool ended_ = false;
};

}  // namespace

std::vector<CheckResult> planned_checks(const std::string& text_of_checks) {
  const std::regex form("\\bTEST\\(\\s*(\\w+),\\s*(\\w+)\\)");
  std::vector<CheckResult> plan;
  std::ptrdiff_t last = 0;
  for (std::sregex_iterator found(text_of_checks.begin(), text_of_checks.end(), form), end;
       found != end; ++found) {
    const std::string stage = (*found)[1];
    const auto at = std::find(std::begin(kStages), std::end(kStages), stage) - std::begin(kStages);
    check(at < std::ssize(kStages) && at >= last,
          "checks.cpp: the stage '{}' is none of shape, forward, gradient, invariants, numerics, "
          "budget, or is in the wrong place",
          stage);
    last = at;
    plan.push_back({stage, (*found)[2], CheckResult::not_reached, {}, {}});
  }
  check(!plan.empty(), "checks.cpp has no check: TEST(stage, name)");
  return plan;
}

ReportState read_report(const std::string& text, const std::string& key, Verdict& verdict) {
  Reader reader(verdict);
  for (const std::string& line : lines_of(text)) {
    const size_t first = line.find('\t');
    const size_t second = first == std::string::npos ? first : line.find('\t', first + 1);
    if (second == std::string::npos || line.substr(0, first) != key) return ReportState::spoilt;
    const std::string word = line.substr(first + 1, second - first - 1);
    if (!reader.read(word, unescaped(line.substr(second + 1)))) return ReportState::spoilt;
  }
  return reader.has_ended() ? ReportState::complete : ReportState::unfinished;
}

}  // namespace gradus::grader
