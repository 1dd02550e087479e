// Wrong rules: the graph of a forward pass is changed so that backward computes a wrong gradient,
// and the library's checks are asked for the fault.
#pragma once
#include <string>
#include <vector>

#include "page/play/backward/subject.h"

namespace gradus::page {

enum class Mistake {
  kFactor2,     // dx is twice as large
  kSign,        // dx has the wrong sign
  kPassedOn,    // dx = dy: the derivative of the op is forgotten
  kTransposed,  // the last two dimensions of dx are exchanged
  kNoSum,       // of a broadcast input: only the first entry of dy instead of the sum
};
const std::vector<Mistake>& mistakes();
/// "factor2", ...
std::string name_of(Mistake mistake);
/// Which one has this name; throws Error if none has.
Mistake mistake_named(const std::string& name);
/// "twice as large", ...
std::string in_words(Mistake mistake);

/// The nodes from which y was computed, in the order of their creation.
std::vector<Node*> nodes_of(const Tensor& y);

/// Whether the mistake changes the gradient that node gives to its input.
bool is_possible(Mistake mistake, const Node& node, size_t input);

/// The rule of an input of a node, made wrong. `node` counts in the order of nodes_of().
struct Sabotage {
  size_t node = 0;
  size_t input = 0;
  Mistake mistake = Mistake::kFactor2;
};
/// "3.0.factor2"
std::string key_of(const Sabotage& sabotage);
Sabotage sabotage_of_key(const std::string& key);

/// Replaces the rule in the graph of y. Throws Error if the graph has no such node, or the mistake
/// would change nothing.
void apply(const Sabotage& sabotage, const Tensor& y);

/// What a check of the library says; empty if it finds nothing.
struct Verdict {
  std::string name;  // of the leaf or of the input
  bool ok = true;
  std::string message;
};
struct Verdicts {
  std::string gradcheck;             // gradcheck of the subject
  std::vector<Verdict> leaves;       // the diagnosis of each leaf
  std::string op = {};               // the call that was checked alone, if there is one
  std::vector<Verdict> inputs = {};  // the diagnosis of its inputs
};

/// Runs gradcheck on the subject with the sabotage, or without one if it is empty.
Verdicts check_with(const Subject& subject, const std::optional<Sabotage>& sabotage);

}  // namespace gradus::page
