#include "page/play/kit/program.h"

#include <charconv>
#include <cstdio>

namespace gradus::page {

ProgramOptions read_options(int argc, const char* const* argv, const Flags& defaults) {
  ProgramOptions options{.flags = defaults};
  std::string known = "--json, --page FILE, --wasm FILE";
  for (const auto& [flag, value] : defaults)
    known += ", " + flag + " VALUE";
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--json") {
      options.json = true;
      continue;
    }
    const bool takes_value = flag == "--page" || flag == "--wasm" || defaults.count(flag) > 0;
    check(takes_value, "unknown option '{}'; known are {}", flag, known);
    check(i + 1 < argc, "{} needs a value", flag);
    const std::string value = argv[++i];
    if (flag == "--page")
      options.page = value;
    else if (flag == "--wasm")
      options.wasm = value;
    else
      options.flags[flag] = value;
  }
  check(options.json || !options.page.empty(),
        "--page FILE writes the page, --json prints its report");
  return options;
}

int play(int argc, const char* const* argv, const Flags& defaults,
         const std::function<Report(const Flags&)>& make) {
  try {
    const ProgramOptions options = read_options(argc, argv, defaults);
    const Report report = make(options.flags);
    if (options.json) fmt::print("{}\n", report.json());
    if (!options.page.empty()) {
      report.write(options.page, options.wasm);
      if (!options.json) fmt::print("{}\n", options.page);
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

int64_t integer_flag(const Flags& flags, const std::string& flag, int64_t least, int64_t most) {
  const std::string& text = flags.at(flag);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_read = error == std::errc{} && end == text.data() + text.size();
  check(is_read && value >= least && value <= most,
        "{}: expected an integer from {} to {}, got '{}'", flag, least, most, text);
  return value;
}

}  // namespace gradus::page
