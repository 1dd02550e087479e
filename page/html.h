// A report as HTML.
#pragma once
#include <string>

#include "page/json_values.h"

namespace gradus::page {

/// The page of a report. `program` is the content of a WebAssembly file, gzipped and in base64, or
/// empty.
std::string html(const Json& report, const std::string& program);

/// The file in base64; it must be compressed by gzip, or be the base64 of such a file. Throws if it
/// is not.
std::string read_program(const std::string& wasm_file);

}  // namespace gradus::page
