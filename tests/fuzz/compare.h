// Runs a program in several ways that must agree, and compares the results.
#pragma once
#include "tests/fuzz/torch_process.h"

namespace gradus::fuzz {

struct Verdict {
  enum Kind {
    same,
    differs,  // a finding
    refused   // an Error in backward: a tensor that it needs was changed in place
  };
  Kind kind = same;
  std::string variant;  // the two runs that differ: "float32 and float64"
  std::string message;  // the first difference, or the error
};

/// Compares recording with not recording, ops in place with the same on copies, contiguous with
/// strided leaves, float32 with float64, one thread with three, and Gradus with PyTorch, unless
/// `torch` is null.
Verdict check_program(const Program& program, TorchProcess* torch);

}  // namespace gradus::fuzz
