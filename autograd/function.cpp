#include "autograd/function.h"

#include <cxxabi.h>

namespace gradus::autograd {

tensor_list AutogradContext::get_saved_variables() const {
  tensor_list all = given_;
  for (size_t i = 0; i < saved_.size(); ++i)
    all.push_back(is_output_[i] ? node_->output() : saved_[i]());
  return all;
}

/// The output is kept by its node, which owns this context.
void AutogradContext::finish(const Tensor& y, Node* node) {
  node_ = node;
  for (const Tensor& x : given_) {
    is_output_.push_back(node && x.defined() && x.is_same(y));
    saved_.push_back(saved(is_output_.back() ? Tensor() : x));
    if (is_output_.back()) node->saved_output = saved(x.detach());
  }
  given_.clear();
}

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  const std::string full = status == 0 ? text.get() : type.name();
  const size_t colon = full.rfind("::");
  return colon == std::string::npos ? full : full.substr(colon + 2);
}

}  // namespace gradus::autograd
