// CSV as RFC 4180 defines it, in UTF-8.
#pragma once
#include <string>
#include <vector>

namespace gradus::grader {

/// One row with its line end. Fields with commas, quotes, line ends or outer spaces are quoted.
std::string csv_row(const std::vector<std::string>& fields);

/// The rows of a CSV text. Lines may end with \r\n or \n, and a byte order mark is skipped. Throws
/// if a quote is not closed.
std::vector<std::vector<std::string>> csv_rows(const std::string& text);

}  // namespace gradus::grader
