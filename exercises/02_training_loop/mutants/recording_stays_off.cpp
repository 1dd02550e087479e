// caught by invariants.evaluate_changes_nothing_and_records_nothing
#include "exercises/02_training_loop/training_loop.h"

namespace mine {

std::vector<double> train(const Model& model, optim::SGD& optimizer,
                          const std::vector<Batch>& batches) {
  set_grad_enabled(true);
  std::vector<double> losses;
  for (const Batch& batch : batches) {
    optimizer.zero_grad();
    const Tensor error = model(batch.x) - batch.y;  // (B, out)
    const Tensor loss = (error * error).mean();     // ()
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<double>());
  }
  return losses;
}

double evaluate(const Model& model, const std::vector<Batch>& batches) {
  set_grad_enabled(false);
  double sum = 0;
  double count = 0;
  for (const Batch& batch : batches) {
    const Tensor error = model(batch.x) - batch.y;  // (B, out)
    sum += (error * error).sum().item<double>();
    count += static_cast<double>(error.numel());
  }
  return sum / count;
}

}  // namespace mine
