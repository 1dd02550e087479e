// The loop that trains every model.
#include "exercises/exercise.h"
#include "nn/optim.h"

namespace mine {

using Model = std::function<Tensor(const Tensor&)>;

/// B examples: inputs and what the model should answer.
struct Batch {
  Tensor x;  // (B, in)
  Tensor y;  // (B, out)
};

/// One step for each batch, in their order. Returns the loss of each step, computed before the
/// step changed the parameters: the mean of (model(x) - y)^2 over all B * out numbers.
std::vector<double> train(const Model& model, optim::SGD& optimizer,
                          const std::vector<Batch>& batches);

/// The mean of (model(x) - y)^2 over all numbers of all batches, whose sizes may differ. Records
/// nothing, and changes neither the parameters nor their gradients.
double evaluate(const Model& model, const std::vector<Batch>& batches);

}  // namespace mine
