#include "tests/fuzz/shrink.h"

#include <algorithm>
#include <set>

#include "tests/fuzz/interpreter.h"

namespace gradus::fuzz {
namespace {

class Shrinker {
 public:
  using Condition = std::function<bool(const Program&)>;
  Shrinker(Program program, const Condition& is_finding)
      : program_(std::move(program)), is_finding_(is_finding) {}

  Program shrink() {
    while (try_options() || try_calls()) {
    }
    return program_;
  }

 private:
  bool accept(const Program& candidate) {
    if (!is_finding_(candidate)) return false;
    program_ = candidate;
    return true;
  }

  bool try_options() {
    Program candidate = program_;
    candidate.second = false;
    if (program_.second && accept(candidate)) return true;
    for (size_t k = 0; k < program_.calls.size(); ++k) {
      candidate = program_;
      Call& call = candidate.calls[k];
      if (!is_leaf(call)) continue;
      if (call.options.flag("grad")) {
        call.options.set("grad", {0});
        if (accept(candidate)) return true;
      }
    }
    return false;
  }

  bool try_calls() {
    const Outcome outcome = run(program_, {});
    for (size_t k = program_.calls.size(); k-- > 0;)
      if (try_without(k) || try_argument(k, outcome) || try_leaf(k, outcome)) return true;
    return false;
  }

  /// Removes a call and all that depend on it.
  bool try_without(size_t k) {
    Program candidate = program_;
    candidate.calls.clear();
    std::set<int> gone;
    for (size_t i = 0; i < program_.calls.size(); ++i) {
      const Call& call = program_.calls[i];
      const bool depends = std::any_of(call.arguments.begin(), call.arguments.end(),
                                       [&](int v) { return gone.count(v) > 0; });
      if (i == k || depends)
        gone.insert(call.results.begin(), call.results.end());
      else
        candidate.calls.push_back(call);
    }
    return accept(candidate);
  }

  /// Replaces the result of a call by an argument with the same shape.
  bool try_argument(size_t k, const Outcome& outcome) {
    const Call& call = program_.calls[k];
    if (call.results.size() != 1) return false;
    const Result* result = find(outcome, call.results[0]);
    for (const int argument : call.arguments) {
      const Result* other = find(outcome, argument);
      if (!result || !other || result->dtype != other->dtype || !(result->sizes == other->sizes))
        continue;
      Program candidate = program_;
      candidate.calls.erase(candidate.calls.begin() + static_cast<std::ptrdiff_t>(k));
      for (Call& user : candidate.calls)
        std::replace(user.arguments.begin(), user.arguments.end(), call.results[0], argument);
      if (accept(candidate)) return true;
    }
    return false;
  }

  /// Replaces the results of a call by leaves.
  bool try_leaf(size_t k, const Outcome& outcome) {
    const Call& call = program_.calls[k];
    if (is_leaf(call) || call.results.size() != 1) return false;
    const Result* result = find(outcome, call.results[0]);
    if (!result) return false;
    const char* kind = result->dtype == kBool    ? "mask"
                       : result->dtype == kInt64 ? "integers"
                                                 : "uniform";
    Options options = {{"seed", {static_cast<double>(k + 1)}}, {"sizes", to_list(result->sizes)}};
    if (is_floating_point(result->dtype)) options.set("grad", {1});
    Program candidate = program_;
    candidate.calls[k] = {call.results, kind, {}, options};
    return accept(candidate);
  }

  static const Result* find(const Outcome& outcome, int variable) {
    const std::string name = "v" + std::to_string(variable);
    for (const Result& result : outcome.results)
      if (result.name == name) return &result;
    return nullptr;
  }

  Program program_;
  const Condition& is_finding_;
};

}  // namespace

Program shrink(Program program, const std::function<bool(const Program&)>& is_finding) {
  return Shrinker(std::move(program), is_finding).shrink();
}

}  // namespace gradus::fuzz
