// Faulty ops, with which random_programs tests itself: --plant NAME puts one into the list of ops.
#pragma once
#include <string>

namespace gradus::fuzz {

/// Replaces an op by a faulty one. Throws Error, with the names of all faults, if there is none of
/// this name.
void plant(const std::string& name);

}  // namespace gradus::fuzz
