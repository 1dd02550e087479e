// Modules as Python's PyTorch prints them. Source: __repr__ of Module and ModuleList in
// torch/nn/modules of PyTorch.
#include <algorithm>
#include <ostream>

#include "nn/module_state.h"

namespace gradus::nn {
namespace {

/// The text with every line but the first moved to the right.
std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

std::string text_of(const ModuleState& module, const std::string& name);

/// "(0): GELU()", "(1): Linear(...)". Equal children of a list that follow each other are one line:
/// "(0-11): 12 x Block(...)".
std::vector<std::string> lines_of_children(const ModuleState& module) {
  std::vector<std::string> texts;
  for (const auto& [name, child] : module.children)
    texts.push_back(indented(text_of(*child, class_name(child->class_signature))));
  std::vector<std::string> lines;
  size_t first = 0;
  while (first < texts.size()) {
    const std::string& text = texts[first];
    size_t last = first;
    while (module.is_list && last + 1 < texts.size() && texts[last + 1] == text)
      ++last;
    const std::string& name = module.children[first].first;
    lines.push_back(last == first
                        ? fmt::format("({}): {}", name, text)
                        : fmt::format("({}-{}): {} x {}", name, module.children[last].first,
                                      last - first + 1, text));
    first = last + 1;
  }
  return lines;
}

std::string text_of(const ModuleState& module, const std::string& name) {
  std::string text = name + "(";
  if (module.children.empty()) return text + module.extra_repr + ")";
  if (!module.extra_repr.empty()) text += "\n  " + module.extra_repr;
  for (const std::string& line : lines_of_children(module))
    text += "\n  " + line;
  return text + "\n)";
}

}  // namespace

std::string class_name(std::string_view signature) {
  const size_t equals = signature.find("M = ");
  const size_t bracket = signature.rfind(']');
  std::string_view type = signature;  // "gradus::nn::ModuleList<Block>", "f()::Net"
  if (equals != std::string_view::npos && bracket != std::string_view::npos)
    type = signature.substr(equals + 4, bracket - equals - 4);
  // The name follows the last :: that is not within brackets, and ends at the next bracket.
  size_t start = 0;
  size_t end = type.size();
  int depth = 0;
  for (size_t i = 0; i < type.size(); ++i) {
    const char c = type[i];
    const bool opens = c == '<' || c == '(' || c == '{' || c == '[';
    const bool closes = c == '>' || c == ')' || c == '}' || c == ']';
    if (opens && depth == 0 && end == type.size()) end = i;
    depth += opens ? 1 : 0;
    depth -= closes ? 1 : 0;
    if (depth == 0 && c == ':') {
      start = i + 1;
      end = type.size();
    }
  }
  return std::string(type.substr(start, end - start));
}

PrintedValue::PrintedValue(bool value) : text(value ? "True" : "False") {}
PrintedValue::PrintedValue(int64_t value) : text(fmt::format("{}", value)) {}
PrintedValue::PrintedValue(double value) : text(fmt::format("{}", value)) {
  const auto is_digit = [](char c) { return c == '-' || (c >= '0' && c <= '9'); };
  if (std::all_of(text.begin(), text.end(), is_digit)) text += ".0";
}
PrintedValue::PrintedValue(const std::string& value)
    : text(fmt::format("'{}'", printable(value))) {}
PrintedValue::PrintedValue(const char* value) : PrintedValue(std::string(value)) {}
PrintedValue::PrintedValue(const Shape& value) : text("(") {
  for (size_t i = 0; i < value.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", value[i]);
  text += value.size() == 1 ? ",)" : ")";
}

void Module::set_extra_repr(const std::vector<PrintedArgument>& arguments) const {
  std::string& text = state_->extra_repr;
  text.clear();
  for (const auto& [name, value] : arguments)
    text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", name, name.empty() ? "" : "=",
                        value.text);
}

void Module::set_class(const char* signature) const { state_->class_signature = signature; }
void Module::set_layer(const char* signature) const {
  set_class(signature);
  state_->is_layer = true;
}

std::string Module::name() const { return class_name(state_->class_signature); }

std::string module_text(const Module& module, const char* signature) {
  const std::string own = class_name(signature);
  return text_of(*module.state_, own == "Module" || own == "AnyModule" ? module.name() : own);
}

std::ostream& write_module(std::ostream& out, const Module& module, const char* signature) {
  return out << module_text(module, signature);
}

}  // namespace gradus::nn
