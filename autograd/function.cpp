#include "autograd/function.h"

#include <cxxabi.h>

#include <cstdlib>

namespace gradus::autograd {

tensor_list AutogradContext::get_saved_variables() const {
  tensor_list tensors = to_save_;
  for (size_t i = 0; i < saved_.size(); ++i)
    tensors.push_back(is_output_[i] ? node_->output() : saved_[i]());
  return tensors;
}

/// Called after forward. y is forward's result, `node` the node of the output. The output is kept
/// by its node and not here: the node owns this context, so y would own itself.
void AutogradContext::save(const Tensor& y, Node* node) {
  node_ = node;
  for (const Tensor& x : to_save_) {
    const bool is_output = node && x.defined() && x.is_same(y);
    is_output_.push_back(is_output);
    saved_.push_back(saved(is_output ? Tensor() : x));
    if (is_output) node->saved_output = saved(x.detach());
  }
  to_save_.clear();
}

void check_gradients(const std::string& name, const tensor_list& dx,
                     const std::vector<bool>& is_tensor) {
  check(dx.size() == is_tensor.size(),
        "{}: backward returned {} gradients, forward takes {} arguments", name, dx.size(),
        is_tensor.size());
  for (size_t i = 0; i < dx.size(); ++i)
    check(is_tensor[i] || !dx[i].defined(),
          "{}: backward returned a gradient for argument {}, which is no tensor; return Tensor()",
          name, i);
}

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  const std::string full = status == 0 ? demangled.get() : type.name();
  const size_t colons = full.rfind("::");
  return colons == std::string::npos ? full : full.substr(colons + 2);
}

}  // namespace gradus::autograd
