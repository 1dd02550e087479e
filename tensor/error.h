// Error, and check(), which throws it.
#pragma once
#include <fmt/format.h>

#include <new>
#include <stdexcept>

namespace gradus {

/// The exception for every wrong call: one sentence with the op, its arguments and what is wrong
/// with them.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Made when the program starts: its message could not be made when there is no memory left.
inline const Error out_of_memory("there is not enough memory");

[[noreturn, gnu::noinline]] inline void fail_formatted(fmt::string_view format,
                                                       fmt::format_args args) try {
  throw Error(fmt::vformat(format, args));
} catch (const std::bad_alloc&) {
  throw Error(out_of_memory);
}

template <class... Args>
[[noreturn]] void fail(fmt::format_string<const Args&...> format, const Args&... args) {
  fail_formatted(format, fmt::make_format_args(args...));
}

/// Throws an Error with the formatted sentence if `ok` is false.
template <class... Args>
void check(bool ok, fmt::format_string<const Args&...> format, const Args&... args) {
  if (!ok) [[unlikely]]
    fail_formatted(format, fmt::make_format_args(args...));
}

/// For {} in messages: formats a type by its to_string.
struct ToStringFormatter : fmt::formatter<fmt::string_view> {
  template <class T>
  auto format(const T& value, fmt::format_context& context) const {
    return fmt::formatter<fmt::string_view>::format(to_string(value), context);
  }
};

}  // namespace gradus
