#include "exercises/grader/report_reader.h"

#include <algorithm>

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

CheckResult planned_check(const std::string& full_name) {
  const size_t dot = full_name.find('.');
  return {full_name.substr(0, dot), full_name.substr(dot + 1), CheckResult::not_reached, {}};
}

/// A line about the check that is running: note, pass, fail or todo.
void read_result(const std::string& word, const std::string& text, CheckResult& check,
                 Verdict& verdict) {
  if (word == "note") {
    check.notes.push_back(text);
  } else if (word == "pass") {
    check.state = CheckResult::passed;
    verdict.failed.clear();
  } else if (word == "fail" || word == "todo") {
    check.state = word == "fail" ? CheckResult::failed : CheckResult::to_do;
    verdict.message = text;
  }
}

}  // namespace

bool read_report(const std::string& text, Verdict& verdict) {
  bool ended = false;
  CheckResult* running = nullptr;
  for (const std::string& line : lines_of(text)) {
    const size_t tab = std::min(line.find('\t'), line.size());
    const std::string word = line.substr(0, tab);
    const std::string rest = unescaped(line.substr(std::min(tab + 1, line.size())));
    if (word == "plan") {
      verdict.checks.push_back(planned_check(rest));
    } else if (word == "start") {
      verdict.failed = rest;  // until it passes
      for (CheckResult& check : verdict.checks)
        if (check.stage + "." + check.name == rest) running = &check;
    } else if (word == "end") {
      ended = true;
    } else if (running != nullptr) {
      read_result(word, rest, *running, verdict);
    }
  }
  return ended;
}

}  // namespace gradus::grader
