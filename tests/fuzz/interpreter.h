// Runs a program with Gradus.
#pragma once
#include "tests/fuzz/program.h"

namespace gradus::fuzz {

struct Settings {
  DType dtype = kFloat64;  // of the floating-point leaves
  bool recording = true;
  bool strided = false;       // leaves are not contiguous
  bool out_of_place = false;  // an op in place changes a copy, which replaces its first argument
  int threads = 1;
  double noise = 0;  // rounded results are multiplied by 1 + noise * (a number from -1 to 1)
  int64_t noise_seed = 0;
};

/// A tensor as plain numbers, to be compared.
struct Result {
  std::string name;  // "v3", "gradient of v0", "second derivative of v0"
  DType dtype = kFloat64;
  Shape sizes;
  std::vector<double> numbers;
};

struct Outcome {
  std::vector<Result> results;
  std::string error;         // the message of what was thrown, or empty
  bool shares = false;       // an op in place changed memory that two variables share
  bool in_backward = false;  // where it was thrown
};

/// Executes calls one by one.
class Interpreter {
 public:
  Interpreter(const Settings& settings, int variables)
      : settings_(settings), values_(static_cast<size_t>(variables)) {}
  void execute(const Call& call);
  Tensor& value(int variable) { return values_[static_cast<size_t>(variable)]; }
  bool shares() const { return shares_; }
  void resize(int variables) { values_.resize(static_cast<size_t>(variables)); }

 private:
  Tensor leaf(const Call& call) const;
  Tensor with_noise(const Tensor& x);
  void prepare_write(int variable);

  Settings settings_;
  Tensors values_;
  int64_t noises_ = 0;
  bool shares_ = false;
};

/// The final values of all variables and, when recording, the gradients of the leaves: of the sum
/// of all floating-point variables that no call uses, each times a fixed tensor.
Outcome run(const Program& program, const Settings& settings);

}  // namespace gradus::fuzz
