// A table of the layers of a model, as the package torchinfo prints for PyTorch.
#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// What summary(model, x) returns; std::cout << it prints the table.
struct ModelSummary {
  struct Row {
    int64_t depth;                      // 0: the model
    std::string name;                   // the last part of its name in named_modules
    std::string type;                   // the name of its class
    std::optional<Shape> output_shape;  // none if it was not called, or gave no tensor
    int64_t num_params;                 // of its own; in the deepest rows also of modules below it
  };
  std::vector<Row> rows;
  int64_t total_params = 0;      // a shared parameter counts once
  int64_t trainable_params = 0;  // those that need gradients
};
/// The table.
std::string to_string(const ModelSummary& summary);
std::ostream& operator<<(std::ostream& out, const ModelSummary& summary);

/// For summary: `run` calls the model and returns the shape of its result.
ModelSummary summarize(const Module& model, const char* signature, int64_t depth,
                       const std::function<std::optional<Shape>()>& run);

/// Calls the model with x, in evaluation mode and without gradients, and lists its layers down to
/// `depth` with the shapes of their results and the numbers of their parameters. The model is left
/// as it was.
template <std::derived_from<Module> M>
ModelSummary summary(const M& model, const Tensor& x, int64_t depth = 3) {
  return summarize(model, class_signature<M>(), depth, [&]() -> std::optional<Shape> {
    const auto shape = [](auto y) -> std::optional<Shape> {
      const Tensor* const tensor = first_tensor(y);
      if (!tensor || !tensor->defined()) return std::nullopt;
      return tensor->sizes();
    };
    if constexpr (requires { model(x); }) {
      return shape(model(x));
    } else {
      return shape(model.forward(x));
    }
  });
}
/// The same with an input of zeros: summary(model, {1, 28, 28}), summary(gpt, {1, 16}, kInt64).
template <std::derived_from<Module> M>
ModelSummary summary(const M& model, const Shape& input_size, DType dtype = get_default_dtype(),
                     int64_t depth = 3) {
  return summary(model, zeros(input_size, dtype), depth);
}

}  // namespace gradus::nn

template <>
struct fmt::formatter<gradus::nn::ModelSummary> : gradus::ToStringFormatter {};
