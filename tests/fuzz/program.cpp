#include "tests/fuzz/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

namespace gradus::fuzz {

double Options::number(const std::string& name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() || found->second.empty() ? 0 : found->second[0];
}

Shape Options::shape(const std::string& name) const {
  Shape shape;
  const auto found = lists_.find(name);
  if (found == lists_.end()) return shape;
  for (const double value : found->second)
    shape.push_back(static_cast<int64_t>(value));
  return shape;
}

std::string Options::to_text() const {
  std::string text;
  for (const auto& [name, list] : lists_)
    text += fmt::format(" {}={}", name, fmt::join(list, ","));
  return text;
}

std::vector<double> to_list(const Shape& shape) {
  std::vector<double> list;
  for (const int64_t size : shape)
    list.push_back(static_cast<double>(size));
  return list;
}

bool is_leaf(const Call& call) { return call.arguments.empty() && call.options.has("seed"); }

std::string to_text(const Program& program) {
  std::string text;
  if (program.second) text += "second\n";
  if (program.special) text += "special\n";
  for (const Call& call : program.calls) {
    for (const int result : call.results)
      text += fmt::format("v{} ", result);
    text += (call.results.empty() ? "" : "= ") + call.op;
    for (const int argument : call.arguments)
      text += fmt::format(" v{}", argument);
    text += call.options.to_text() + "\n";
  }
  return text;
}

namespace {

std::vector<double> parse_list(const std::string& text) {
  std::vector<double> list;
  std::istringstream stream(text);
  for (std::string number; std::getline(stream, number, ',');)
    list.push_back(std::stod(number));
  return list;
}

Call parse_call(const std::string& line) {
  Call call;
  std::vector<int> variables;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (word == "=") {
      call.results = std::move(variables);
      variables.clear();
    } else if (equals != std::string::npos) {
      call.options.set(word.substr(0, equals), parse_list(word.substr(equals + 1)));
    } else if (call.op.empty() && !(word[0] == 'v' && std::isdigit(word[1]))) {
      call.op = word;
    } else {
      variables.push_back(std::stoi(word.substr(1)));
    }
  }
  call.arguments = std::move(variables);
  return call;
}

}  // namespace

Program parse(const std::string& text) {
  Program program;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line == "second") {
      program.second = true;
    } else if (line == "special") {
      program.special = true;
    } else {
      program.calls.push_back(parse_call(line));
      for (const int result : program.calls.back().results)
        program.variables = std::max(program.variables, result + 1);
    }
  }
  for (const Call& call : program.calls)
    for (const int argument : call.arguments)
      check(argument >= 0 && argument < program.variables, "program: v{} is never computed",
            argument);
  return program;
}

}  // namespace gradus::fuzz
