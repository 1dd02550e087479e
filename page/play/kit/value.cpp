#include "page/play/kit/value.h"

namespace gradus::page {
namespace {

void collect(const Value& value, std::vector<Tensor>& tensors) {
  if (const auto* x = std::get_if<Tensor>(&value.data)) tensors.push_back(*x);
  if (const auto* list = std::get_if<std::vector<Value>>(&value.data))
    for (const Value& each : *list)
      collect(each, tensors);
}

void replace(Value& value, const std::vector<Tensor>& tensors, size_t& next) {
  if (auto* x = std::get_if<Tensor>(&value.data)) *x = tensors.at(next++);
  if (auto* list = std::get_if<std::vector<Value>>(&value.data))
    for (Value& each : *list)
      replace(each, tensors, next);
}

}  // namespace

std::string Value::kind() const {
  if (std::holds_alternative<Tensor>(data)) return "a tensor";
  if (std::holds_alternative<bool>(data)) return "true or false";
  if (std::holds_alternative<std::vector<Value>>(data)) return "a list";
  return std::get<Number>(data).is_integer ? "an integer" : "a fractional number";
}

void Arguments::wrong_kind(size_t i, const char* expected) const {
  const Value& value = values_.at(i);
  throw ExpressionError(fmt::format("{}: here {} is expected, not {}", op_, expected, value.kind()),
                        value.place);
}

bool Arguments::is_tensor(size_t i) const {
  return i < values_.size() && std::holds_alternative<Tensor>(values_[i].data);
}

const Tensor& Arguments::tensor(size_t i) const {
  if (!is_tensor(i)) wrong_kind(i, "a tensor");
  return std::get<Tensor>(values_[i].data);
}

int64_t Arguments::integer(size_t i) const {
  const auto* number = std::get_if<Number>(&values_.at(i).data);
  if (number == nullptr || !number->is_integer) wrong_kind(i, "an integer");
  return static_cast<int64_t>(number->value);
}

int64_t Arguments::integer(size_t i, int64_t if_missing) const {
  return i < values_.size() ? integer(i) : if_missing;
}

bool Arguments::boolean(size_t i, bool if_missing) const {
  if (i >= values_.size()) return if_missing;
  const bool* value = std::get_if<bool>(&values_[i].data);
  if (value == nullptr) wrong_kind(i, "true or false");
  return *value;
}

Scalar Arguments::scalar(size_t i) const {
  const auto* number = std::get_if<Number>(&values_.at(i).data);
  if (number == nullptr) wrong_kind(i, "a number");
  if (number->is_integer) return static_cast<int64_t>(number->value);
  return number->value;
}

Shape Arguments::shape(size_t i) const {
  const auto* list = std::get_if<std::vector<Value>>(&values_.at(i).data);
  if (list == nullptr) {
    if (!std::holds_alternative<Number>(values_[i].data)) wrong_kind(i, "a list such as {2, 6}");
    return integer(i);
  }
  std::vector<int64_t> sizes;
  for (const Value& each : *list) {
    const auto* number = std::get_if<Number>(&each.data);
    if (number == nullptr || !number->is_integer)
      throw ExpressionError(
          fmt::format("{}: here an integer is expected, not {}", op_, each.kind()), each.place);
    sizes.push_back(static_cast<int64_t>(number->value));
  }
  return sizes;
}

std::vector<Tensor> Arguments::tensors(size_t i) const {
  const auto* list = std::get_if<std::vector<Value>>(&values_.at(i).data);
  if (list == nullptr) wrong_kind(i, "a list of tensors such as {x, y}");
  std::vector<Tensor> result;
  for (const Value& each : *list) {
    const auto* x = std::get_if<Tensor>(&each.data);
    if (x == nullptr)
      throw ExpressionError(fmt::format("{}: here a tensor is expected, not {}", op_, each.kind()),
                            each.place);
    result.push_back(*x);
  }
  return result;
}

std::vector<Tensor> Arguments::all_tensors() const {
  std::vector<Tensor> result;
  for (const Value& value : values_)
    collect(value, result);
  return result;
}

Arguments Arguments::at(Place place) const {
  Arguments result = *this;
  result.place_ = place;
  return result;
}

Arguments Arguments::with(const std::vector<Tensor>& tensors) const {
  Arguments result = *this;
  size_t next = 0;
  for (Value& value : result.values_)
    replace(value, tensors, next);
  return result;
}

}  // namespace gradus::page
