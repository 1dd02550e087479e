#include "autograd/function.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>

#include "autograd/in_place.h"
#include "autograd/ops.h"

namespace gradus::autograd {
namespace {

bool contains(const tensor_list& list, const Tensor& x) {
  return std::any_of(list.begin(), list.end(), [&](const Tensor& y) { return y.is_same(x); });
}

}  // namespace

tensor_list AutogradContext::get_saved_variables() const {
  tensor_list tensors = to_save_;
  for (size_t i = 0; i < saved_.size(); ++i)
    tensors.push_back(saved_by_[i] ? saved_by_[i]->output() : saved_[i]());
  return tensors;
}

/// Calls the function's backward with dy, the gradients of the outputs.
tensor_list AutogradContext::run(tensor_list (*backward)(AutogradContext*, tensor_list),
                                 tensor_list dy, const std::vector<bool>& needed) {
  struct Restore {
    Running previous;
    ~Restore() { running_ = previous; }
  };
  const Restore restore{std::exchange(running_, {this, &needed})};
  for (size_t i = 0; i < dy.size(); ++i)
    if (materialize_grads_ && !dy[i].defined()) dy[i] = zeros(outputs_[i].sizes, outputs_[i].dtype);
  return backward(this, std::move(dy));
}

tensor_list FunctionBackward::operator()(const tensor_list& dy,
                                         const std::vector<bool>& needed) const {
  tensor_list dx = context->run(function, dy, needed);
  check(dx.size() == is_tensor.size(),
        "{}: backward returned {} gradients, forward takes {} arguments", name, dx.size(),
        is_tensor.size());
  for (size_t i = 0; i < dx.size(); ++i)
    check(is_tensor[i] || !dx[i].defined(),
          "{}: backward returned a gradient for argument {}, which is no tensor; return Tensor()",
          name, i);
  return dx;
}

FunctionCall::FunctionCall(const std::string& name, FunctionArguments arguments, Backward backward)
    : name_(name),
      arguments_(std::move(arguments)),
      backward_(backward),
      context_(std::make_shared<AutogradContext>()) {
  for (const Tensor& x : arguments_.tensors)
    context_->needs_grad_.push_back(needs_grad(x));
}

void FunctionCall::check_outputs(const tensor_list& ys) const {
  for (size_t i = 0; i < ys.size(); ++i)
    check(ys[i].defined(), "{}: forward returned an undefined tensor{}", name_,
          ys.size() == 1 ? "" : fmt::format(" as output {}", i));
}

/// Checks the inputs that forward has changed in place.
void FunctionCall::check_dirty(const tensor_list& ys) const {
  for (const Tensor& x : context_->dirty_) {
    check(x.defined() && contains(arguments_.tensors, x),
          "{}: mark_dirty was given a tensor that is no input of forward", name_);
    check(contains(ys, x),
          "{}: an input of shape {} is marked as dirty, but forward does not return it", name_,
          x.sizes());
    check(!contains(context_->non_differentiable_, x),
          "{}: an input of shape {} is marked as dirty and as non-differentiable", name_,
          x.sizes());
    ++x.impl().storage->version;
    const auto& needed = context_->needs_grad_;
    in_place::recorded_write(name_.c_str(), x,
                             std::find(needed.begin(), needed.end(), true) != needed.end());
  }
}

/// The tensor that gets the node of the output y: a new one if y has a history already.
Tensor FunctionCall::result_of(const Tensor& y) const {
  const bool is_dirty = contains(context_->dirty_, y);
  if (!is_dirty && !y.node() && !contains(arguments_.tensors, y)) return y;
  if (is_dirty || !has_gradient(y)) return y.detach();
  // Unlike a detached tensor, a view cannot be changed in place while recording, which would change
  // y and not its history.
  return y.as_view(y.sizes(), y.strides(), y.storage_offset());
}

bool FunctionCall::has_gradient(const Tensor& y) const {
  return y.is_floating_point() && !contains(context_->non_differentiable_, y);
}

Tensor FunctionCall::record(const Tensor& y) { return record(tensor_list{y}).front(); }

tensor_list FunctionCall::record(const tensor_list& ys) {
  check_outputs(ys);
  check_dirty(ys);
  tensor_list results;
  std::vector<bool> have_gradients;
  for (const Tensor& y : ys) {
    results.push_back(result_of(y));
    have_gradients.push_back(has_gradient(y));
    context_->outputs_.push_back({y.sizes(), y.dtype()});
  }
  attach(results, have_gradients);
  for (size_t i = 0; i < ys.size(); ++i) {
    if (!contains(context_->dirty_, ys[i])) continue;
    if (results[i].node()) in_place::take_node(ys[i], results[i]);
    results[i] = ys[i];
  }
  save(results);
  return results;
}

/// Records the results. One result has one node, and several have a node each (Outputs in node.h).
void FunctionCall::attach(const tensor_list& results, const std::vector<bool>& have_gradients) {
  const OpName name = OpName::of_static(name_);
  FunctionBackward backward{
      .name = name_, .is_tensor = arguments_.is_tensor, .function = backward_, .context = context_};
  if (results.size() != 1)
    return record_outputs(name, results, have_gradients, arguments_.tensors, std::move(backward));
  if (!have_gradients[0]) return;
  gradus::record(
      name, results[0], arguments_.tensors,
      [backward = std::move(backward)](const Tensor& dy, const std::vector<bool>& needed) {
        return backward({dy}, needed);
      });
}

/// Saves what forward gave to save_for_backward. An output is kept by its node and not by the
/// context: the node owns the context, so the output would own itself.
void FunctionCall::save(const tensor_list& results) {
  AutogradContext& context = *context_;
  for (const Tensor& x : context.to_save_) {
    const bool is_output = x.defined() && x.node() && contains(results, x);
    Node* const node = is_output ? x.node().get() : nullptr;
    context.saved_by_.push_back(node);
    context.saved_.push_back(saved(is_output ? Tensor() : x));
    if (is_output) node->saved_output = saved(x.detach());
  }
  context.to_save_.clear();
  context.dirty_.clear();
  context.non_differentiable_.clear();
}

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  const std::string full = status == 0 ? demangled.get() : type.name();
  // The last name, with its template arguments, which may have namespaces: A::Scaled<B::C>.
  size_t end = full.size();
  int depth = 0;
  do {
    --end;
    if (full[end] == '>') ++depth;
    if (full[end] == '<') --depth;
  } while (depth > 0 && end > 0);
  const size_t colons = full.rfind("::", end);
  return colons == std::string::npos ? full : full.substr(colons + 2);
}

}  // namespace gradus::autograd
