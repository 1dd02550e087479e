// The values of the expressions that a reader types: numbers, tensors, and lists in braces.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "gradus.h"

namespace gradus::page {

/// A place in a text: the bytes first <= i < last.
struct Place {
  size_t first = 0;
  size_t last = 0;
};

/// A fault in a text that a reader typed: one sentence, and where it is.
class ExpressionError : public Error {
 public:
  ExpressionError(const std::string& sentence, Place where) : Error(sentence), place(where) {}
  Place place;
};

struct Number {
  double value = 0;
  bool is_integer = false;
};

/// A number, true or false, a tensor, or a list such as {2, 6}.
struct Value {
  std::variant<Number, bool, Tensor, std::vector<Value>> data;
  Place place = {};

  /// "a number", "a tensor", ...
  std::string kind() const;
};

/// The arguments of a call, for a method the tensor first. Each function returns argument i, and
/// throws an ExpressionError at its place if it is of another kind.
class Arguments {
 public:
  /// New tensors get the dtype.
  Arguments(std::string op, Place place, DType dtype)
      : op_(std::move(op)), place_(place), dtype_(dtype) {}
  void add(Value value) { values_.push_back(std::move(value)); }

  const std::string& op() const { return op_; }
  Place place() const { return place_; }
  DType dtype() const { return dtype_; }
  size_t size() const { return values_.size(); }
  const Value& operator[](size_t i) const { return values_.at(i); }
  bool is_tensor(size_t i) const;

  const Tensor& tensor(size_t i) const;
  int64_t integer(size_t i) const;
  int64_t integer(size_t i, int64_t if_missing) const;
  bool boolean(size_t i, bool if_missing) const;
  Scalar scalar(size_t i) const;
  /// A list of integers, or one integer.
  Shape shape(size_t i) const;
  std::vector<Tensor> tensors(size_t i) const;

  /// All tensors among the arguments, also those in lists.
  std::vector<Tensor> all_tensors() const;
  /// The same arguments, with another place for faults.
  Arguments at(Place place) const;
  /// The same arguments with other tensors, in the order of all_tensors().
  Arguments with(const std::vector<Tensor>& tensors) const;

 private:
  [[noreturn]] void wrong_kind(size_t i, const char* expected) const;

  std::string op_;
  Place place_;
  DType dtype_;
  std::vector<Value> values_;
};

}  // namespace gradus::page
