// The report that the checks write and the grader reads: lines "key<TAB>word<TAB>text".
//   start stage.name, note text, missing text, pass, fail text, todo text, end
// The key is a secret of this run, which the grader writes to the program's stdin, and the number
// of the process. So a line that the answer writes is no line of the report, and neither is one of
// a copy of the process, made by fork().
#pragma once
#include <string>

namespace gradus::grader::report {

/// Adds a note to the check that is running.
void note(const std::string& text);
/// Says that the check that is running cannot run, and why.
void missing(const std::string& why);
/// Remembers what must still be written. The failure of this check is then reported as todo.
void todo(const std::string& what);

}  // namespace gradus::grader::report
