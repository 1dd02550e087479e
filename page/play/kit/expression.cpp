#include "page/play/kit/expression.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "page/play/kit/calls.h"
#include "page/play/kit/tokens.h"

namespace gradus::page {
namespace {

constexpr int kDeepest = 40;  // brackets inside brackets

/// Reads a program and carries it out at the same time.
class Interpreter {
 public:
  Interpreter(const std::string& text, const StepObserver& observer,
              const ExpressionOptions& options, Outcome& outcome)
      : tokens_(tokens_of(text)), observer_(observer), options_(options), outcome_(outcome) {}

  void run() {
    while (peek().kind != Token::kEnd) {
      if (accept(";")) continue;
      statement();
      if (peek().kind != Token::kEnd && !accept(";"))
        fault("expected ';' or an operator, found '{}'", peek());
    }
    if (!outcome_.result.defined())
      throw ExpressionError("the text computes nothing yet", peek().place);
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token next() {
    const Token token = peek();
    if (token.kind != Token::kEnd) ++at_;
    return token;
  }
  bool is_sign(std::string_view sign, size_t ahead = 0) const {
    return peek(ahead).kind == Token::kSign && peek(ahead).text == sign;
  }
  bool accept(std::string_view sign) {
    if (!is_sign(sign)) return false;
    ++at_;
    return true;
  }
  Token expect(std::string_view sign) {
    if (is_sign(sign)) return next();
    throw ExpressionError(
        fmt::format("expected '{}', found {}", sign,
                    peek().kind == Token::kEnd ? "the end" : fmt::format("'{}'", peek().text)),
        peek().place);
  }
  [[noreturn]] static void fault(fmt::format_string<const std::string_view&> sentence,
                                 const Token& token) {
    throw ExpressionError(fmt::format(sentence, token.text), token.place);
  }
  /// The text from `first` to the last token that was read.
  Place since(size_t first) const { return {first, tokens_[at_ - 1].place.last}; }

  void statement() {
    const bool is_declaration =
        peek().kind == Token::kName &&
        (peek().text == "auto" || peek().text == "const" || peek().text == "Tensor");
    while (peek().kind == Token::kName &&
           (peek().text == "auto" || peek().text == "const" || peek().text == "Tensor"))
      ++at_;
    const bool is_assignment = peek().kind == Token::kName && is_sign("=", 1);
    if (is_declaration && !is_assignment)
      throw ExpressionError("expected a name and '=' after auto", peek().place);
    std::string name;
    if (is_assignment) {
      name = std::string(next().text);
      ++at_;
    }
    const Value value = expression();
    const auto* x = std::get_if<Tensor>(&value.data);
    if (x == nullptr)
      throw ExpressionError("a statement must give a tensor, this is " + value.kind(), value.place);
    if (is_assignment) assign(name, *x);
    outcome_.result = *x;
  }

  void assign(const std::string& name, const Tensor& x) {
    for (auto& [known, tensor] : outcome_.names) {
      if (known != name) continue;
      tensor = x;
      return;
    }
    outcome_.names.emplace_back(name, x);
  }

  Value expression() {
    if (++depth_ > kDeepest) throw ExpressionError("the brackets are too deep", peek().place);
    Value left = product();
    while (is_sign("+") || is_sign("-")) {
      const Token sign = next();
      left = operation(sign, std::move(left), product());
    }
    --depth_;
    return left;
  }

  Value product() {
    Value left = factor();
    while (is_sign("*") || is_sign("/")) {
      const Token sign = next();
      left = operation(sign, std::move(left), factor());
    }
    return left;
  }

  Value factor() {
    if (!is_sign("-")) return postfix();
    const Token sign = next();
    if (++depth_ > kDeepest) throw ExpressionError("there are too many signs", sign.place);
    Value value = factor();
    --depth_;
    const Place place{sign.place.first, value.place.last};
    if (auto* number = std::get_if<Number>(&value.data)) {
      number->value = -number->value;
      value.place = place;
      return value;
    }
    Arguments arguments("neg", place, options_.dtype);
    arguments.add(std::move(value));
    return call("neg", arguments);
  }

  /// A name or a number, followed by calls of methods and indices.
  Value postfix() {
    const size_t first = peek().place.first;
    Value value = primary();
    while (is_sign(".") || is_sign("[")) {
      if (accept("[")) {
        const Value index = expression();
        expect("]");
        Arguments arguments("select", since(first), options_.dtype);
        arguments.add(std::move(value));
        arguments.add({Number{0, true}, index.place});
        arguments.add(index);
        value = call("select", arguments);
        continue;
      }
      ++at_;
      if (peek().kind != Token::kName)
        throw ExpressionError("expected the name of a method after '.'", peek().place);
      const Token name = next();
      value = call_of(name, first, &value);
    }
    return value;
  }

  Value primary() {
    const Token token = next();
    if (token.kind == Token::kNumber) return number(token);
    if (token.kind == Token::kName && is_sign("("))
      return call_of(token, token.place.first, nullptr);
    if (token.kind == Token::kName) return named(token);
    if (token.kind == Token::kSign && token.text == "(") {
      Value value = expression();
      expect(")");
      value.place = since(token.place.first);
      return value;
    }
    if (token.kind == Token::kSign && token.text == "{") return list(token);
    if (token.kind == Token::kEnd) throw ExpressionError("the text ends too early", token.place);
    fault("expected a tensor or a number, found '{}'", token);
  }

  static Value number(const Token& token) {
    std::string digits(token.text);
    const bool is_integer = digits.find_first_of(".eEfF") == std::string::npos;
    if (digits.back() == 'f' || digits.back() == 'F') digits.pop_back();
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    const bool is_read = end == digits.c_str() + digits.size();
    if (!is_read || !std::isfinite(value) || (is_integer && value > 1e15))
      fault("'{}' is not a number that fits", token);
    return {Number{value, is_integer}, token.place};
  }

  Value named(const Token& token) const {
    if (token.text == "true" || token.text == "false") return {token.text == "true", token.place};
    std::string known;
    for (const auto& [name, x] : outcome_.names) {
      if (name == token.text) return {x, token.place};
      known += (known.empty() ? "" : ", ") + name;
    }
    throw ExpressionError(fmt::format("there is no tensor '{}'; known are {}", token.text, known),
                          token.place);
  }

  Value list(const Token& brace) {
    std::vector<Value> values;
    while (!is_sign("}")) {
      values.push_back(expression());
      if (!accept(",")) break;
    }
    expect("}");
    return {std::move(values), since(brace.place.first)};
  }

  /// name(...), or receiver.name(...) if there is a receiver.
  Value call_of(const Token& name, size_t first, Value* receiver) {
    Arguments arguments(std::string(name.text), {}, options_.dtype);
    if (receiver != nullptr) {
      if (!std::holds_alternative<Tensor>(receiver->data))
        throw ExpressionError(
            fmt::format("{} is a method of a tensor, this is {}", name.text, receiver->kind()),
            receiver->place);
      arguments.add(std::move(*receiver));
    }
    expect("(");
    while (!is_sign(")")) {
      arguments.add(expression());
      if (!accept(",")) break;
    }
    expect(")");
    if (find_call(name.text) == nullptr) unknown_call(name);
    // A fault of a method is shown at its name and arguments, not at the whole chain.
    const size_t start = receiver == nullptr ? first : name.place.first;
    return call(name.text, arguments.at(since(start)), since(first));
  }

  [[noreturn]] static void unknown_call(const Token& name) {
    const std::string_view similar = similar_call(name.text);
    throw ExpressionError(
        similar.empty()
            ? fmt::format("this page does not know '{}'", name.text)
            : fmt::format("this page does not know '{}'; did you mean {}?", name.text, similar),
        name.place);
  }

  Value operation(const Token& sign, Value left, Value right) {
    const Place place{left.place.first, right.place.last};
    const auto* a = std::get_if<Number>(&left.data);
    const auto* b = std::get_if<Number>(&right.data);
    if (a != nullptr && b != nullptr) return {arithmetic(sign, *a, *b), place};
    for (const Value* side : {&left, &right}) {
      const bool fits =
          std::holds_alternative<Tensor>(side->data) || std::holds_alternative<Number>(side->data);
      if (!fits)
        throw ExpressionError(
            fmt::format("'{}' needs tensors or numbers, not {}", sign.text, side->kind()),
            side->place);
    }
    const std::string_view op = sign.text == "+"   ? "add"
                                : sign.text == "-" ? "sub"
                                : sign.text == "*" ? "mul"
                                                   : "div";
    Arguments arguments(std::string(op), place, options_.dtype);
    arguments.add(std::move(left));
    arguments.add(std::move(right));
    return call(op, arguments);
  }

  static Number arithmetic(const Token& sign, const Number& a, const Number& b) {
    const bool is_integer = a.is_integer && b.is_integer;
    if (sign.text == "+") return {a.value + b.value, is_integer};
    if (sign.text == "-") return {a.value - b.value, is_integer};
    if (sign.text == "*") return {a.value * b.value, is_integer};
    if (b.value == 0) throw ExpressionError("a number is divided by zero", sign.place);
    const double quotient = a.value / b.value;
    return {is_integer ? std::trunc(quotient) : quotient, is_integer};
  }

  Value call(std::string_view op, const Arguments& arguments) {
    return call(op, arguments, arguments.place());
  }
  Value call(std::string_view op, const Arguments& arguments, Place place) {
    if (++steps_ > options_.most_steps)
      throw ExpressionError(fmt::format("this page follows at most {} calls", options_.most_steps),
                            arguments.place());
    const Call& known = *find_call(op);
    const int64_t most = options_.most_elements;
    const Tensor result = run_call(known, arguments, most);
    observer_({.place = place,
               .op = std::string(op),
               .inputs = arguments.all_tensors(),
               .result = result,
               .again = [&known, arguments, most](const std::vector<Tensor>& tensors) {
                 return run_call(known, arguments.with(tensors), most);
               }});
    return {result, place};
  }

  std::vector<Token> tokens_;
  const StepObserver& observer_;
  const ExpressionOptions& options_;
  Outcome& outcome_;
  size_t at_ = 0;
  size_t steps_ = 0;
  int depth_ = 0;
};

}  // namespace

Outcome run_expression(const std::string& text,
                       const std::vector<std::pair<std::string, Tensor>>& given,
                       const StepObserver& observer, const ExpressionOptions& options) {
  Outcome outcome;
  outcome.names = given;
  try {
    if (text.size() > options.longest_text)
      throw ExpressionError(fmt::format("the text has {} bytes, this page reads {}", text.size(),
                                        options.longest_text),
                            {options.longest_text, text.size()});
    Interpreter(text, observer, options, outcome).run();
  } catch (const ExpressionError& error) {
    outcome.fault = error;
  }
  return outcome;
}

std::string place_in_words(const std::string& text, size_t byte) {
  const std::string_view before = std::string_view(text).substr(0, byte);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  const std::string_view line = before.substr(line_start);
  const auto column = 1 + std::count_if(line.begin(), line.end(), starts_character);
  if (text.find('\n') == std::string::npos) return fmt::format("column {}", column);
  return fmt::format("line {}, column {}", 1 + std::count(before.begin(), before.end(), '\n'),
                     column);
}

}  // namespace gradus::page
