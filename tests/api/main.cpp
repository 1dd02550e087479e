// Writes docs/api.md: every public name by group, what its header says, and an example with its
// value. Compares it with the file, or writes the file.
//
//   api_page SOURCE [--write]
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "examples.h"
#include "headers.h"

namespace gradus::api {

namespace {

/// The headers of gradus.h whose names are for the library itself: how ops are recorded, memory and
/// kernels. docs/extending.md and docs/structure.md are about them.
const std::regex kInternalHeaders(
    "tensor/kernels/.*|tensor/(checks|elementwise|file_io|hook|observers|ref|storage|strided)\\.h|"
    "autograd/(deep_call|entries|hooks|in_place|node|record|reduce|rule|saved|selection)\\.h|"
    "check/(mistakes|numeric_gradient)\\.h|"
    "nn/(attend|functional|learning_rates|length_mask|weighted_states)\\.h");

/// The other names for the library itself.
const std::regex kInternalNames(
    // tensor/
    "memory::.*|fail.*|check.*|dispatch.*|fits|integer_part_fits|converted|NumberOf|loads_into|"
    "name_of|tensor_element|"
    "empty_strided_like|default_generator|generator_mutex|LockedGenerator|style_of_dropout|"
    "fill_.*|dropout_mask|Element|Arithmetic|ToStringFormatter|numel|contiguous_strides|index_of|"
    "OuterSizeInner|outer_size_inner|wrap_dim|broadcast.*|out_of_memory|printable|"
    "Tensor::(impl|as_view|node)|"
    // autograd/
    "grad_enabled|autograd::(check.*|detects_anomalies|nan_check_is_on|with_node|live_nodes|"
    "reachable_nodes|operator<<|Profile(dCall|r)|profile_result|(set_)?current_profiler|"
    "log(s_ops|_result)|Function(Arguments|Backward|Call)|type_name)|"
    // check/
    "compare_gradient|Tolerance|compare|rows_to_string|"
    // nn/
    "nn::(checked.*|check_fits|class_(name|signature)|module_text|write_module|first_tensor|"
    "summarize|HasForward|TensorFunction|operator<<|ObjectEnd|"
    "ParameterAt|Printed.*|Signature|uniform_init|with_lengths_kept_on_error)");

/// What the page says about a name.
struct Entry {
  std::string call;
  std::string about;
  std::vector<std::string> members;  // of a class, without those that have entries of their own
};

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class Names {
 public:
  explicit Names(const std::filesystem::path& source) {
    for (const std::string& header : included_headers(source, "gradus.h")) {
      if (std::regex_match(header, kInternalHeaders)) continue;
      for (const Declaration& one : declarations(source / header))
        add(one);
    }
    // A method that is also a function has no entry of its own, unless they differ.
    std::erase_if(entries_, [&](const auto& entry) {
      const std::string& name = entry.first;
      static const std::regex other("Tensor::(dtype|is_floating_point|requires_grad)");
      return name.rfind(kTensor, 0) == 0 && !std::regex_match(name, other) &&
             entries_.contains(name.substr(kTensor.size()));
    });
  }

  const std::map<std::string, Entry>& entries() const { return entries_; }
  /// Whether a function is also a method of Tensor.
  bool is_method(const std::string& name) const { return methods_.contains(name); }

 private:
  static inline const std::string kTensor = "Tensor::";

  void add(const Declaration& one) {
    static const std::regex of_class("((?:[a-z_]+::)*)([A-Z][A-Za-z0-9]*)::(.*)");
    std::smatch match;
    if (std::regex_match(one.name, kInternalNames)) return;
    if (!std::regex_match(one.name, match, of_class)) return describe(one.name, one);
    const std::string type = match[2];
    const std::string owner = match[1].str() + type;
    const std::string member = match[3];
    if (std::regex_match(owner, kInternalNames)) return;
    if (owner == "Tensor") methods_.insert(member);
    if (member == type)
      describe_constructor(owner, one);
    else if (owner == "Tensor")
      describe(one.name, one);
    else if (member.rfind("operator", 0) == 0)
      return;
    else if (owner == "nn::Module" || owner == "optim::Optimizer")
      describe(one.name, one);
    else if (!contains(entries_[owner].members, member))
      entries_[owner].members.push_back(member);
  }

  /// Of several overloads the page shows the call of the first.
  void describe(const std::string& name, const Declaration& one) {
    if (name == "Tensor" || name.rfind("Tensor::operator", 0) != 0) {
      Entry& entry = entries_[name];
      if (entry.call.empty()) entry.call = one.call;
      if (entry.about.empty()) entry.about = one.about;
    } else if (!one.about.empty() || !entries_.contains(name)) {
      entries_[name].about = one.about;
    }
  }

  void describe_constructor(const std::string& owner, const Declaration& one) {
    static const std::regex copies(".*\\((other|const [A-Za-z]+&|[A-Za-z]+&&|)\\)");
    Entry& entry = entries_[owner];
    if (entry.about.empty()) entry.about = one.about;
    if (entry.call.find('(') == entry.call.npos && !std::regex_match(one.call, copies))
      entry.call = one.call;
  }

  std::map<std::string, Entry> entries_;
  std::set<std::string> methods_;
};

/// Text that a table of Markdown shows as it is.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (std::string("|*_").find(c) != std::string::npos)
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

/// Code on one line. In a table a | is escaped in code, too.
std::string code(const std::string& text) {
  std::string line = std::regex_replace(text, std::regex("\\s*\\n\\s*"), " ");
  line = std::regex_replace(line, std::regex("\\|"), "\\|");
  return "`" + line + "`";
}

std::string call_of(const std::string& name, const Entry& entry, bool is_method) {
  const size_t scope = name.rfind("::");
  const std::string prefix = scope == name.npos ? "" : name.substr(0, scope + 2);
  const bool is_operator = name.find("operator") != name.npos;
  return code(is_operator ? name : prefix + entry.call) + (is_method ? " · method" : "");
}

/// The page, and what is missing on it.
class Page {
 public:
  Page(const Names& names, const std::vector<Group>& groups) : names_(names) {
    for (const Group& group : groups) {
      text_ += "\n## " + group.title + "\n\n| Name | What it is | Example |\n|---|---|---|\n";
      for (const Example& example : group.examples)
        add(example);
    }
    for (const auto& [name, entry] : names.entries())
      if (!shown_.contains(name)) missing_.push_back(name + " has no example");
  }

