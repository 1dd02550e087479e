// A random program: a list of calls, in a small text form that the interpreter here and the one in
// programs_torch.py read. One line is one call:
//
//   v0 = uniform seed=17 grad=1 sizes=2,3    a leaf: its numbers follow from the seed
//   v1 v2 = max_dim v0 dim=-1 keepdim=0      results, op, arguments, options
//   add_ v1 v0 alpha=2                       an op in place has no result
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::fuzz {

using Tensors = std::vector<Tensor>;

/// The options of a call: a name and a list of numbers.
class Options {
 public:
  Options() = default;
  Options(std::initializer_list<std::pair<const std::string, std::vector<double>>> list)
      : lists_(list) {}

  bool has(const std::string& name) const { return lists_.count(name) > 0; }
  void set(const std::string& name, std::vector<double> list) { lists_[name] = std::move(list); }
  /// A single number; 0 if the option is missing.
  double number(const std::string& name) const;
  int64_t integer(const std::string& name) const { return static_cast<int64_t>(number(name)); }
  bool flag(const std::string& name) const { return number(name) != 0; }
  /// A list of integers; empty if the option is missing.
  Shape shape(const std::string& name) const;
  std::string to_text() const;

 private:
  std::map<std::string, std::vector<double>> lists_;
};

std::vector<double> to_list(const Shape& shape);

struct Call {
  std::vector<int> results = {};
  std::string op = {};
  std::vector<int> arguments = {};
  Options options = {};
};

struct Program {
  std::vector<Call> calls;
  int variables = 0;
  bool second = false;   // also second derivatives
  bool special = false;  // with infinities, NaN and huge numbers
};

/// The number k of a leaf's element i, from 0 to 10006; all leaves are computed from it.
constexpr int64_t kHashes = 10007;
constexpr int64_t hash(int64_t seed, int64_t i) {
  return (seed * 7919 + i * 104729 + i * i % kHashes * 31) % kHashes;
}

bool is_leaf(const Call& call);
std::string to_text(const Program& program);
/// Throws Error if the text is not a program.
Program parse(const std::string& text);

}  // namespace gradus::fuzz
