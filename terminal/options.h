// Options of a command line, for programs that use CLI11.
#pragma once
#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

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

}  // namespace gradus::terminal
