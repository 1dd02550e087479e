#include "exercises/grader/compiler_message.h"

#include <fmt/format.h>

#include <optional>
#include <regex>
#include <vector>

#include "exercises/grader/exercise.h"

namespace gradus::grader {
namespace {

/// A message of g++ or clang++ (a regular expression) and its explanation for a beginner. $1 and $2
/// are replaced by the text of the groups that matched.
struct Meaning {
  const char* said;
  const char* means;
};
const Meaning kMeanings[] = {
    {"'(True|False|None)' was not declared|undeclared identifier '(True|False|None)'",
     "C++ writes true, false and nullptr, with small letters"},
    {"'(keepdim|dim|dtype)' was not declared|undeclared identifier '(keepdim|dim|dtype)'",
     "C++ has no named arguments: give the values alone, in the order of the function, as in "
     "x.mean(-1, true)"},
    {"'(torch|np|F)' (?:was not|has not been) declared|undeclared identifier '(torch|np|F)'",
     "there is no '$1' here: its functions have the same names without it, exp(x) or x.exp()"},
    {"'(\\w+)' was not declared in this scope; did you mean '(\\w+)'|undeclared identifier "
     "'(\\w+)'; did you mean '(\\w+)'",
     "'$1' is not declared; is '$2' meant?"},
    {"'(Tensor)' does not name a type|'(Tensor)' was not declared|unknown type name '(Tensor)'",
     "'Tensor' is not known here: this must be inside namespace mine { ... }"},
    {"'(\\w+)' does not name a type|unknown type name '(\\w+)'",
     "there is no type '$1': is it misspelt?"},
    {"'(\\w+)' was not declared|undeclared identifier '(\\w+)'",
     "'$1' is not declared: is it misspelt, or is its type missing (const Tensor $1 = ...)?"},
    {"has no member named '(\\w+)'|no member named '(\\w+)' in 'gradus::Tensor'",
     "a Tensor has no method '$1': is it misspelt, or is it a function, $1(x)?"},
    {"stray '@' in program|unexpected '@' in program", "C++ has no @: write matmul(a, b)"},
    {"missing terminating", "a string is not closed: the second \" is missing"},
    {"#error", "there is an #error in the file: delete it"},
    {"([^ ]+\\.h): No such file|'([^']+\\.h)' file not found",
     "there is no header '$1': delete the #include or correct its path"},
    {"return-statement with no value|should return a value",
     "the function must return a Tensor: write return ...;"},
    {"no return statement in function|control reaches end of non-void|does not return a value",
     "the function ends without a return: write return ...; as its last line"},
    {"expected '(,' or ')?;'|expected ';'|expected '([,;])' or '[,;]'|expected initializer before",
     "a semicolon is missing at the end of this line"},
    {"expected '}'", "a closing brace } is missing: count them, also that of namespace mine"},
    {"expected declaration before '}'|extraneous closing brace",
     "there is one closing brace } too many"},
    {"expected '\\)'|expected ',' or '\\)'", "a closing parenthesis ) is missing"},
    {"expected '\\]'",
     "a closing bracket ] is missing; parts of a tensor are x.narrow(dim, start, length) or "
     "x.select(dim, i)"},
    {"expected '\\(' (before|after)",
     "if, for and while need parentheses: for (int64_t i = 0; i < n; ++i) { ... }"},
    {"expected primary-expression|expected expression",
     "something is missing before this, or does not belong here"},
    {"expected unqualified-id|expected constructor, destructor|unknown type name 'throw'",
     "this is outside of every function: is there one closing brace too many above?"},
    {"base operand of '->'|is not a pointer; did you mean to use '\\.'",
     "a Tensor is not a pointer: write a dot, x.size(0)"},
    {"redeclaration of '[^']*?(\\w+)'|redefinition of '(\\w+)'|conflicting declaration "
     "'[^']*?(\\w+)'",
     "'$1' is declared a second time: choose another name"},
    {"default argument given for parameter|redefinition of default argument",
     "the default value of an argument (= ...) is already in the header: delete it here"},
    {"invalid type argument of unary '\\*'|indirection requires pointer|no match for 'operator\\*' "
     "\\(operand type is",
     "C++ has no **: write x * x, or pow(x, 3)"},
    {"(?:could not convert|cannot convert|conversion from|no viable conversion from) "
     ".*(?:to|to non-scalar type|return "
     "type) '[^']*(?:tensor_list|vector<[^']*Tensor)",
     "a list of Tensors is expected here: write it in braces, as in return {dx};"},
    {"no match for 'operator.*(?:tensor_list|vector<[^']*Tensor)",
     "this is a list of Tensors: take one of them, as in dy[0]"},
    {"no match for 'operator\\|\\|'", "a Tensor has no ||: write a | b for two masks"},
    {"no match for 'operator&&'", "a Tensor has no &&: write a & b for two masks"},
    {"no match for 'operator!'", "a Tensor has no !: write ~mask"},
    {"could not convert .* to 'bool'|not contextually convertible to 'bool'|from '.*Tensor' to "
     "'bool'",
     "a Tensor cannot be a condition: choose element by element with where(condition, a, b), or "
     "ask for "
     "one number with item<double>()"},
    {"(?:could not convert|cannot convert|conversion from|no viable conversion from) .*(?:to|type) "
     ".*Tensor'",
     "a Tensor is expected here, and this is not one: use tensor(...), full(...) or an op that "
     "gives "
     "a Tensor"},
    {"no viable conversion from .*Tensor' to|cannot convert '.*Tensor' to '",
     "a plain number is expected here, and this is a Tensor: item<double>() gives the number of a "
     "tensor with one element"},
    {"assignment of read-only|cannot assign to variable|discards qualifiers|no match for "
     "'operator=' \\(operand types are 'const|no viable overloaded '='",
     "this is const and cannot be changed: give the result a new name, const Tensor y = ..."},
    {"too (few|many) arguments to function", "there are too $1 arguments in this call"},
    {"call to '(?:std::)?(?:sqrt|exp|pow|tanh|log|max|min)\\(.*Tensor|no matching function for "
     "call to '(?:sqrt|exp|pow|tanh|log)'",
     "the std:: functions take plain numbers: for a Tensor write x.sqrt(), x.exp(), ... without "
     "std::"},
    {"no matching function for call to '(\\w+)",
     "'$1' does not take these arguments: compare their number, order and types with its "
     "declaration"},
    {"call of overloaded '(\\w+)|call to '(\\w+)' is ambiguous",
     "there are two functions '$1' that fit: write gradus::$1 for the library's"},
    {"no match for 'operator|invalid operands",
     "this operator does not take these two: is one of them not a Tensor?"},
};

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t start = text.find(from); start != std::string::npos; start = text.find(from, start)) {
    text.replace(start, from.size(), to);
    start += to.size();
  }
}

