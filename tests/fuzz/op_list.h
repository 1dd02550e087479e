// The ops of random programs. Each has a row: how a program may call it, and the call itself. The
// script programs_torch.py has the same list for PyTorch.
#pragma once
#include <functional>

#include "tests/fuzz/chooser.h"
#include "tests/fuzz/program.h"

namespace gradus::fuzz {

/// What an op does to numbers, which decides how exactly its results must agree.
enum class Effect {
  moves,    // views, copies, chooses or compares elements, or computes integers
  rounds,   // computes floating-point numbers
  in_place  // changes its first argument and has no result
};

using RunOp = std::function<Tensors(const Tensors& x, const Options& o)>;

/// An option that is a dimension.
inline Options with_dim(int64_t dim) { return {{"dim", {static_cast<double>(dim)}}}; }

struct Op {
  std::string name;
  Effect effect;
  std::function<void(Chooser& choose)> propose;  // adds a call, and perhaps leaves, or rejects
  RunOp run;
};

/// All ops by name.
const std::map<std::string, Op>& op_list();
const Op& op_of(const Call& call);
/// From now on the op of this name calls `run`.
void replace_op(const std::string& name, const RunOp& run);

// The rows, by topic.
std::vector<Op> elementwise_ops();
std::vector<Op> choosing_ops();
std::vector<Op> view_ops();
std::vector<Op> rearranging_ops();
std::vector<Op> product_ops();
std::vector<Op> reduction_ops();
std::vector<Op> neural_ops();
std::vector<Op> in_place_ops();
std::vector<Op> autograd_ops();

}  // namespace gradus::fuzz
