// What the program that runs the checks writes for the one that shows them: a text file of lines
// "word<TAB>text".
//   plan stage.name (all checks), start stage.name, note text, pass, fail text, todo text, end
// Without "end" the program did not come to its end.
#pragma once
#include <string>

namespace gradus::grader::report {

void open(const std::string& path);
void line(const std::string& word, const std::string& text = "");
void note(const std::string& text);
/// Remembers what is to do: the failure that follows is then none.
void todo(const std::string& what);
const std::string& todo();

}  // namespace gradus::grader::report
