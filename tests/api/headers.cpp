#include "headers.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <regex>

#include "tensor/error.h"

namespace gradus::api {

namespace {

bool starts_with(const std::string& line, const std::string& start) {
  return line.rfind(start, 0) == 0;
}

std::string trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::string without_comment(const std::string& line) {
  return trim(line.substr(0, line.find("//")));
}

/// Up to the first full stop that ends a sentence, without it.
std::string first_sentence(const std::string& comment) {
  static const std::regex end("(\\.|:) |(\\.|:)$");
  std::smatch match;
  return std::regex_search(comment, match, end) ? match.prefix().str() : comment;
}

/// The position of the first of `characters` outside brackets of every kind, or npos.
size_t find_outside(const std::string& text, const std::string& characters, size_t from = 0) {
  int depth = 0;
  for (size_t i = from; i < text.size(); ++i) {
    if (depth == 0 && characters.find(text[i]) != characters.npos) return i;
    const bool is_arrow = text[i] == '>' && i > 0 && text[i - 1] == '-';
    if (std::string("({[<").find(text[i]) != std::string::npos) ++depth;
    if (std::string(")}]>").find(text[i]) != std::string::npos && !is_arrow) --depth;
  }
  return text.npos;
}

/// "const Shape& dim" gives "dim", "bool keepdim = false" gives "keepdim = false".
std::string parameter(const std::string& text) {
  const size_t equals = find_outside(text, "=");
  const std::string declared = trim(text.substr(0, equals));
  const std::regex last_word("[A-Za-z_][A-Za-z_0-9]*$");
  std::smatch match;
  std::string name = std::regex_search(declared, match, last_word) ? match.str() : declared;
  if (declared.find(' ') == declared.npos && equals == text.npos) name = declared;
  return equals == text.npos ? name : name + " " + trim(text.substr(equals));
}

/// "(const Tensor& x, int64_t dim = 0) const;" gives "x, dim = 0".
std::string parameters(const std::string& text) {
  std::string result;
  size_t begin = 1;
  while (true) {
    const size_t end = find_outside(text, ",)", begin);
    const std::string one = trim(text.substr(begin, end - begin));
    if (!one.empty()) result += (result.empty() ? "" : ", ") + parameter(one);
    if (end == text.npos || text[end] == ')') return result;
    begin = end + 1;
  }
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& header) : path_(header) {
    std::ifstream file(header);
    check(file.is_open(), "api: cannot read {}", header.string());
    for (std::string line; std::getline(file, line);)
      lines_.push_back(line);
  }

  std::vector<Declaration> read() {
    for (at_ = 0; at_ < lines_.size(); ++at_)
      read_line(lines_[at_]);
    return std::move(found_);
  }

 private:
  struct Class {
    std::string name;
    size_t indent;
    bool is_public;
  };

  void read_line(const std::string& line) {
    const std::string text = trim(line);
    const size_t indent = line.find_first_not_of(' ');
    if (text.empty() || starts_with(text, "#") ||
        (starts_with(text, "//") && !starts_with(text, "///"))) {
      comment_.clear();
      if (starts_with(text, "#define")) skip_macro();
      return;
    }
    const bool in_class = !classes_.empty();
    if (in_class && indent == classes_.back().indent && starts_with(text, "}")) {
      classes_.pop_back();
      comment_.clear();
      return;
    }
    if (in_class && indent == classes_.back().indent + 1) {
      classes_.back().is_public = text == "public:";
      comment_.clear();
      return;
    }
    if (indent != (in_class ? classes_.back().indent + 2 : 0)) return;
    if (starts_with(text, "///"))
      comment_ += (comment_.empty() ? "" : " ") + trim(text.substr(3));
    else
      read_declaration();
  }

  void skip_macro() {
    while (!lines_[at_].empty() && lines_[at_].back() == '\\')
      ++at_;
  }

  /// The declaration that begins in this line: without its body, on one line.
  std::string whole_declaration() {
    std::string text = without_comment(lines_[at_]);
    if (starts_with(text, "GRADUS_")) return text;  // a macro that declares an operator
    while (std::string(";{}").find(text.back()) == text.npos && at_ + 1 < lines_.size())
      text += " " + without_comment(lines_[++at_]);
    return text;
  }

  void read_declaration() {
    const size_t indent = lines_[at_].find_first_not_of(' ');
    if (starts_with(trim(lines_[at_]), "template")) skip_template();
    if (starts_with(trim(lines_[at_]), "requires")) skip_constraint(indent);
    std::string text = trim(lines_[at_]);
    if (!starts_with(text, "namespace") && text != "}") text = whole_declaration();
    const size_t scopes = namespaces_.size() + classes_.size();
    declared(std::regex_replace(
        text,
        std::regex("^((explicit|inline|static|constexpr|friend|"
                   "virtual|constinit|decltype\\(auto\\)|\\[\\[[a-z_:]*\\]\\]) )+"),
        ""));
    comment_.clear();
    const bool opens_scope = scopes != namespaces_.size() + classes_.size();
    if (text.back() == '{' && !opens_scope) skip_body(indent);
  }

