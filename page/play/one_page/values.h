// The tensors that lesson 10 computes, with the lines of its source that compute them.
#pragma once
#include <string_view>

#include "page/play/one_page/lesson_run.h"

namespace gradus::page::one_page {

/// A tensor of a forward pass.
struct Value {
  std::string name;        // as in the program: "heads(wq)"
  std::vector<int> lines;  // where it is computed, and where it is the result of a call
  Words axes;              // the meaning of each dimension: "letter", "channel", "head", ...
  Tensor tensor;
};

/// The values of a snapshot, in the order of the computation, after them the model's parameters.
/// `source` is the text of lessons/10_gpt_on_one_page.cpp. Throws if the ops of the snapshot or the
/// lines of the source are not those that this file knows.
std::vector<Value> values_of(const Snapshot& snapshot, std::string_view source);

/// softmax(q k^T / sqrt(D)) of the four heads, (H, T, T). Its product with v is compared with what
/// the attention op computed.
Tensor attention_weights(const std::vector<Value>& values);

/// The value with this name. Throws if there is none.
const Tensor& value_named(const std::vector<Value>& values, std::string_view name);

}  // namespace gradus::page::one_page
