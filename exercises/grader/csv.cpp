#include "exercises/grader/csv.h"

#include "tensor/error.h"

namespace gradus::grader {
namespace {

std::string csv_field(const std::string& text) {
  const bool has_outer_space = text.starts_with(' ') || text.ends_with(' ');
  if (!has_outer_space && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text)
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// Reads a text byte by byte.
class Parser {
 public:
  void read(char c) {
    if (is_quoted_) {
      if (c == '"')
        is_quoted_ = false;
      else
        field_ += c;
    } else if (c == '"' && was_quote_) {
      field_ += c;  // "" inside of quotes
      is_quoted_ = true;
    } else if (c == '"' && field_.find_first_not_of(' ') == std::string::npos) {
      field_.clear();
      is_quoted_ = true;
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      end_row();
    } else {
      field_ += c;
    }
    was_quote_ = c == '"' && !is_quoted_;
  }

  std::vector<std::vector<std::string>> rows() {
    check(!is_quoted_, "a quote \" is not closed");
    if (!field_.empty() || !row_.empty()) end_row();
    return rows_;
  }

 private:
  void end_field() {
    row_.push_back(field_);
    field_.clear();
  }
  void end_row() {
    if (field_.ends_with('\r')) field_.pop_back();
    end_field();
    rows_.push_back(row_);
    row_.clear();
  }

  std::string field_;
  std::vector<std::string> row_;
  std::vector<std::vector<std::string>> rows_;
  bool is_quoted_ = false, was_quote_ = false;
};

}  // namespace

std::string csv_row(const std::vector<std::string>& fields) {
  std::string row;
  for (size_t i = 0; i < fields.size(); ++i)
    row += (i > 0 ? "," : "") + csv_field(fields[i]);
  return row + "\r\n";
}

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  const std::string mark = "\xEF\xBB\xBF";
  Parser parser;
  for (size_t i = text.starts_with(mark) ? mark.size() : 0; i < text.size(); ++i)
    parser.read(text[i]);
  return parser.rows();
}

}  // namespace gradus::grader
