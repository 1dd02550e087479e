// Options of a command line, for programs that use CLI11.
#pragma once
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>

#include "terminal/terminal.h"

namespace gradus::terminal {

/// An option whose value is an integer; `value` is an int64_t or an std::optional<int64_t>. CLI11
/// would read 010 as octal, and clamp to 64 bits.
template <class Value>
CLI::Option* add_integer(CLI::App& app, const std::string& name, Value& value,
                         const std::string& description) {
  const auto read = [name, &value](const std::string& text) {
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range)
      throw CLI::ValidationError(name, text + " does not fit into 64 bits with a sign");
    if (error != std::errc() || stop != end)
      throw CLI::ValidationError(name, "expected an integer, got '" + text + "'");
    value = number;
  };
  return app.add_option_function<std::string>(name, read, description)->type_name("INTEGER");
}

/// The help of a program in lines of at most w columns. A description goes on in its own column.
inline std::string help_text(const CLI::App& app, int w) {
  std::istringstream lines(app.help());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const size_t name = std::min(line.find_first_not_of(' '), line.size());
    const size_t gap = name > 0 ? line.find("  ", name) : std::string::npos;
    const size_t words = std::min(line.find_first_not_of(' ', gap), line.size());
    const auto column = static_cast<int>(gap == std::string::npos ? name : words);
    const bool fits = columns(line) <= w;
    if (fits || column >= w - 20) {
      text += fits ? line + "\n" : fold(line, w) + "\n";
      continue;
    }
    const auto start = static_cast<size_t>(column);
    text += line.substr(0, start) + wrap(line.substr(start), w, column).substr(start);
  }
  return text;
}

/// Ends the parsing of a command line that asks for help or is wrong; the exit status, 0 for help.
inline int exit_parsing(const CLI::App& app, const CLI::ParseError& error, int if_wrong) {
  if (error.get_name() == "CallForHelp") {
    fmt::print("{}", help_text(app, width()));
    return 0;
  }
  return app.exit(error) == 0 ? 0 : if_wrong;
}

}  // namespace gradus::terminal
