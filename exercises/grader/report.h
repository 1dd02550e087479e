// The report that the checks write and the grader reads: a text file with lines "word<TAB>text".
//   plan stage.name (for every check), start stage.name, note text, pass, fail text, todo text, end
// A report without "end" means that the program did not finish.
#pragma once
#include <string>

namespace gradus::grader::report {

void open(const std::string& path);
void line(const std::string& word, const std::string& text = "");
void note(const std::string& text);
/// Remembers what must still be written. The next failure is then reported as todo.
void todo(const std::string& what);
const std::string& todo();

}  // namespace gradus::grader::report