std::string meaning(const std::string& said) {
  for (const Meaning& m : kMeanings) {
    std::smatch found;
    if (!std::regex_search(said, found, std::regex(m.said))) continue;
    std::vector<std::string> caught;  // the groups of the alternative that matched
    for (size_t i = 1; i < found.size(); ++i)
      if (found[i].matched) caught.push_back(found[i]);
    std::string text = m.means;
    for (size_t i = 0; i < caught.size(); ++i)
      replace_all(text, "$" + std::to_string(i + 1), caught[i]);
    return text;
  }
  return "the compiler says: " + said;
}

struct Place {
  size_t line = 0, column = 0;
  std::string said;  // the compiler's message
};

bool is_blank(const std::string& line) { return line.find_first_not_of(' ') == std::string::npos; }

/// clang++ does not name the operator that does not fit, as g++ does. It is at the place of the
/// error.
std::string with_operator(const std::string& said, const std::string& line, size_t column) {
  static const std::regex form(
      "invalid (?:operands to binary|argument type .* to unary) expression"
      ".*");
  static const std::regex symbol("\\|\\|?|&&?|[~!^]");
  std::smatch found;
  const std::string rest = line.substr(std::min(column - 1, line.size()));
  const bool has_symbol =
      std::regex_search(rest, found, symbol, std::regex_constants::match_continuous);
  if (!has_symbol || !std::regex_match(said, form)) return said;
  return fmt::format("no match for 'operator{}': {}", found[0].str(), said);
}

