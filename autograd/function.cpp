#include "autograd/function.h"

#include <cxxabi.h>

namespace gradus::autograd {

tensor_list AutogradContext::get_saved_variables() const {
  tensor_list all = given_;
  for (size_t i = 0; i < saved_.size(); ++i) {
    all.push_back(saved_[i]());
    if (!is_output_[i] || !node_ || !is_grad_enabled()) continue;
    all.back() = all.back().detach();
    set_node(all.back(), Ref<Node>(node_));
  }
  return all;
}

/// The output is kept without its node, which owns this context.
void AutogradContext::finish(const Tensor& y) {
  for (const Tensor& x : given_) {
    const bool is_output = x.defined() && x.is_same(y);
    is_output_.push_back(is_output);
    saved_.push_back(saved(is_output ? x.detach() : x));
  }
  given_.clear();
}

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    std::free);
  const std::string full = status == 0 ? text.get() : type.name();
  const size_t colon = full.rfind("::");
  return colon == std::string::npos ? full : full.substr(colon + 2);
}

}  // namespace gradus::autograd
