#include "page/play/kit/tokens.h"

#include <algorithm>

namespace gradus::page {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (skip(); at_ < text_.size(); skip())
      tokens.push_back(next());
    tokens.push_back({Token::kEnd, "", {text_.size(), text_.size()}});
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip() {
    while (at_ < text_.size()) {
      if (is_space(peek()))
        ++at_;
      else if (peek() == '/' && peek(1) == '/')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else
        return;
    }
  }

  Token next() {
    const size_t first = at_;
    Token::Kind kind = Token::kSign;
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) {
      kind = Token::kNumber;
      skip_number();
    } else if (is_letter(peek())) {
      kind = Token::kName;
      while (is_letter(peek()) || is_digit(peek()))
        ++at_;
    } else {
      skip_sign();
    }
    return {kind, text_.substr(first, at_ - first), {first, at_}};
  }

  void skip_number() {
    while (is_digit(peek()) || peek() == '.')
      ++at_;
    const bool has_sign = peek(1) == '-' || peek(1) == '+';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(has_sign ? 2 : 1))) {
      at_ += has_sign ? 2 : 1;
      while (is_digit(peek()))
        ++at_;
    }
    if (peek() == 'f' || peek() == 'F') ++at_;
  }

  void skip_sign() {
    constexpr std::string_view kSigns = "()[]{},.;=+-*/";
    const size_t first = at_++;
    if (kSigns.find(text_[first]) != std::string_view::npos) return;
    // In UTF-8 all bytes of a character except the first have the form 10xxxxxx.
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80)
      ++at_;
    const bool printable = static_cast<unsigned char>(text_[first]) >= ' ';
    throw ExpressionError(
        fmt::format("'{}' has no meaning here",
                    printable ? std::string(text_.substr(first, at_ - first)) : "?"),
        {first, at_});
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text) { return Scanner(text).run(); }

}  // namespace gradus::page