  void skip_body(size_t indent) {
    while (at_ + 1 < lines_.size()) {
      ++at_;
      if (lines_[at_].find_first_not_of(' ') == indent && lines_[at_][indent] == '}') return;
    }
  }

  void skip_template() {
    std::string text = trim(lines_[at_]);
    while (std::count(text.begin(), text.end(), '<') > std::count(text.begin(), text.end(), '>'))
      text += trim(lines_[++at_]);
    ++at_;
  }

  /// Up to the declaration, which begins in the next line or after the constraint in this one.
  void skip_constraint(size_t indent) {
    const std::string text = trim(lines_[at_]);
    const size_t same_line = text.find(" explicit ");
    if (same_line != text.npos) {
      lines_[at_] = std::string(indent, ' ') + text.substr(same_line + 1);
      return;
    }
    if (text.back() == '{') skip_body(indent);
    ++at_;
  }

  void declared(const std::string& text) {
    static const std::regex of_namespace("(inline )?namespace ([A-Za-z_:0-9]+) \\{.*");
    static const std::regex of_class(
        "(class|struct|enum|enum class|enum struct) ([A-Za-z_0-9]+)(<.*>)?( final)?( : .*)?( "
        "\\{.*|;.*)");
    std::smatch match;
    if (std::regex_match(text, match, of_namespace)) {
      namespaces_.push_back(match[2]);
    } else if (starts_with(text, "}")) {
      if (!namespaces_.empty()) namespaces_.pop_back();
    } else if (std::regex_match(text, match, of_class)) {
      const bool is_class = !starts_with(match[1], "enum");
      if (text.back() == ';' && text.find('{') == text.npos) return;  // declared elsewhere
      if (!match[3].matched) add(match[2], match[2]);                 // else a specialisation
      if (text.back() != '{') return;
      const size_t indent = lines_[at_].find_first_not_of(' ');
      classes_.push_back({match[2], indent == std::string::npos ? 0 : indent,
                          is_class && starts_with(match[1], "struct")});
    } else {
      declared_name(text);
    }
  }

  void declared_name(const std::string& text) {
    static const std::regex alias("using ([A-Za-z_0-9]+) = .*");
    static const std::regex concept_name("concept ([A-Za-z_0-9]+) = .*");
    static const std::regex operator_name("operator ?(\\(\\)|\\[\\]|[^(]+)\\(");
    static const std::regex macro("GRADUS_[A-Z_]+\\(([^,]+), ([a-z_]+).*");
    std::smatch match;
    if (std::regex_match(text, match, alias) || std::regex_match(text, match, concept_name))
      return add(match[1], match[1]);
    if (starts_with(text, "using ") || starts_with(text, "static_assert") || starts_with(text, "~"))
      return;
    // A macro that declares a method of a tensor or a number.
    static const std::regex method("GRADUS_TENSOR_OR_SCALAR\\(([a-z_]+)\\)");
    if (std::regex_match(text, match, method)) return add(match[1], match[1].str() + "(y)");
    if (std::regex_match(text, match, macro)) {
      if (comment_.empty()) comment_ = "The same as " + match[2].str();
      return add("operator" + match[1].str(), "");
    }
    if (std::regex_search(text, match, operator_name)) return add("operator" + match[1].str(), "");
    const size_t bracket = find_outside(text, "(");
    const size_t end = find_outside(text, "=;{");
    const std::string before = trim(text.substr(0, std::min(bracket, end)));
    static const std::regex last_word("[A-Za-z_][A-Za-z_0-9]*$");
    check(std::regex_search(before, match, last_word), "api: {}, line {}: not understood: {}",
          path_.string(), at_ + 1, text);
    const std::string name = match.str();
    if (match.prefix().str().ends_with("::")) return;  // a member, declared in its class
    const bool is_function = bracket != text.npos && (end == text.npos || bracket < end);
    add(name, is_function ? name + "(" + parameters(text.substr(bracket)) + ")" : name);
  }

  void add(const std::string& name, const std::string& call) {
    std::string scope;
    for (const std::string& part : namespaces_)
      scope += part + "::";
    if (!starts_with(scope, "gradus::")) return;
    scope = scope.substr(std::string("gradus::").size());
    for (const Class& one : classes_) {
      if (!one.is_public) return;
      scope += one.name + "::";
    }
    found_.push_back({scope + name, call, first_sentence(comment_)});
  }

  std::filesystem::path path_;
  std::vector<std::string> lines_;
  size_t at_ = 0;
  std::string comment_;
  std::vector<std::string> namespaces_;
  std::vector<Class> classes_;
  std::vector<Declaration> found_;
};

}  // namespace

std::vector<Declaration> declarations(const std::filesystem::path& header) {
  return Reader(header).read();
}

std::vector<std::string> included_headers(const std::filesystem::path& root,
                                          const std::string& header) {
  std::vector<std::string> found = {header};
  static const std::regex include("#include \"([^\"]+)\"");
  for (size_t i = 0; i < found.size(); ++i) {
    std::ifstream file(root / found[i]);
    check(file.is_open(), "api: cannot read {}", (root / found[i]).string());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (!std::regex_match(line, match, include)) continue;
      if (std::find(found.begin(), found.end(), match[1].str()) == found.end())
        found.push_back(match[1]);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace gradus::api
