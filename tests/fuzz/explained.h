// The differences between Gradus and PyTorch that are known and wanted.
#pragma once
#include "tests/fuzz/compare.h"

namespace gradus::fuzz {

/// Why the shortest program with this difference is no finding; empty if it is one.
std::string explanation(const Program& shortest, const Verdict& verdict);

}  // namespace gradus::fuzz
