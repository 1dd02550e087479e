#include "distributed/gradient_sum.h"

#include <bit>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "distributed/agree.h"

namespace gradus::distributed {

GradientSum::GradientSum(const std::vector<Tensor>& parameters, int64_t micro_batches,
                         int64_t bucket_bytes)
    : parameters_(parameters) {
  const int64_t processes = process_count();
  check(std::has_single_bit(static_cast<uint64_t>(processes)) && micro_batches >= 1 &&
            micro_batches % processes == 0,
        "{} processes cannot share {} micro-batches: the number of processes must be a power of "
        "two that divides that of the micro-batches",
        processes, micro_batches);
  begin_ = process_rank() * (micro_batches / processes);
  end_ = begin_ + micro_batches / processes;
  sums_after_.assign(static_cast<size_t>(end_ - begin_), 0);
  count_sums(begin_, end_);
  if (processes == 1) return;
  reducer_.emplace(parameters, bucket_bytes);
  for (size_t i = 0; i < parameters.size(); ++i) {
    hooks_.push_back(parameters[i].register_post_accumulate_grad_hook([this, i](const Tensor& p) {
      if (is_last_) on_gradient(i, p.grad());
    }));
  }
}

GradientSum::~GradientSum() {
  for (size_t i = 0; i < hooks_.size(); ++i)
    parameters_[i].remove_hook(hooks_[i]);
}

/// Counts each node of the tree over begin ... end - 1 at its last micro-batch.
void GradientSum::count_sums(int64_t begin, int64_t end) {
  if (end - begin == 1) return;
  const int64_t middle = begin + (end - begin + 1) / 2;
  count_sums(begin, middle);
  count_sums(middle, end);
  ++sums_after_[static_cast<size_t>(end - 1 - begin_)];
}

/// The gradient added to the last `count` sums on the stack. One that is missing counts as 0, as
/// between processes, unless all are missing.
Tensor GradientSum::summed(size_t parameter, Tensor gradient, int64_t count) const {
  for (auto left = stack_.rbegin(); count > 0; --count, ++left) {
    const Tensor& other = (*left)[parameter];
    if (!other.defined() && !gradient.defined()) continue;
    const Tensor sum = other.defined() ? other : zeros_like(gradient);
    gradient = sum.add_(gradient.defined() ? gradient : zeros_like(sum));
  }
  return gradient;
}

void GradientSum::put_on_stack(int64_t sums) {
  const NoGradGuard no_grad;
  std::vector<Tensor> gradients;
  for (size_t i = 0; i < parameters_.size(); ++i)
    gradients.push_back(summed(i, parameters_[i].grad(), sums));
  stack_.resize(stack_.size() - static_cast<size_t>(sums));
  stack_.push_back(std::move(gradients));
}

void GradientSum::on_gradient(size_t parameter, const Tensor& gradient) {
  const NoGradGuard no_grad;
  reducer_->add(parameter, summed(parameter, gradient, sums_after_.back()));
  is_sent_[parameter] = true;
}

/// What the hooks have not seen: a parameter may get no gradient in the last micro-batch.
std::vector<Tensor> GradientSum::sums_of_all_processes() {
  const NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor sum = is_sent_[i] ? Tensor() : summed(i, {}, sums_after_.back());
    if (sum.defined()) reducer_->add(i, sum);
  }
  return reducer_->finish();
}

void GradientSum::compute(const std::function<void(int64_t i)>& backward_of) {
  stack_.clear();
  is_sent_.assign(parameters_.size(), false);
  for (int64_t i = begin_; i < end_; ++i) {
    for (const Tensor& p : parameters_)
      if (p.grad().defined()) p.mutable_grad() = Tensor();
    is_last_ = i == end_ - 1;
    backward_of(i);
    if (!is_last_ || !reducer_) put_on_stack(sums_after_[static_cast<size_t>(i - begin_)]);
  }
  is_last_ = false;
  const std::vector<Tensor> sums = reducer_ ? sums_of_all_processes() : stack_.back();
  stack_.clear();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (sums[i].defined() || parameters_[i].grad().defined())
      parameters_[i].mutable_grad() = sums[i];
  }
}

}  // namespace gradus::distributed