  const std::string& text() const { return text_; }
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void add(const Example& example) {
    const auto found = names_.entries().find(example.name);
    if (found == names_.entries().end()) {
      missing_.push_back(example.name + " has an example, but no header declares it");
      return;
    }
    shown_.insert(example.name);
    const Entry& entry = found->second;
    if (entry.about.empty()) missing_.push_back(example.name + " has no comment in its header");
    std::string about = escaped(entry.about);
    if (!entry.members.empty()) about += ". Members: " + escaped(list_of(entry.members));
    manual_seed(0);
    text_ += "| " + call_of(example.name, entry, names_.is_method(example.name)) + " | " + about +
             " | " + code(example.code) + " → " + code(example.run()) + " |\n";
  }

  static std::string list_of(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
      text += (text.empty() ? "" : ", ") + word;
    return text;
  }

  const Names& names_;
  std::string text_ =
      "# Every name\n\n"
      "Everything that `#include <gradus.h>` gives to a program, by group. `x.exp()` and `exp(x)` "
      "are the same for\nevery function marked *method*. Overloads of a function have one row. "
      "The examples follow\n\n"
      "```cpp\nusing namespace gradus;\nusing namespace gradus::indexing;\nusing namespace "
      "gradus::nn;\n"
      "manual_seed(0);\n"
      "const Tensor x = tensor({1., 2., 3.});\n"
      "const Tensor m = tensor({{1., 2.}, {3., 4.}});\n"
      "const Tensor ids = tensor({2, 0});\n"
      "const Tensor mask = tensor({true, false, true});\n"
      "const Tensor w = tensor({1., 2., 3.}).requires_grad_();\n```\n\n"
      "and give what stands behind the arrow: a test runs them and writes this page.\n";
  std::set<std::string> shown_;
  std::vector<std::string> missing_;
};

std::vector<Group> all_groups() {
  std::vector<Group> groups;
  for (const auto& some :
       {groups_of_tensors(), groups_of_ops(), groups_of_gradients(), groups_of_modules()})
    groups.insert(groups.end(), some.begin(), some.end());
  return groups;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

int run(const std::filesystem::path& source, bool write) {
  const Names names(source);
  const Page page(names, all_groups());
  for (const std::string& line : page.missing())
    std::cerr << "api_page: " << line << "\n";
  const std::filesystem::path file = source / "docs/api.md";
  if (write) std::ofstream(file) << page.text();
  if (content_of(file) != page.text()) {
    std::cerr << "api_page: docs/api.md is not up to date; run api_page SOURCE --write\n";
    return 1;
  }
  return page.missing().empty() ? 0 : 1;
}

}  // namespace

}  // namespace gradus::api

int main(int argc, char** argv) {
  try {
    const bool write = argc > 2 && std::string(argv[2]) == "--write";
    if (argc >= 2) return gradus::api::run(argv[1], write);
    std::cerr << "usage: api_page SOURCE [--write]\n";
  } catch (const std::exception& error) {
    std::cerr << "api_page: " << error.what() << "\n";
  }
  return 1;
}
