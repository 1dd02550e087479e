// Makes a program with a finding as short as possible.
#pragma once
#include <functional>

#include "tests/fuzz/program.h"

namespace gradus::fuzz {

/// A shorter program for which `is_finding` still holds.
Program shrink(Program program, const std::function<bool(const Program&)>& is_finding);

}  // namespace gradus::fuzz
