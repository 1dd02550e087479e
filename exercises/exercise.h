// The include for answers: tensors, ops, user-defined ops, layers, and todo(). It is compiled once,
// so a file that includes it compiles fast. Other headers of the library are compiled again on
// every save.
#pragma once
#include <numbers>

#include "autograd/function.h"
#include "nn/linear.h"

namespace gradus {

/// Marks a place where something must still be written. The grader then says "to do" instead of
/// "wrong".
[[noreturn]] void todo(const std::string& what);

}  // namespace gradus

/// Your answers are in this namespace: mine::softmax is yours, gradus::softmax is the library's.
namespace mine {
using namespace gradus;
}
