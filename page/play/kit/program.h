// The main function of a program that makes a page to play with.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "page/report.h"

namespace gradus::page {

/// The values of a program's own flags, such as {"--code", "x.t()"}.
using Flags = std::map<std::string, std::string>;

/// What the program was called with.
struct ProgramOptions {
  Flags flags;
  bool json = false;
  std::string page = {};
  std::string wasm = {};
};

/// Reads "--flag value" for each flag of `defaults`, --json, --page FILE and --wasm FILE. Throws
/// Error with a sentence for anything else.
ProgramOptions read_options(int argc, const char* const* argv, const Flags& defaults);

/// Prints the report (--json), or writes it as a page (--page FILE, with the WebAssembly program of
/// --wasm FILE inside). What `make` throws is printed to stderr. Returns the exit status.
int play(int argc, const char* const* argv, const Flags& defaults,
         const std::function<Report(const Flags&)>& make);

/// The flag's value as an integer. Throws Error unless it is one from `least` to `most`.
int64_t integer_flag(const Flags& flags, const std::string& flag, int64_t least, int64_t most);

}  // namespace gradus::page
