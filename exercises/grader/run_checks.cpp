// The main() of an exercise's program: runs the checks in their order until one fails, and writes
// the report (report.h).
#include <unistd.h>

#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "exercises/checks.h"
#include "exercises/grader/process.h"
#include "exercises/grader/report.h"

namespace {

char secret[64];
std::string to_do;

/// Reads the secret before the answer's global objects are made, so that they cannot read it.
__attribute__((constructor(101))) void read_secret() {
  const ssize_t size = read(STDIN_FILENO, secret, sizeof secret - 1);
  secret[size > 0 ? size : 0] = '\0';
}

/// Writes a line of the report at once: a crash must not lose it.
void line(const std::string& word, const std::string& text = "") {
  std::string safe = text;
  for (size_t at = 0; (at = safe.find_first_of("\\\n", at)) != std::string::npos; at += 2)
    safe.replace(at, 1, safe[at] == '\n' ? "\\n" : "\\\\");
  const std::string all = secret + std::to_string(getpid()) + '\t' + word + '\t' + safe + '\n';
  for (size_t done = 0; done < all.size();) {
    const ssize_t n = write(gradus::grader::kReport, all.data() + done, all.size() - done);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

struct Check {
  std::string name;
  void (*run)();
};

std::vector<Check>& all_checks() {
  static std::vector<Check> checks;
  return checks;
}

std::string sentence(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error))
    return "it asked for more memory than the limit allows";
  return error.what();
}

/// Runs it. Returns the sentence of what it threw, "" if it passed.
std::string problem_of(const Check& check) {
  const std::string advice =
      ", which says nothing: throw an Error with a sentence, as check(condition, \"...\") does";
  try {
    check.run();
    return "";
  } catch (const std::exception& error) {
    const std::string text = sentence(error);
    return text.empty() ? "an exception with an empty message was thrown" : text;
  } catch (const int number) {
    return "the number " + std::to_string(number) + " was thrown" + advice;
  } catch (const char* text) {
    return "the text \"" + std::string(text ? text : "") + "\" was thrown";
  } catch (const std::string& text) {
    return "the text \"" + text + "\" was thrown";
  } catch (...) {
    return "something other than an exception was thrown" + advice;
  }
}

}  // namespace

namespace gradus {

bool add_check(const std::string& name, void (*run)()) {
  all_checks().push_back({name, run});
  return true;
}

namespace grader::report {

void note(const std::string& text) { line("note", text); }
void missing(const std::string& why) { line("missing", why); }
void todo(const std::string& what) { to_do = what; }

}  // namespace grader::report
}  // namespace gradus

int main() {
  for (const Check& check : all_checks()) {
    line("start", check.name);
    const std::string problem = problem_of(check);
    if (!to_do.empty() && !problem.empty())
      line("todo", to_do);
    else if (!problem.empty())
      line("fail", problem);
    else
      line("pass");
    if (!problem.empty()) break;
  }
  line("end");
}