/// The first error in the file. If the first error is in another file, the line that led to it.
std::optional<Place> first_error(const std::string& output, const std::string& file) {
  const std::regex form("(.*?):(\\d+):(\\d+): +(.*)");
  const std::regex error("(?:fatal )?error: (.*)");
  std::string elsewhere;
  std::smatch found;
  std::smatch what;
  for (const std::string& line : lines_of(output)) {
    if (!std::regex_match(line, found, form)) continue;
    const std::string rest = found[4];
    const bool here = found[1] == file;
    const bool is_error = std::regex_match(rest, what, error);
    if (is_error && elsewhere.empty()) elsewhere = what[1];
    if (here && (is_error || !elsewhere.empty()))
      return Place{std::stoul(found[2]), std::stoul(found[3]),
                   is_error ? what[1].str() : elsewhere};
  }
  return {};
}

}  // namespace

std::string compiler_message(const std::string& output, const std::filesystem::path& file,
                             const std::string& source) {
  const std::string name = file.filename().string();
  const std::optional<Place> place = first_error(output, file.string());
  if (!place)
    return fmt::format("{} does not compile: {}", name, output.substr(0, output.find('\n')));
  const std::vector<std::string> lines = lines_of(source);
  const auto text_of = [&](size_t line) {
    return line > 0 && line <= lines.size() ? lines[line - 1] : std::string();
  };
  size_t line = place->line;
  // Compilers describe these two in other words, or not at all.
  const bool at_sign = text_of(line).find('@') != std::string::npos;
  const bool hash_error = std::regex_search(text_of(line), std::regex("^ *# *error"));
  const std::string said = with_operator(place->said, text_of(line), place->column);
  const std::string means = meaning(hash_error ? "#error"
                                    : at_sign  ? "stray '@' in program"
                                               : said);
  // The compiler notices a missing semicolon at the next word: the line before is the right one.
  const bool is_at_first_word = text_of(line).find_first_not_of(' ') + 1 == place->column;
  if (means.starts_with("a semicolon") && is_at_first_word) {
    --line;
    while (line > 1 && is_blank(text_of(line)))
      --line;
  }
  const std::string shown =
      text_of(line).substr(std::min(text_of(line).find_first_not_of(' '), text_of(line).size()));
  const std::string message = fmt::format("{}:{}: {}\n  {}", name, line, means, shown);
  const bool is_said = means.ends_with(place->said);
  return is_said ? message : message + "\n  the compiler: " + place->said;
}

std::string linker_message(const std::string& output, const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  std::smatch found;
  if (std::regex_search(output, found, std::regex("undefined reference to [`'\"]([^']*)'")) ||
      std::regex_search(output, found, std::regex("undefined symbol: ([^\n]*)")) ||
      std::regex_search(output, found, std::regex("\"([^\"]*)\", referenced from")))
    return fmt::format(
        "{}:1: {} is not defined anywhere: write it inside namespace mine, with the name and the "
        "arguments that the header has",
        name, found[1].str());
  if (std::regex_search(output, found, std::regex("multiple definition of [`'\"]([^']*)'")) ||
      std::regex_search(output, found, std::regex("duplicate symbol: ([^\n]*)")))
    return fmt::format("{}:1: {} is defined twice: delete one of the two, or choose another name",
                       name, found[1].str());
  return fmt::format("{}: the linker says: {}", name, output);
}

}  // namespace gradus::grader
