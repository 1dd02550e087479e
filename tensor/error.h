#pragma once
#include <fmt/format.h>

#include <stdexcept>

namespace gradus {

/// Everything that can go wrong: one sentence with the op, what was given and what does not fit.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn, gnu::noinline]] inline void fail_formatted(fmt::string_view format,
                                                       fmt::format_args args) {
  throw Error(fmt::vformat(format, args));
}

template <class... Args>
[[noreturn]] void fail(fmt::format_string<const Args&...> format, const Args&... args) {
  fail_formatted(format, fmt::make_format_args(args...));
}

/// Throws Error with the formatted sentence unless `ok`; on success nothing is formatted.
template <class... Args>
void check(bool ok, fmt::format_string<const Args&...> format, const Args&... args) {
  if (!ok) [[unlikely]]
    fail_formatted(format, fmt::make_format_args(args...));
}

/// For {} in messages: formats whatever has a to_string.
struct ToStringFormatter : fmt::formatter<fmt::string_view> {
  template <class T>
  auto format(const T& value, fmt::format_context& context) const {
    return fmt::formatter<fmt::string_view>::format(to_string(value), context);
  }
};

}  // namespace gradus
